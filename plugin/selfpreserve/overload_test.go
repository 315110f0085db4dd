package selfpreserve

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
)

// overloaded is what a fleet with more load than capacity did in ten minutes. Each server that
// is in service has an equal share of the load, and loses what is above its capacity: of the
// questions of clients and of the canary the same part. One that is aside has no load.
type overloaded struct {
	asides, mostOfOne int     // times that servers stepped aside
	least             int     // in service
	served            float64 // share of all questions
}

func (o overloaded) String() string {
	return fmt.Sprintf("%d step-asides, at most %d of one server, %d in service at the least, %.1f %% served", o.asides, o.mostOfOne, o.least, 100*o.served)
}

func overload(t *testing.T, servers int, times float64) (seen overloaded) {
	synctest.Test(t, func(t *testing.T) {
		rng, overloaded := rand.New(rand.NewPCG(7, uint64(servers))), false
		f := &fleet{t: t}
		inService := func() int {
			states := f.states()
			return strings.Count(states, "serving") + strings.Count(states, "asking")
		}
		served := func() float64 { return min(1, float64(inService())/(times*float64(servers))) }
		f.look = func(m *member) error {
			f.mu.Lock()
			defer f.mu.Unlock()
			if overloaded && m.view.Load().State.InService() && rng.Float64() > served() {
				return errors.New("no reply in time")
			}
			return nil
		}
		set := *defaultConfig()
		set.minPeers = promise.Quota{Number: 1}
		startFleet(f, servers, set)
		f.mu.Lock()
		overloaded = true
		f.mu.Unlock()
		seen.least = servers
		asides, before := make([]int, servers), make([]promise.State, servers)
		const step = 100 * time.Millisecond
		for range 10 * time.Minute / step {
			time.Sleep(step)
			for i, m := range f.nodes {
				now := m.view.Load().State
				if now == promise.Aside && before[i] != now {
					asides[i]++
					seen.asides++
					seen.mostOfOne = max(seen.mostOfOne, asides[i])
				}
				before[i] = now
			}
			seen.least = min(seen.least, inService())
			seen.served += served() * step.Minutes() / 10
		}
	})
	return seen
}

// A server that steps aside makes it worse for the others, and no less is asked. The figures
// are in docs/selfpreserve.md.
func TestWithTooMuchLoadServersDoNotStepAsideAgainAndAgain(t *testing.T) {
	for _, c := range []struct {
		servers int
		times   float64
	}{{5, 1.1}, {5, 1.3}, {5, 1.6}, {10, 1.3}, {5, 2.5}} {
		got := overload(t, c.servers, c.times)
		t.Logf("%d servers at %.1f times: %s", c.servers, c.times, got)
		if got.mostOfOne > 5 || got.served < 0.85/c.times {
			t.Errorf("%d servers at %.1f times: %s", c.servers, c.times, got)
		}
	}
}
