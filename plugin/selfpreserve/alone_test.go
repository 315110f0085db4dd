package selfpreserve

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

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
		m.run(f.dependencies(m))
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
