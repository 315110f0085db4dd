package selfpreserve

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coredns/coredns/plugin"

	"github.com/miekg/dns"
)

// outer and inner are the plugins around ours.
type outer struct{ next plugin.Handler }

func (o outer) ServeDNS(ctx context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
	return plugin.NextOrFailure(o.Name(), o.next, ctx, w, r)
}

func (outer) Name() string { return "outer" }

type inner struct{}

func (inner) ServeDNS(context.Context, dns.ResponseWriter, *dns.Msg) (int, error) {
	return dns.RcodeSuccess, nil
}

func (inner) Name() string { return "inner" }

// chains are one with our plugin, and the same with another that only hands on.
func chains() (with, without plugin.Handler, queries *atomic.Uint64) {
	queries = new(atomic.Uint64)
	return outer{counter{Next: ownErrors{inner{}}, queries: queries}}, outer{outer{inner{}}}, queries
}

func TestAQueryCostsNoAllocation(t *testing.T) {
	with, without, queries := chains()
	q := new(dns.Msg).SetQuestion("example.org.", dns.TypeA)
	cost := func(h plugin.Handler) float64 {
		return testing.AllocsPerRun(100, func() { _, _ = h.ServeDNS(context.Background(), nil, q) })
	}
	if got, want := cost(with), cost(without); got != want {
		t.Errorf("%v allocations, and %v with a plugin that does nothing", got, want)
	}
	if got := queries.Load(); got != 101 {
		t.Errorf("%d queries were counted", got)
	}
}

func BenchmarkQuery(b *testing.B) {
	with, without, _ := chains()
	q := new(dns.Msg).SetQuestion("example.org.", dns.TypeA)
	for name, h := range map[string]plugin.Handler{"with": with, "another": without, "without": outer{inner{}}} {
		b.Run(name, func(b *testing.B) {
			ctx := context.Background()
			b.ReportAllocs()
			for b.Loop() {
				_, _ = h.ServeDNS(ctx, nil, q)
			}
		})
	}
}

func TestLoadIsTheQueriesASecondSinceTheLastMeasure(t *testing.T) {
	s := newStill(t)
	s.clock = 0
	for i, step := range []struct {
		after   time.Duration
		queries uint64
		want    int
	}{
		{2 * time.Second, 300, 150},
		{999 * time.Millisecond, 10, 150}, // over less than a second chance is too large
		{time.Millisecond, 10, 20},
		{4 * time.Second, 0, 0},
		{1500 * time.Millisecond, 7, 4},
	} {
		s.clock += step.after
		s.queries.Add(step.queries)
		if got := s.load(); got != step.want {
			t.Errorf("%d: %d queries a second, want %d", i, got, step.want)
		}
	}
}

func TestAReloadBeginsToCountQueriesAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSurveyor(t, nobody)
		s.queries.Add(1000)
		s.run(s.dependencies)
		time.Sleep(3 * time.Second)
		s.node.mu.Lock()
		after := s.dependencies
		s.node.mu.Unlock()
		after.checks, after.queries = new(checks), new(atomic.Uint64)
		s.run(after)
		after.queries.Add(30)
		most := 0
		for range 30 {
			time.Sleep(100 * time.Millisecond)
			most = max(most, s.view.Load().Load)
		}
		if most < 15 || most > 30 {
			t.Errorf("up to %d queries a second, want those of the new servers: 30 in a second or so", most)
		}
	})
}
