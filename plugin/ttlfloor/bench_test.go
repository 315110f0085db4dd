package ttlfloor

import (
	"context"
	"fmt"
	"testing"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/plugin"
	_ "github.com/coredns/coredns/plugin/rewrite"
	"github.com/coredns/coredns/plugin/test"

	"github.com/miekg/dns"
)

// shapes are the replies that the benchmarks send through each handler.
func shapes(tb testing.TB) []struct {
	name  string
	reply *dns.Msg
} {
	headless := make([]string, 25)
	for i := range headless {
		headless[i] = fmt.Sprintf("pods.example.org. 0 IN A 10.0.0.%d", i+1)
	}
	return []struct {
		name  string
		reply *dns.Msg
	}{
		{"1A", message(tb, "www.example.org. A", "www.example.org. 0 IN A 10.0.0.1")},
		{"25A", message(tb, "pods.example.org. A", headless...)},
		{"SRV", message(tb, "_http._tcp.example.org. SRV",
			"_http._tcp.example.org. 0 IN SRV 0 33 80 a.example.org.",
			"_http._tcp.example.org. 0 IN SRV 0 33 80 b.example.org.",
			"_http._tcp.example.org. 0 IN SRV 0 33 80 c.example.org.",
			"additional: a.example.org. 0 IN A 10.0.0.1",
			"additional: b.example.org. 0 IN A 10.0.0.2",
			"additional: c.example.org. 0 IN A 10.0.0.3")},
		{"NXDOMAIN", message(tb, "gone.example.org. A", "rcode: NXDOMAIN",
			"authority: example.org. 1 IN SOA ns.example.org. h.example.org. 1 7200 900 1209600 1")},
		{"nothing", message(tb, "www.example.org. A", "www.example.org. 3600 IN A 10.0.0.1")},
		{"1AAAA", message(tb, "www.example.org. AAAA", "www.example.org. 0 IN AAAA 2001:db8::1")},
	}
}

// BenchmarkReply sends the same replies through ttlfloor, through rewrite ttl and
// through nothing. What a handler costs is its line less that of none.
func BenchmarkReply(b *testing.B) {
	for _, shape := range shapes(b) {
		for _, handler := range []struct{ name, line string }{
			{"empty", "empty"},
			{"ttlfloor", "ttlfloor 5s"},
			{"rewrite-suffix", "rewrite ttl suffix . 5-"},
			{"rewrite-regex", "rewrite ttl regex (.*) 5-"},
		} {
			b.Run(shape.name+"/"+handler.name, func(b *testing.B) {
				chain := handlerFromCorefile(b, handler.line, answering(shape.reply))
				query := new(dns.Msg)
				query.Question = shape.reply.Question
				w := new(test.ResponseWriter)
				ctx := context.Background()
				b.ReportAllocs()
				for b.Loop() {
					if _, err := chain.ServeDNS(ctx, w, query); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkDecide is the part of a reply with nothing to do that is not the writer.
func BenchmarkDecide(b *testing.B) {
	t := newFloor(b, "ttlfloor 5s")
	for _, shape := range shapes(b) {
		b.Run(shape.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if t.zones.match(shape.reply.Question[0].Name) == nil {
					b.Fatal("no match")
				}
				t.raise(shape.reply)
			}
		})
	}
}

// Allocations beyond those of an empty plugin: the writer, then the reply with its
// list, then the records of a type in one.
func TestAllocations(t *testing.T) {
	limits := map[string]float64{"1A": 2, "25A": 4, "SRV": 5, "NXDOMAIN": 3, "nothing": 1, "1AAAA": 2}
	ctx := context.WithValue(t.Context(), dnsserver.Key{}, &dnsserver.Server{Addr: "dns://:53"})
	for _, shape := range shapes(t) {
		allocations := func(line string) float64 {
			chain := handlerFromCorefile(t, line, answering(shape.reply))
			query := &dns.Msg{Question: shape.reply.Question}
			w := new(test.ResponseWriter)
			return testing.AllocsPerRun(100, func() { _, _ = chain.ServeDNS(ctx, w, query) })
		}
		if own := allocations("ttlfloor 5s") - allocations("empty"); own != limits[shape.name] {
			t.Errorf("%s: %v allocations, want %v", shape.name, own, limits[shape.name])
		}
	}
	floor := newFloor(t, "ttlfloor 5s")
	same := shapes(t)[4].reply
	if n := testing.AllocsPerRun(100, func() { floor.zones.match(same.Question[0].Name); floor.raise(same) }); n != 0 {
		t.Errorf("deciding that there is nothing to do takes %v allocations", n)
	}
}

// handlerFromCorefile returns the plugin that a line of a Corefile sets up, before
// next.
func handlerFromCorefile(tb testing.TB, line string, next plugin.Handler) plugin.Handler {
	tb.Helper()
	if line == "empty" {
		return emptyPlugin{next}
	}
	c := caddy.NewTestController("dns", line)
	c.ServerBlockKeys = []string{"example.org.:53"}
	c.Next()
	action, err := caddy.DirectiveAction("dns", c.Val())
	if err != nil {
		tb.Fatal(err)
	}
	c = caddy.NewTestController("dns", line)
	c.ServerBlockKeys = []string{"example.org.:53"}
	if err := action(c); err != nil {
		tb.Fatal(err)
	}
	return dnsserver.GetConfig(c).Plugin[0](next)
}

// emptyPlugin hands on to the next plugin, as every plugin does.
type emptyPlugin struct{ next plugin.Handler }

func (e emptyPlugin) ServeDNS(ctx context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
	return plugin.NextOrFailure(e.Name(), e.next, ctx, w, r)
}

func (emptyPlugin) Name() string { return "empty" }

func answering(m *dns.Msg) plugin.Handler {
	return plugin.HandlerFunc(func(_ context.Context, w dns.ResponseWriter, _ *dns.Msg) (int, error) {
		return dns.RcodeSuccess, w.WriteMsg(m)
	})
}
