package stalecheck

import (
	"context"
	"net"
	"strings"
	"testing"

	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/test"

	"github.com/miekg/dns"
)

// states are those in which a query for www.example.org may find the plugin. The chain
// without it is nil.
func states(tb testing.TB) []struct {
	name string
	s    *StaleCheck
} {
	thousand := strings.Replace(manyZones(999, "primary 192.0.2.1"), " {", " example.org {", 1)
	return []struct {
		name string
		s    *StaleCheck
	}{
		{"without", nil},
		{"empty", newCheck(tb, withPrimary)}, // replaced by a plugin that only hands on
		{"fresh", newCheck(tb, withPrimary)},
		{"fresh-1000", newCheck(tb, thousand)},
		{"another-stale", newCheck(tb, thousand).seen(tb, "z7.example.org.", behind95)},
		{"stale", newCheck(tb, withPrimary).seen(tb, "example.org.", behind95)},
		{"held-back", newCheck(tb, "stalecheck {\n primary 192.0.2.1\n action refuse\n}").seen(tb, "example.org.", behind95)},
	}
}

// client has addresses at hand, as a server's response has.
type client struct{ test.ResponseWriter }

var clientAddr = &net.UDPAddr{IP: net.IPv4(10, 240, 0, 1), Port: 40212}

func (client) RemoteAddr() net.Addr { return clientAddr }

// chain is an outer plugin, ours if there is one, and one that answers with an address.
func chain(tb testing.TB, name string, s *StaleCheck) plugin.Handler {
	next := answering(message(tb, "www.example.org. A", "www.example.org. 300 IN A 10.0.0.1"))
	switch {
	case s == nil:
		return outer{next}
	case name == "empty":
		return outer{outer{next}}
	}
	s.Next = next
	return outer{s}
}

type outer struct{ next plugin.Handler }

func (o outer) ServeDNS(ctx context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
	return plugin.NextOrFailure(o.Name(), o.next, ctx, w, r)
}

func (outer) Name() string { return "outer" }

// BenchmarkQuery is one query with an OPT record through a chain. What the plugin costs
// is its line less that of the chain without it.
func BenchmarkQuery(b *testing.B) {
	for _, state := range states(b) {
		b.Run(state.name, func(b *testing.B) {
			h := chain(b, state.name, state.s)
			q := query("www.example.org. A")
			w := new(client)
			ctx := context.Background()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := h.ServeDNS(ctx, w, q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// Allocations beyond those of the chain without the plugin. One of each is CoreDNS's
// own, for another hop (plugin.NextOrFailure), which a reply held back does not take.
func TestAllocations(t *testing.T) {
	limits := map[string]float64{"empty": 1, "fresh": 1, "fresh-1000": 1, "another-stale": 1, "stale": 1 + 2, "held-back": 4}
	var without float64
	for _, state := range states(t) {
		h := chain(t, state.name, state.s)
		q := query("www.example.org. A")
		if strings.HasPrefix(state.name, "fresh") {
			q = query("WWW.example.org. A") // looking for its zone would cost an allocation
		}
		w := new(client)
		n := testing.AllocsPerRun(100, func() { _, _ = h.ServeDNS(t.Context(), w, q) })
		if state.s == nil {
			without = n
			continue
		}
		if own := n - without; own > limits[state.name] {
			t.Errorf("%s: %v allocations, want at most %v", state.name, own, limits[state.name])
		} else {
			t.Logf("%s: %v allocations", state.name, own)
		}
	}
}
