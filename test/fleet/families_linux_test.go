package fleet

import (
	"fmt"
	"slices"
	"testing"

	"github.com/holdfastdns/holdfast/test/lab"
)

// Both addresses of a peer are one peer, and both of one's own are none.
func TestNetnsDualStackCountsOnce(t *testing.T) {
	t.Parallel()
	const list = "peers static 10.8.0.1 fd00:8::1 10.8.0.2 fd00:8::2 10.8.0.3 fd00:8::3\n"
	t.Run("two are enough for two", func(t *testing.T) {
		t.Parallel()
		n := startFleet(t, 3, list, "min_peers 2")
		first := n.Hosts[0].Member
		want := []string{"10.8.0.2:8182", "10.8.0.3:8182", "[fd00:8::2]:8182", "[fd00:8::3]:8182"}
		lab.Until(t, "it sees both addresses of each", func() bool { return slices.Equal(first.Sees(), want) })
		lab.Throughout(t, lifetime, func() string {
			if s := first.Status(); s.KnownPeers != 2 || len(s.Peers) != 4 {
				return fmt.Sprintf("%d known peers with %d addresses", s.KnownPeers, len(s.Peers))
			}
			return ""
		})
		first.Terminate(t)
		lab.AwaitGone(t, 1, first)
		if forced := first.Said("by force"); len(forced) > 0 {
			t.Error(forced)
		}
	})
	t.Run("own ones that cannot be reached are none", func(t *testing.T) {
		t.Parallel()
		n := lab.NewNetwork(t, 3)
		for _, h := range n.Hosts { // its clients are at 127.0.0.1
			h.Namespace.Run(t, fmt.Sprintf("table inet own {\n chain in { type filter hook input priority 0; iifname lo ip daddr 10.8.0.%d drop; iifname lo ip6 daddr fd00:8::%[1]d drop; }\n}\n", h.Number), n.NFT, "-f", "-")
		}
		startAll(t, n, list, "min_peers 3")
		first := n.Hosts[0].Member
		lab.Throughout(t, lifetime, func() string {
			if s := first.Status(); s.KnownPeers != 2 || len(s.Peers) != 4 {
				return fmt.Sprintf("%d known peers with %d addresses", s.KnownPeers, len(s.Peers))
			}
			return ""
		})
	})
	t.Run("and not for three", func(t *testing.T) {
		t.Parallel()
		n := startFleet(t, 3, list, "min_peers 3")
		first := n.Hosts[0].Member
		first.Terminate(t)
		lab.Until(t, "it has asked in vain", func() bool { return len(first.Said("Staying in service: SIGTERM")) > 0 })
		lab.AllPreserved(t, 2*lifetime, first)
	})
	t.Run("also while one family is lost", func(t *testing.T) {
		t.Parallel()
		n := startFleet(t, 3, list, "min_peers 2")
		n.Hub.Run(t, "add rule bridge hub f ip protocol tcp drop\n", n.NFT, "-f", "-")
		first := n.Hosts[0].Member
		lab.Until(t, "it sees IPv6 alone", func() bool {
			return slices.Equal(first.Sees(), []string{"[fd00:8::2]:8182", "[fd00:8::3]:8182"})
		})
		if known := first.Status().KnownPeers; known != 2 {
			t.Errorf("%d known peers, want 2", known)
		}
		first.Terminate(t)
		lab.AwaitGone(t, 1, first)
	})
}
