package selfpreserve

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
)

// What /status says of a departure is what comes of one.
func TestStatusTellsWhetherThisServerWouldGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 2, near(1))
		m := f.nodes[0]
		says := func(when, want string) {
			t.Helper()
			if got := m.status(time.Now()).Departure; got.Why != want || got.OK != (want == "") {
				t.Errorf("%s: %+v, want %q", when, got, want)
			}
		}
		says("in service", "")
		m.step(promise.Override{Kind: promise.Stay, Reason: "it is the last one"})
		says("told to stay", "the operator ordered stay: it is the last one")
		m.step(promise.Override{Kind: promise.Leave, Reason: "out of it"})
		says("told to leave", "")
		m.step(promise.Override{Kind: promise.Resume})
		f.kill(f.nodes[1])
		time.Sleep(20 * time.Second)
		says("the peer is dead", "only 0 of 1 required peers would promise to stay")
		m.fails("SERVFAIL")
		time.Sleep(20 * time.Second)
		if got := m.status(time.Now()); got.Departure.OK || got.Departure.Why != got.Reason || !got.InService {
			t.Errorf("in vain: %+v", got)
		}
	})
	alone := newNode("id-me", defaultConfig(), func() time.Duration { return 0 }, nil)
	alone.step(promise.Fitness{Fit: true, AllPassed: true})
	if got := alone.status(time.Now()).Departure; !got.OK {
		t.Errorf("alone by choice: %+v", got)
	}
}
