package fleet

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/test/lab"
)

// A server that is cut off from everybody holds SIGTERM for max_hold, and not longer.
func TestNetnsAServerThatIsCutOffHoldsForMaxHold(t *testing.T) {
	t.Parallel()
	const hold = 6 * time.Second
	n := startFleet(t, 5, fmt.Sprintf("max_hold %s", hold))
	alone := n.Hosts[0].Member
	n.Cut(t, n.Hosts[:1], n.Hosts[1:])
	begin := time.Now()
	alone.Terminate(t)
	lab.Until(t, "it is preserved", func() bool { return strings.HasPrefix(alone.Ready(), "200 PRESERVED: SIGTERM, with 0 of 1 promises") })
	stop := guard(t, 4, members(n.Hosts[1:])...)
	for !alone.Gone() {
		if asked := time.Now(); !inService(alone) && time.Since(begin) < hold {
			t.Fatalf("out of service %s after SIGTERM: /ready %s", asked.Sub(begin), alone.Ready())
		}
		// A question that ends with the server is waited for, and that alone takes patience.
		if !alone.Gone() && time.Since(begin) > hold+lab.Patience {
			t.Fatalf("held for longer than max_hold of %s: /ready %s", hold, alone.Ready())
		}
	}
	stop()
	if held := time.Since(begin); held < hold {
		t.Errorf("held for %s, want max_hold of %s", held, hold)
	}
	if want := fmt.Sprintf("Leaving service by force after max_hold of %s: too few peers have promised to stay (0 of 4 known peers answer)", hold); len(alone.Said("[ERROR]", want)) != 1 {
		t.Errorf("not once in the log: %s", want)
	}
}

// A server that is cut off and unfit stays. When it sees others again it steps aside,
// and comes back when it is well.
func TestNetnsAServerThatIsCutOffAndUnfitStays(t *testing.T) {
	const hosts = 5
	t.Parallel()
	n := lab.NewNetwork(t, hosts)
	var fail *atomic.Bool
	for i, h := range n.Hosts {
		if f := startForwarded(t, h); i == 0 {
			fail = f
		}
		startHost(t, h, hosts, "canary www.upstream.test")
	}
	for _, h := range n.Hosts {
		h.AwaitPeers(t, hosts-1)
	}
	alone := n.Hosts[0].Member
	n.Cut(t, n.Hosts[:1], n.Hosts[1:])
	fail.Store(true)
	lab.Until(t, "it is preserved", func() bool {
		told := alone.Ready()
		return strings.HasPrefix(told, "200 PRESERVED: canary www.upstream.test. A: SERVFAIL") && strings.Contains(told, ", with 0 of 1 promises")
	})
	lab.AllPreserved(t, 2*lifetime, alone)
	_, metrics, err := alone.Get(alone.Metrics, "/metrics")
	if err != nil || !strings.Contains(metrics, `coredns_selfpreserve_state{state="asking"} 1`+"\n") ||
		!strings.Contains(metrics, `coredns_selfpreserve_fit{check="canary www.upstream.test. A"} 0`+"\n") {
		t.Errorf("%v, the metrics do not say that it is asking and unfit:\n%s", err, metrics)
	}

	n.Heal(t)
	lab.Until(t, "it steps aside", func() bool {
		return strings.HasPrefix(alone.Ready(), "503 ASIDE: canary www.upstream.test. A: SERVFAIL, with 1 of 1 promises")
	})
	if !alone.Answers("www.example.org.") {
		t.Error("it does not answer while it is aside")
	}
	// It is cut off again: the promise ends, and it comes back, unfit as it is.
	n.Cut(t, n.Hosts[:1], n.Hosts[1:])
	lab.Until(t, "it is back, unfit", func() bool { return strings.HasPrefix(alone.Ready(), "200 PRESERVED: ") })
	n.Heal(t)
	lab.Until(t, "it steps aside again", func() bool { return strings.HasPrefix(alone.Ready(), "503 ASIDE: ") })
	fail.Store(false)
	lab.Until(t, "it is fit, and keeps to what it has done twice", func() bool {
		return strings.HasPrefix(alone.Ready(), "503 ASIDE: fit again, but it has stepped aside 2 times recently and ")
	})
	for _, h := range n.Hosts[1:] {
		if r := h.Ready(); r != "200 OK" {
			t.Errorf("host %d says %q", h.Number, r)
		}
	}
}
