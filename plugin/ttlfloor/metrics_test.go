package ttlfloor

import (
	"context"
	"testing"

	"github.com/coredns/coredns/core/dnsserver"
	"github.com/holdfastdns/holdfast/plugin/internal/plugintest"

	"github.com/miekg/dns"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestResponsesAreCountedOncePerReason(t *testing.T) {
	ctx := context.WithValue(context.Background(), dnsserver.Key{}, &dnsserver.Server{Addr: "dns://" + t.Name()})
	ctx = context.WithValue(ctx, dnsserver.ViewKey{}, "inside")
	floor := newFloor(t, "ttlfloor {\n spread -50% -10%\n}")
	count := func(i int) float64 {
		return testutil.ToFloat64(responsesTotal.WithLabelValues("dns://"+t.Name(), "example.org.", "inside", reasonNames[i]))
	}
	var before [4]float64
	for i := range before {
		before[i] = count(i)
	}
	for _, step := range []struct {
		m    *dns.Msg
		want [4]float64 // of reasonNames, after the step
	}{
		{message(t, "a.example.org. A", "a.example.org. 0 IN A 10.0.0.1", "a.example.org. 0 IN A 10.0.0.2"), [4]float64{1, 0, 0, 0}},
		{message(t, "a.example.org. A", "a.example.org. 1 IN CNAME b.example.org.", "b.example.org. 0 IN A 10.0.0.2"), [4]float64{2, 1, 0, 0}},
		{message(t, "a.example.org. A", "a.example.org. 300 IN A 10.0.0.1"), [4]float64{2, 1, 0, 1}},
		{message(t, "a.example.org. A", "rcode: NXDOMAIN", "authority: example.org. 1 IN SOA ns.example.org. h.example.org. 1 2 3 4 5"), [4]float64{2, 1, 1, 1}},
		{message(t, "a.example.org. A", "rcode: SERVFAIL"), [4]float64{2, 1, 1, 1}},
	} {
		serve(t, floor, ctx, step.m)
		for i, reason := range reasonNames {
			if got := count(i) - before[i]; got != step.want[i] {
				t.Errorf("after %s: %s is %v, want %v", step.m.Question[0].Name, reason, got, step.want[i])
			}
		}
	}
}

func TestEachListenerHasItsOwnCounter(t *testing.T) {
	floor := newFloor(t, "ttlfloor")
	for _, addr := range []string{"dns://one", "dns://two", "dns://one"} {
		counter := responsesTotal.WithLabelValues(addr, "example.org.", "", "zero")
		before := testutil.ToFloat64(counter)
		ctx := context.WithValue(context.Background(), dnsserver.Key{}, &dnsserver.Server{Addr: addr})
		serve(t, floor, ctx, message(t, "a.example.org. A", "a.example.org. 0 IN A 10.0.0.1"))
		if n := testutil.ToFloat64(counter) - before; n != 1 {
			t.Errorf("%v responses counted for %s, want 1", n, addr)
		}
	}
}

func TestCountersOfAllListenersAreKept(t *testing.T) {
	zone, of := newFloor(t, "ttlfloor").zones[0], make(map[string]*counters)
	for _, addr := range []string{"dns://one", "dns://two", "dns://three", "dns://one", "dns://two", "dns://three"} {
		ctx := context.WithValue(t.Context(), dnsserver.Key{}, &dnsserver.Server{Addr: addr})
		found := zone.countersFor(ctx)
		if known := of[addr]; known != nil && found != known {
			t.Errorf("those of %s were found anew", addr)
		}
		of[addr] = found
	}
}

func TestMetricsAreThoseOfTheREADME(t *testing.T) {
	ctx := context.WithValue(context.Background(), dnsserver.Key{}, &dnsserver.Server{Addr: "dns://" + t.Name()})
	serve(t, newFloor(t, "ttlfloor"), ctx, message(t, "a.example.org. A", "a.example.org. 0 IN A 10.0.0.1"))
	plugintest.Metrics(t, pluginName, prometheus.DefaultGatherer)
}
