package selfpreserve

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// sickFor is a check that fails for so long.
func sickFor(d time.Duration) func(context.Context) error {
	begin := time.Now()
	return func(context.Context) error {
		if time.Since(begin) < d {
			return errors.New("SERVFAIL")
		}
		return nil
	}
}

// A plugin takes longer than a promise's lifetime to be ready, and a cache goes on for a
// while with the failures of that time.
func TestAfterASlowStartAServerWaitsForItsCanary(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSurveyor(t, nobody)
		s.conf.promise = 6 * time.Second
		s.checks.add("ready kubernetes", sickFor(10*time.Second))
		s.checks.add("canary a. A", sickFor(13*time.Second))
		begin := time.Now()
		s.run(s.surroundings)
		for !s.view.Load().State.InService() {
			time.Sleep(100 * time.Millisecond)
		}
		if took := time.Since(begin); took < 13*time.Second || took > 14*time.Second || readiness(s.view.Load()) != "OK" {
			t.Errorf("/ready is 200 %s after %s", readiness(s.view.Load()), took)
		}
	})
}

func TestAServerThatIsSickFromTheStartSaysThatItComesIntoService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := logged(t, func() { startFleet(&fleet{t: t, sick: "SERVFAIL"}, 1, near(1)) })
		if want := "[WARNING] In service, as id-000, though it has not been fit: canary test. A: SERVFAIL, has 0 of 1 promises"; !strings.Contains(strings.Join(got, "\n"), want) {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

func TestWhoIsForcedOutByItsOwnPromiseSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 2, near(1))
		promiseTo(t, f.nodes[1].node, "zz")
		got := logged(t, func() { <-f.terminate(f.nodes[1]) })
		if want := "[ERROR] Leaves service by force after max_hold of 20s: it has itself promised to stay, to 1 (1 of 1 known answer)"; got[len(got)-1] != want {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

func TestALoneServerByChoiceThatIsUnfitSaysThatItStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fleet{t: t, at: make(map[string]int)}
		m := f.add(near(1))
		m.conf.peers = false
		got := logged(t, func() {
			m.run(f.surroundings(m))
			time.Sleep(10 * time.Second)
			m.fails("SERVFAIL")
			time.Sleep(10 * time.Second)
		})
		m.pause()
		want := "[INFO] In service, as id-000\n[WARNING] Check \"canary test. A\" has failed 3 times in a row: SERVFAIL\n[WARNING] Stays in service: canary test. A: SERVFAIL, without peers"
		if text := strings.Join(got, "\n"); text != want {
			t.Errorf("%s\nwant\n%s", text, want)
		}
	})
}

func TestANameWithoutOneFamilyIsNotCalledNotFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSurveyor(t, nobody)
		s.checks.add("canary a. A", func(context.Context) error { return nil })
		s.a, s.aaaa, s.up = "10.0.0.2", "SERVFAIL", "*"
		got := logged(t, func() { s.run(s.surroundings); time.Sleep(10 * time.Second); synctest.Wait() })
		const want = "[WARNING] Peers of peers.test. are not all found: SERVFAIL; those found before are kept"
		if !strings.Contains(strings.Join(got, "\n"), want) {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

// The requests have arrived, and the replies have not, when a reload begins.
func TestAReloadInTheMidstOfARoundLeavesNobodyBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := startFleet(&fleet{t: t, delay: 50 * time.Millisecond}, 3, near(2))
		m := f.nodes[0]
		left := f.terminate(m)
		time.Sleep(75 * time.Millisecond)
		m.run(f.surroundings(m))
		<-left
		time.Sleep(time.Second)
		for _, other := range f.nodes[1:] {
			if n := other.given(); n > 0 {
				t.Errorf("%s is bound to who is gone: by %d", other.id, n)
			}
		}
	})
}
