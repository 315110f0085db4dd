package selfpreserve

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
)

// between severs those below n from the others.
func between(n int) func(int, int) bool {
	return func(from, to int) bool { return (from < n) != (to < n) }
}

func TestWhenAllAreSickAtTheSameInstantNobodyStepsAside(t *testing.T) {
	for _, minPeers := range []int{1, 2} {
		synctest.Test(t, func(t *testing.T) {
			f := newFleet(t, 5, near(minPeers))
			changed := figures()
			for _, m := range f.nodes {
				m.fails("SERVFAIL")
			}
			f.throughout(60*time.Second, 5)
			if got := changed(); !strings.HasPrefix(got, "unfit refused ") || strings.Contains(got, ",") {
				t.Errorf("counted: %s", got)
			}
			for _, m := range f.nodes {
				if got := m.ready(); !strings.HasPrefix(got, fmt.Sprintf("200 PRESERVED: canary test. A: SERVFAIL, with 0 of %d promises; 10.0.0.", minPeers)) || !strings.HasSuffix(got, " is not fit") {
					t.Errorf("/ready is %s", got)
				}
			}
		})
	}
}

// One after the other, as a fault that spreads: those that are left have to stay.
func TestWhenAllGetSickOneAfterTheOtherEnoughStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 5, near(2))
		for i := range f.nodes {
			f.nodes[i].fails("SERVFAIL")
			f.throughout(10*time.Second, 2)
		}
		f.throughout(60*time.Second, 2)
	})
}

func TestACutOffServerStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 3, near(1))
		f.sever(between(1))
		sick, changed := f.nodes[0], figures()
		sick.fails("SERVFAIL")
		f.throughout(60*time.Second, 3)
		if got := sick.ready(); !strings.HasPrefix(got, "200 PRESERVED: canary test. A: SERVFAIL, with 0 of 1 promises; 10.0.0.") || !strings.Contains(got, ": no reply") {
			t.Errorf("/ready is %s", got)
		}
		if got := changed(); !strings.HasPrefix(got, "unfit refused ") || strings.Contains(got, ",") {
			t.Errorf("counted: %s", got)
		}
		changed = figures()
		if held := <-f.terminate(sick); held < 20*time.Second || held > 20*time.Second+farewell {
			t.Errorf("held for %s", held)
		}
		if got := changed(); !strings.Contains(got, ", termination forced 1, holds 1, held for 20") || !strings.HasPrefix(got, "termination refused ") {
			t.Errorf("counted: %s", got)
		}
	})
}

func TestInAPartitionEachSideKeepsEnoughAndItHeals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 5, near(2))
		f.sever(between(2))
		f.nodes[0].fails("SERVFAIL") // with one other on its side, of two that it needs
		f.nodes[2].fails("SERVFAIL")
		f.throughout(30*time.Second, 4)
		if got, want := f.states(), "asking serving aside serving serving"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
		f.nodes[3].fails("SERVFAIL")
		f.throughout(30*time.Second, 4) // 3 has to stay, and then 2 again
		f.sever(func(int, int) bool { return false })
		f.throughout(30*time.Second, 2)
		if got, want := f.states(), "aside serving aside aside serving"; got != want {
			t.Errorf("healed: %s, want %s", got, want)
		}
		for _, m := range f.nodes {
			m.heals()
		}
		time.Sleep(2 * time.Minute) // one that has stepped aside twice keeps to it for a while
		if got, want := f.states(), "serving serving serving serving serving"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	})
}

// What one hears of the other is not enough: a promise has to come back.
func TestWithLossInOneDirectionNobodyLeaves(t *testing.T) {
	for name, cut := range map[string]func(from, to int) bool{
		"requests": func(from, _ int) bool { return from == 0 },
		"replies":  func(_, to int) bool { return to == 0 },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFleet(t, 3, near(1))
				f.sever(cut)
				f.nodes[0].fails("SERVFAIL")
				f.throughout(30*time.Second, 3)
				// The others are bound by it for a lifetime at most, and can still leave.
				if held := <-f.terminate(f.nodes[1]); held > 8*time.Second {
					t.Errorf("one of the others was held for %s", held)
				}
				if got, want := f.states(), "asking gone serving"; got != want {
					t.Errorf("%s, want %s", got, want)
				}
			})
		})
	}
}

// Those that take requests and do not answer cost patience, and no more.
func TestPeersThatStallHoldNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 5, near(1))
		f.sever(func(from, to int) bool { return from >= 2 && to < 2 }) // only 0 and 1 answer 0 and 1
		held := <-f.terminate(f.nodes[0])
		if held > f.nodes[0].conf.settings().Patience()*3 {
			t.Errorf("held for %s", held)
		}
	})
}

// A round trip of 120 ms, and polls each 100 ms; with TLS a new connection takes three.
func TestPeersFartherAwayThanAnIntervalPromise(t *testing.T) {
	for _, roundTrip := range []time.Duration{120 * time.Millisecond, 3 * 120 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			set := near(1)
			set.interval = 100 * time.Millisecond
			f := startFleet(&fleet{t: t, delay: roundTrip / 2}, 3, set)
			if held := <-f.terminate(f.nodes[0]); held < roundTrip || held > 2*roundTrip+farewell {
				t.Errorf("with a round trip of %s it was held for %s", roundTrip, held)
			}
		})
	}
}

// Whoever left on promises is not missed, also where the server that is started again has
// another address.
func TestARollingRestartWithPercentagesTakesNoLonger(t *testing.T) {
	for _, c := range []struct {
		percent int
		again   bool // at its address
		held    string
	}{{50, false, ""}, {75, true, ""}, {75, false, ""}, {100, false, ""}} {
		synctest.Test(t, func(t *testing.T) {
			set, held := near(0), ""
			set.minPeers = promise.Quota{Percent: c.percent}
			f := startFleet(&fleet{t: t, named: true}, 5, set)
			for i := range 5 {
				switch took := <-f.terminate(f.nodes[i]); {
				case took >= set.maxHold:
					held += fmt.Sprint(i, " ")
				case took > time.Second:
					t.Errorf("%d%%: %d was held for %s", c.percent, i, took)
				}
				time.Sleep(2 * set.interval)
				next := f.add(set)
				if c.again {
					f.move(next, f.nodes[i].address)
				}
				f.start(next)
				f.ripen(set)
			}
			if got := f.states(); held != c.held || got != "gone gone gone gone gone serving serving serving serving serving" {
				t.Errorf("%d%%: %s; held till max_hold were %q, want %q", c.percent, got, held, c.held)
			}
		})
	}
}

// One that has gone counts for ten minutes, so that the bar stays.
func TestACrashDoesNotLowerAPercentage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		set := near(0)
		set.minPeers = promise.Quota{Percent: 75}
		f := startFleet(&fleet{t: t, named: true}, 5, set)
		f.kill(f.nodes[3])
		f.kill(f.nodes[4])
		f.nodes[0].fails("SERVFAIL")
		f.throughout(9*time.Minute, 3)
		if got := f.nodes[0].ready(); !strings.HasPrefix(got, "200 PRESERVED: canary test. A: SERVFAIL, with 0 of 3 promises") {
			t.Error(got)
		}
		time.Sleep(70 * time.Second)
		if got := f.states(); got != "aside serving serving gone gone" {
			t.Error(got)
		}
	})
}
