package selfpreserve

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
)

// By id, as a server that asks promises only to lower ones. Each asks all others here, and
// the last has nobody left to ask.
func TestWhoGetsSIGTERMAtTheSameInstantLeavesOneAfterTheOther(t *testing.T) {
	for _, c := range []struct{ n, minPeers, leave int }{{3, 1, 2}, {5, 3, 2}, {5, 4, 1}} {
		synctest.Test(t, func(t *testing.T) {
			f := startFleet(&fleet{t: t, delay: 5 * time.Millisecond}, c.n, near(c.minPeers))
			// All want to leave before one has asked.
			var left []chan time.Duration
			for _, m := range f.nodes {
				left = append(left, f.terminate(m))
			}
			f.throughout(19*time.Second, c.minPeers)
			before := time.Duration(0)
			for i, l := range left {
				switch held := <-l; {
				case i < c.leave && (held <= before || held > 5*time.Second):
					t.Errorf("%d of %d, of which %d stay: held for %s, the one before for %s", i, c.n, c.minPeers, held, before)
				case i >= c.leave && (held < 20*time.Second || held > 20*time.Second+farewell):
					t.Errorf("%d of %d, of which %d stay: held for %s, want max_hold", i, c.n, c.minPeers, held)
				default:
					before = held
				}
			}
		})
	}
}

// Of five of which each asks only two, some may go at the same time, and not by id.
func TestOfFiveThatGetSIGTERMTheHighestIdIsTheLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := startFleet(&fleet{t: t, delay: 5 * time.Millisecond}, 5, near(1))
		var left []chan time.Duration
		for _, m := range f.nodes {
			left = append(left, f.terminate(m))
		}
		f.throughout(19*time.Second, 1)
		if got, want := f.states(), "gone gone gone gone asking"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
		for i, l := range left {
			if held := <-l; (held >= 20*time.Second) != (i == 4) {
				t.Errorf("%d was held for %s", i, held)
			}
		}
	})
}

// figures are how the departures and holds that are counted change.
func figures() func() string {
	count := func() map[string]float64 {
		all := map[string]float64{}
		for _, c := range []promise.Cause{promise.Termination, promise.Unfit} {
			for _, o := range []promise.Outcome{promise.Granted, promise.Refused, promise.Forced, promise.Cancelled} {
				var m dto.Metric
				_ = departuresTotal.WithLabelValues(string(c), string(o)).Write(&m)
				all[string(c)+" "+string(o)] = m.Counter.GetValue()
			}
		}
		var m dto.Metric
		_ = holdDuration.(prometheus.Metric).Write(&m)
		all["holds"], all["held for"] = float64(m.Histogram.GetSampleCount()), m.Histogram.GetSampleSum()
		return all
	}
	before := count()
	return func() string {
		var changed []string
		for _, name := range []string{"termination granted", "termination refused", "termination forced", "termination cancelled", "unfit granted", "unfit refused", "unfit forced", "unfit cancelled", "holds", "held for"} {
			if more := count()[name] - before[name]; more != 0 {
				changed = append(changed, fmt.Sprintf("%s %.3g", name, more))
			}
		}
		return strings.Join(changed, ", ")
	}
}

func TestAGrantedDepartureAmongNearPeersTakesNoTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 3, near(2))
		changed := figures()
		if held := <-f.terminate(f.nodes[1]); held != 0 {
			t.Errorf("held for %s", held)
		}
		if got, want := changed(), "termination granted 1, holds 1"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
		synctest.Wait()
		if got, want := f.states(), "serving gone serving"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
		for _, m := range f.nodes {
			if m.given() != 0 {
				t.Errorf("%s still promises to stay", m.id)
			}
		}
	})
}

func TestASickServerStepsAsideWhilePeersStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 3, near(2))
		sick, changed := f.nodes[0], figures()
		step := func(states, ready, figures string) {
			t.Helper()
			if got := f.states(); got != states {
				t.Errorf("%s, want %s", got, states)
			}
			if got := sick.ready(); got != ready {
				t.Errorf("/ready is %s, want %s", got, ready)
			}
			if got := changed(); got != figures {
				t.Errorf("%s, want %s", got, figures)
			}
		}
		step("serving serving serving", "200 OK", "")
		sick.fails("SERVFAIL")
		time.Sleep(1500 * time.Millisecond)
		step("serving serving serving", "200 OK", "") // one or two failures are not three
		f.throughout(60*time.Second, 2)               // and promises are renewed
		const why = "503 ASIDE: canary test. A: SERVFAIL, with 2 of 2 promises"
		step("aside serving serving", why, "unfit granted 1")
		sick.heals()
		time.Sleep(1500 * time.Millisecond)
		step("aside serving serving", why, "unfit granted 1") // it may be well only as it has no load
		time.Sleep(3 * time.Second)
		step("serving serving serving", "200 OK", "unfit granted 1")
		sick.fails("SERVFAIL")
		time.Sleep(5 * time.Second)
		step("aside serving serving", why, "unfit granted 2")
		f.kill(f.nodes[1])
		f.kill(f.nodes[2])
		time.Sleep(6 * time.Second)
		if got := sick.ready(); !strings.HasPrefix(got, "200 PRESERVED: canary test. A: SERVFAIL, and it has stepped aside 2 times recently and stays as it is for ") {
			t.Errorf("alone, /ready is %s", got)
		}
		sick.heals()
		time.Sleep(4 * time.Second)
		if got := sick.ready(); got != "200 OK" {
			t.Errorf("healthy again, /ready is %s", got)
		}
		if got := changed(); !strings.HasPrefix(got, "unfit granted 2, unfit refused ") || !strings.HasSuffix(got, ", unfit cancelled 1") {
			t.Error(got)
		}
	})
}

func TestWhoIsAsideComesBackWithinAPromisesLifetimeOfAKill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 2, near(1))
		f.nodes[0].fails("SERVFAIL")
		time.Sleep(15 * time.Second)
		f.kill(f.nodes[1])
		begin := time.Now()
		for f.nodes[0].view.Load().State == promise.Aside {
			time.Sleep(10 * time.Millisecond)
		}
		if back := time.Since(begin); back > 6*time.Second || f.states() != "asking gone" {
			t.Errorf("%s after %s", f.states(), back)
		}
	})
}

func TestASIGTERMWhileAsideLeavesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 2, near(1))
		f.nodes[0].fails("SERVFAIL")
		time.Sleep(15 * time.Second)
		if held := <-f.terminate(f.nodes[0]); held != 0 {
			t.Errorf("held for %s", held)
		}
		if got := f.nodes[0].ready(); got != "503 LEAVING" {
			t.Error(got)
		}
	})
}
