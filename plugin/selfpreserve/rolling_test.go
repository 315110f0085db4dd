package selfpreserve

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
)

// As a Deployment does it, with one server more than it needs: a new one with another address
// and id starts, an old one gets SIGTERM as soon as the new one is ready, and the next one
// starts meanwhile.
func TestARollingRestartWaitsForAtMostALifetimeAStep(t *testing.T) {
	for _, c := range []struct {
		name  string
		quota promise.Quota
		sizes []int
	}{{"min_peers 1", promise.Quota{Number: 1}, []int{2, 3, 5}}, {"min_peers 50%", promise.Quota{Percent: 50}, []int{2, 3, 5, 30}}} {
		for _, n := range c.sizes {
			synctest.Test(t, func(t *testing.T) {
				set := near(0)
				set.minPeers = c.quota
				f := startFleet(&fleet{t: t, named: true, delay: 5 * time.Millisecond}, n, set)
				time.Sleep(time.Minute)
				begin := time.Now()
				var left []chan time.Duration
				for i := range n {
					f.start(f.add(set))
					for f.nodes[n+i].view.Load().State != promise.Serving {
						time.Sleep(100 * time.Millisecond)
					}
					time.Sleep(2 * time.Second) // by then a readiness probe has seen it
					left = append(left, f.terminate(f.nodes[i]))
				}
				longest, sum := time.Duration(0), time.Duration(0)
				for i, l := range left {
					held := <-l
					longest, sum = max(longest, held), sum+held
					if held > set.promise {
						t.Errorf("%d servers, %s: step %d was held for %s, want at most a promise's lifetime of %s", n, c.name, i, held, set.promise)
					}
				}
				if states := f.states(); strings.Count(states, "serving") != n || strings.Count(states, "gone") != n {
					t.Errorf("%d servers: %s", n, states)
				}
				t.Logf("%2d servers, %-13s, promise %s: %5.1f s, held for %s in all, %s at most a step", n, c.name, set.promise, time.Since(begin).Seconds(), sum, longest)
			})
		}
	}
}
