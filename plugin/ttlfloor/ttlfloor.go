// Package ttlfloor raises TTLs that are too small to be of use to a client and
// scatters the moment at which answers expire.
//
// A TTL of 0, or of a few seconds left in a cache, makes every client ask again
// at once, and a TTL that many clients received together makes them ask again
// together. Resolvers have floors; none of them has jitter, and none counts what
// it raised.
//
// What a TTL becomes is decided in policy.go, by pure functions. message.go finds
// the RRsets of a reply and what its signatures allow, copy.go makes the reply
// that leaves, sharing every record that stays as it is. The handler and the
// writer in this file and in writer.go only carry messages past them.
package ttlfloor

import (
	"context"
	"time"

	"github.com/coredns/coredns/plugin"

	"github.com/miekg/dns"
)

const pluginName = "ttlfloor"

// TTLFloor implements the plugin.Handler interface.
type TTLFloor struct {
	Next plugin.Handler

	zones  zones
	policy Policy
	types  map[uint16]struct{} // nil is all types

	now  func() time.Time // for the expiration of signatures
	draw func() uint64    // 64 random bits; called from many goroutines
}

// ServeDNS implements the plugin.Handler interface.
func (t *TTLFloor) ServeDNS(ctx context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
	if !isLookup(r) {
		return plugin.NextOrFailure(t.Name(), t.Next, ctx, w, r)
	}
	zone := t.zones.match(r.Question[0].Name)
	if zone == nil {
		return plugin.NextOrFailure(t.Name(), t.Next, ctx, w, r)
	}
	rw := &responseWriter{ResponseWriter: w, floor: t, ctx: ctx, zone: zone}
	return plugin.NextOrFailure(t.Name(), t.Next, ctx, rw, r)
}

// Name implements the plugin.Handler interface.
func (t *TTLFloor) Name() string { return pluginName }

// isLookup reports whether m is a query, or the reply to one, that asks one
// question and is no zone transfer. All else is not ours to touch.
func isLookup(m *dns.Msg) bool {
	return m.Opcode == dns.OpcodeQuery && len(m.Question) == 1 &&
		m.Question[0].Qtype != dns.TypeAXFR && m.Question[0].Qtype != dns.TypeIXFR
}
