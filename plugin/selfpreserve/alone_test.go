package selfpreserve

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

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

func TestWhomNoPeerKnowsStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 2, near(1))
		unknown := f.add(near(1))
		f.start(unknown)
		f.ripen(near(1))
		unknown.fails("SERVFAIL")
		f.throughout(20*time.Second, 3)
		if got := unknown.ready(); !strings.HasSuffix(got, ": it does not know this server as a peer") {
			t.Error(got)
		}
		if held := <-f.terminate(unknown); held < 20*time.Second {
			t.Errorf("held for %s", held)
		}
	})
}

func TestALoneServerByChoiceLeavesAtOnceAndIsNeverAside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fleet{t: t, at: make(map[string]int)}
		m := f.add(near(1))
		m.conf.peers = false
		m.run(f.surroundings(m))
		defer m.pause()
		time.Sleep(10 * time.Second)
		m.fails("SERVFAIL")
		time.Sleep(20 * time.Second)
		if got, want := m.ready(), "200 PRESERVED: canary test. A: SERVFAIL, without peers"; got != want {
			t.Errorf("/ready is %s, want %s", got, want)
		}
		if held := <-f.terminate(m); held != 0 {
			t.Errorf("held for %s", held)
		}
	})
}
