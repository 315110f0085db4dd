package selfpreserve

import (
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
)

// cost is what a server of n sends a second, and what one of them sends that is aside.
func cost(t *testing.T, n int) (polls, octets, promises float64) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, n, config{minPeers: promise.Quota{Number: 1}, maxHold: 20 * time.Second, promise: 6 * time.Second, interval: 2 * time.Second})
		f.nodes[0].fails("SERVFAIL")
		time.Sleep(8 * time.Second)
		if state := f.nodes[0].view.Load().State; state != promise.Aside {
			t.Errorf("the sick one is %s", state)
		}
		const span = 20 * time.Second
		f.mu.Lock()
		clear(f.requests)
		f.octets = 0
		f.mu.Unlock()
		time.Sleep(span)
		f.mu.Lock()
		defer f.mu.Unlock()
		all := float64(n) * span.Seconds()
		polls, octets = float64(f.requests["GET /peer"])/all, float64(f.octets)/all
		promises = float64(f.requests["POST /promise"]) / span.Seconds()
	})
	return polls, octets, promises
}

// With HOLDFAST_EXHAUSTIVE set they are 300.
func TestWhatAServerSendsDoesNotGrowWithTheFleet(t *testing.T) {
	var at30 [3]float64
	sizes := []int{3, 30, 100}
	if os.Getenv("HOLDFAST_EXHAUSTIVE") != "" {
		sizes = append(sizes, 300)
	}
	for _, n := range sizes {
		polls, octets, promises := cost(t, n)
		got := [3]float64{polls, octets, promises}
		t.Logf("%3d servers: %.2f polls a second and server, %.0f octets a second and server, %.2f requests for promises a second of one that is aside", n, polls, octets, promises)
		if n == 30 {
			at30 = got
		}
		for i, what := range []string{"polls", "octets", "requests for promises"} {
			if ratio := got[i] / at30[i]; n > 30 && (ratio < 0.9 || ratio > 1.1) {
				t.Errorf("%d servers: %.2f %s a second, at 30 it is %.2f", n, got[i], what, at30[i])
			}
		}
		if most := polledAtOnce / 2 / 0.8; polls > most {
			t.Errorf("%d servers: %.2f polls a second of each, want at most %.2f", n, polls, most)
		}
	}
}
