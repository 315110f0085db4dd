package selfpreserve

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// As many as /status says get SIGTERM at one instant, whichever they are, and all go on
// promises. One more is held till max_hold.
func TestAsManyLeaveAsMayLeaveSays(t *testing.T) {
	for seed := range uint64(12) {
		rng := rand.New(rand.NewPCG(1, seed))
		n, minPeers, sick := 2+rng.IntN(5), 1+rng.IntN(3), rng.IntN(2)
		t.Run(fmt.Sprintf("%d servers, %d sick, min_peers %d", n, sick, minPeers), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				set := near(minPeers)
				set.maxHold = 2 * time.Minute // so that it is no matter of time
				f := newFleet(t, n, set)
				well := slices.Clone(f.nodes[sick:])
				for _, m := range f.nodes[:sick] {
					m.fails("SERVFAIL")
				}
				time.Sleep(20 * time.Second) // it is aside, if it can
				may := max(0, n-sick-minPeers)
				for _, m := range f.nodes {
					if got := m.status(time.Now()).MayLeave; got != may {
						t.Fatalf("%s says that %d may leave, want %d", m.id, got, may)
					}
				}
				rng.Shuffle(len(well), func(i, j int) { well[i], well[j] = well[j], well[i] })
				var left []chan time.Duration
				for _, m := range well[:may] {
					left = append(left, f.terminate(m))
				}
				for i, l := range left {
					if held := <-l; held >= set.maxHold {
						t.Errorf("%s was held for %s", well[i].id, held)
					}
				}
				if held := <-f.terminate(well[may]); held < set.maxHold {
					t.Errorf("one more leaves after %s", held)
				}
			})
		})
	}
}
