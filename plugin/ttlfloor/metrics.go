package ttlfloor

import (
	"context"

	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/metrics"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	_ "github.com/holdfastdns/holdfast/plugin/internal/buildinfo"
)

var responsesTotal = promauto.NewCounterVec(prometheus.CounterOpts{
	Namespace: plugin.Namespace,
	Subsystem: pluginName,
	Name:      "responses_total",
	Help:      "Counter of responses whose TTLs were changed, per reason; one response counts once for each of its reasons.",
}, []string{"server", "zone", "view", "reason"})

// counters are a server's, one for each reason, in the order of reasonNames.
type counters struct {
	server   string
	byReason [len(reasonNames)]prometheus.Counter
	next     *counters // of another server
}

// countersFor returns the counters of a query's responses. They are kept because
// finding one by its labels costs as much as raising a reply: a list is enough for the
// few servers of a server block. What else they differ in, the view, is the same for all
// its queries.
func (z *zone) countersFor(ctx context.Context) *counters {
	server := metrics.WithServer(ctx)
	known := z.counters.Load()
	for c := known; c != nil; c = c.next {
		if c.server == server {
			return c
		}
	}
	made := &counters{server: server, next: known}
	for i, reason := range reasonNames {
		made.byReason[i] = responsesTotal.WithLabelValues(server, z.name, metrics.WithView(ctx), reason)
	}
	z.counters.CompareAndSwap(known, made) // whoever loses makes them again
	return made
}
