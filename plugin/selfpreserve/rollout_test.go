package selfpreserve

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
)

// minutesTillReady is how long /ready of m is 503, in whole minutes, if less than an hour.
func minutesTillReady(m *member) int {
	for minute := range 60 {
		for range 60 {
			if m.view.Load().InService {
				return minute
			}
			time.Sleep(time.Second)
		}
	}
	return -1
}

// A new Corefile whose canary fails is stopped by its peers, and one that has broken them too
// by cold_start.
func TestARolloutThatBreaksCanaryAndPeersDoesNotPassReadiness(t *testing.T) {
	for _, c := range []struct {
		coldStart   time.Duration
		peersBroken bool
		together    int // new servers, which hear each other
		ready       int // after so many minutes
	}{
		{defaultColdStart, false, 1, -1},
		{defaultColdStart, true, 1, 15},
		{defaultColdStart, true, 2, 15},
		{promise.Never, true, 1, -1},
		{promise.Never, true, 2, -1},
	} {
		synctest.Test(t, func(t *testing.T) {
			set := near(1)
			set.coldStart = c.coldStart
			f := startFleet(&fleet{t: t, named: true}, 3, set)
			if c.peersBroken {
				f.sever(func(from, to int) bool { return (from < 3) != (to < 3) })
			}
			for range c.together {
				f.add(set)
			}
			for _, next := range f.nodes[3:] {
				next.fails("SERVFAIL")
				f.start(next)
			}
			if got := minutesTillReady(f.nodes[3]); got != c.ready {
				t.Errorf("%+v: it was ready after %d minutes", c, got)
			}
		})
	}
}

// What all depend on is lost, and every server has been restarted.
func TestAColdFleetComesIntoService(t *testing.T) {
	for _, cutOff := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			set := near(1)
			set.coldStart = defaultColdStart
			f := &fleet{t: t, sick: "SERVFAIL"}
			want := 0
			startFleet(f, 0, set)
			if cutOff { // from each other too
				f.sever(func(int, int) bool { return true })
				want = 15
			}
			for range 3 {
				f.add(set)
			}
			for _, m := range f.nodes {
				f.start(m)
			}
			for _, m := range f.nodes {
				if got := minutesTillReady(m); got != want && m.place == 0 || got > want {
					t.Errorf("cut off %v: %s after %d minutes", cutOff, f.states(), got)
				}
			}
		})
	}
}
