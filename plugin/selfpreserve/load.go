package selfpreserve

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/coredns/coredns/plugin"

	"github.com/miekg/dns"
)

// counter is the handler of an enrolled server block: it counts queries.
type counter struct {
	Next    plugin.Handler
	queries *atomic.Uint64
}

// ServeDNS implements plugin.Handler.
func (c counter) ServeDNS(ctx context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
	c.queries.Add(1)
	return plugin.NextOrFailure(pluginName, c.Next, ctx, w, r)
}

// Name implements plugin.Handler.
func (c counter) Name() string { return pluginName }

// measured is what the last measure of the load saw.
type measured struct {
	queries uint64
	at      time.Duration
	qps     int
}

// leastSpan is how long queries are counted for a rate: over less, chance is too large.
const leastSpan = time.Second

// load returns the queries a second since it was last measured. Only check calls it.
func (n *node) load() int {
	now, queries := n.now(), n.queries.Load()
	if span := now - n.measured.at; span >= leastSpan {
		n.measured = measured{queries, now, int(float64(queries-n.measured.queries) / span.Seconds())}
	}
	return n.measured.qps
}
