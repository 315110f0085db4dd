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

// counters are the counter of each reason, in the order of reasonNames.
type counters [len(reasonNames)]prometheus.Counter

// countersFor returns the counters of a query's responses. They are kept because
// finding one by its labels costs as much as raising a reply. What else they differ
// in, the view, is the same for all queries of a server block.
func (z *zone) countersFor(ctx context.Context) *counters {
	server := metrics.WithServer(ctx)
	if found, ok := z.counters.Load(server); ok {
		return found.(*counters)
	}
	made := new(counters)
	for i, reason := range reasonNames {
		made[i] = responsesTotal.WithLabelValues(server, z.name, metrics.WithView(ctx), reason)
	}
	found, _ := z.counters.LoadOrStore(server, made)
	return found.(*counters)
}
