package selfpreserve

import (
	"context"
	"errors"
	"slices"
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
		s.checks.add("ready kubernetes", sickFor(10*time.Second)).isReady = true
		s.checks.add("canary a. A", sickFor(13*time.Second))
		begin := time.Now()
		s.run(s.dependencies)
		for !s.view.Load().State.InService() {
			time.Sleep(100 * time.Millisecond)
		}
		if took := time.Since(begin); took < 13*time.Second || took > 14*time.Second || readiness(s.view.Load(), s.now()) != "OK" {
			t.Errorf("/ready is 200 %s after %s", readiness(s.view.Load(), s.now()), took)
		}
	})
}

func TestAServerThatIsSickFromTheStartSaysThatItComesIntoService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := logged(t, func() { startFleet(&fleet{t: t, sick: "SERVFAIL"}, 1, near(1)) })
		if want := "[WARNING] In service as id-000, but not fit since it started: canary test. A: SERVFAIL"; !strings.Contains(strings.Join(got, "\n"), want) {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

func TestUntilAllChecksHavePassedAServerIsStarting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := startFleet(&fleet{t: t, named: true}, 2, near(1))
		late := f.add(near(1))
		late.fails("SERVFAIL")
		f.start(late)
		time.Sleep(4 * time.Second)
		if got := late.ready(); got != "503 STARTING" {
			t.Error(got)
		}
		late.heals()
		time.Sleep(time.Second)
		if got := late.ready(); got != "200 OK" {
			t.Error(got)
		}
		// It may have promised before it started, and have forgotten.
		if held := <-f.terminate(late); held != time.Second {
			t.Errorf("within a lifetime of its start it was held for %s, want the rest of it", held)
		}
	})
}

// It stays out of service for a lifetime, and then asks as any other.
func TestAFleetThatIsSickFromTheStartComesIntoService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := startFleet(&fleet{t: t, sick: "SERVFAIL"}, 3, near(1))
		if got := f.states(); got != "asking asking asking" {
			t.Errorf("all are sick: %s", got)
		}
		f.nodes[2].heals()
		time.Sleep(10 * time.Second)
		if got := f.states(); got != "aside aside serving" {
			t.Errorf("one is healthy: %s", got)
		}
	})
}

// It is counted, and told, like one that steps aside; one that observes only says so.
func TestAServerThatIsSickFromTheStartGoesAsideOnPromises(t *testing.T) {
	for observe, want := range map[bool]string{
		false: "[WARNING] Stepping aside, /ready is 503: canary test. A: SERVFAIL, with 1 of 1 promises: 10.0.0.1:8182 (" + hostName() + ")",
		true:  "[INFO] Observing: would step aside, with /ready at 503: canary test. A: SERVFAIL, with 1 of 1 promises: 10.0.0.1:8182 (" + hostName() + ")",
	} {
		synctest.Test(t, func(t *testing.T) {
			set := near(1)
			set.observe, set.coldStart = observe, defaultColdStart
			f := startFleet(&fleet{t: t, named: true}, 1, set)
			sick, changed := f.add(set), figures()
			sick.fails("SERVFAIL")
			got := logged(t, func() { f.start(sick); f.ripen(set) })
			if !slices.Contains(got, want) || strings.Count(strings.Join(got, "\n"), "503") != 1 {
				t.Errorf("%q, want %q", got, want)
			}
			if f.states() != "serving aside" || (changed() == "unfit granted 1") == observe {
				t.Errorf("%s, counted %q", f.states(), changed())
			}
		})
	}
}
