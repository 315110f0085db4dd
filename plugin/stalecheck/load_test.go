package stalecheck

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"
)

func TestAThousandZonesAreSpreadAndBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, w := inWorld(t, manyZones(1000, "primary 192.0.2.1 192.0.2.3\npeers 192.0.2.2"))
		w.set(q0, 8)
		w.set("192.0.2.3:53", 8) // p0 is silent
		begin := time.Now()
		s.start()
		time.Sleep(10 * time.Minute) // of the bubble
		if n := runtime.NumGoroutine(); n > 2000 {
			t.Errorf("%d goroutines: who waits for an answer must not be joined by the next round", n)
		}
		s.stop()
		if w.mostAtOne > maxInFlight {
			t.Errorf("%d queries were in flight", w.mostAtOne)
		}
		perSecond := make(map[int]int)
		for _, at := range w.asked[q0] {
			perSecond[int(at.Sub(begin)/time.Second)]++
		}
		for second := range 600 {
			// 100 zones a second, with a fifth of an interval to wander.
			if n := perSecond[second]; n < 40 || n > 180 {
				t.Errorf("second %d has %d queries to a reference that answers", second, n)
			}
		}
		// The silent one has half of its share of the queries in flight all the time.
		if n := len(w.asked[p0]); n < 3000 || n > 4500 {
			t.Errorf("%d queries to the silent reference in 600 s, want about 600 / 2 * 10, and those before it was known", n)
		}
	})
}

func TestZonesAtRestHaveNoGoroutineEach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, w := inWorld(t, manyZones(1000, "primary 192.0.2.1"))
		w.set(p0, 8)
		before := runtime.NumGoroutine()
		s.start()
		most := 0
		for range 1000 {
			time.Sleep(50 * time.Millisecond) // of the bubble
			synctest.Wait()
			most = max(most, runtime.NumGoroutine()-before)
		}
		s.stop()
		if most > 100 { // those that look now
			t.Errorf("%d goroutines for 1,000 zones", most)
		}
	})
}

// A server that drops the queries for some zones does not keep the others waiting.
func TestZonesThatAreAnsweredAreFlaggedInTimeBesideThoseThatAreNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var addresses []string
		for i := range 8 {
			addresses = append(addresses, fmt.Sprintf("192.0.2.%d", i+1))
		}
		s, w := inWorld(t, manyZones(1000, "primary "+strings.Join(addresses, " ")))
		w.dropped = func(zone string) bool { return zone[len("z")] >= '5' && zone[1] <= '9' } // z5, z50 ... z999
		all := func(serial uint32) {
			for _, r := range s.references {
				w.set(r.Address, serial)
			}
		}
		all(8)
		s.start()
		time.Sleep(10 * time.Minute) // of the bubble: until it is known which are dropped
		all(9)
		time.Sleep(80 * time.Second) // of the bubble: max_age and two intervals
		s.stop()
		answered, flagged := 0, 0
		for _, z := range s.zones {
			if !w.dropped(z.name) {
				answered++
				if z.verdict.Load().Status == verdict.Stale {
					flagged++
				}
			}
		}
		if flagged < answered {
			t.Errorf("%d of %d zones are flagged", flagged, answered)
		}
	})
}

func TestAZoneIsLateOnceTwoAnswersInARowAre(t *testing.T) {
	s := newCheck(t, "stalecheck {\n primary 192.0.2.1\n}")
	z := s.zones[0]
	full := s.turns[p0].common
	for range cap(full) {
		full <- struct{}{} // nothing is left for those that are late
	}
	for _, step := range []struct {
		answer verdict.Failure
		asked  bool
	}{{verdict.Timeout, true}, {"", true}, {verdict.Timeout, true}, {verdict.Timeout, true}, {verdict.Timeout, false}} {
		asked := false
		s.ask = func(context.Context, string, string) (verdict.Answer, verdict.Failure) {
			asked = true
			return verdict.Answer{Serial: 8}, step.answer
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		if step.asked {
			ctx = t.Context()
		}
		s.probe(ctx, z, 0)
		cancel()
		if asked != step.asked {
			t.Errorf("asked is %v, want %v", asked, step.asked)
		}
	}
}

func TestReferencesThatFailAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, w := inWorld(t, "stalecheck {\n primary 192.0.2.77\n}")
		before := counterValue(t, probeFailures.WithLabelValues("192.0.2.77:53", "timeout"))
		s.start()
		time.Sleep(time.Minute) // of the bubble
		s.stop()
		asked := float64(len(w.asked["192.0.2.77:53"]))
		// The one that the end has cut off says nothing.
		if n := counterValue(t, probeFailures.WithLabelValues("192.0.2.77:53", "timeout")) - before; n > asked || n < asked-1 || n < 4 {
			t.Errorf("%v failures of %v", n, asked)
		}
	})
}

func TestABackendThatFailsIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, w := inWorld(t, "stalecheck {\n heartbeat beat.example.org\n}")
		w.setOwn(-1)
		var before []float64
		counters := []prometheus.Counter{probeFailures.WithLabelValues("backend", "SERVFAIL"), probeFailures.WithLabelValues("heartbeat", "no answer")}
		for _, c := range counters {
			before = append(before, counterValue(t, c))
		}
		s.start()
		time.Sleep(time.Minute) // of the bubble
		s.stop()
		for i, c := range counters {
			if n := counterValue(t, c) - before[i]; n < 5 || n > 12 { // three of them within the first interval
				t.Errorf("%v failures in a minute", n)
			}
		}
	})
}
