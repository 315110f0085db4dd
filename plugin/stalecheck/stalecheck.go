// Package stalecheck marks the answers of a zone whose data has grown old, and tells the
// operator.
//
// A server that has lost its source of data goes on answering, and nothing tells its
// answers from fresh ones: a secondary whose primary refuses transfers, an informer whose
// watch has frozen, a file that nobody writes any more.
//
// Package verdict decides how old a zone is; this package feeds it and acts on it.
// zone.go looks at each zone about every interval, and hurry.go sooner after the start: at other
// servers (probe.go, ask), and at this server's own backend past its cache (backend.go,
// heartbeat.go). It publishes the verdict, which the handler in this file loads. mark.go decides what happens to a
// message, and writer.go and reply.go do it. lifecycle.go starts and stops the watching and
// hands over what was seen at a reload; catalog.go and members.go add the zones of catalogs.
// metrics.go and log.go tell the operator; setup.go and parse.go read the stanza.
package stalecheck

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/metadata"
	"github.com/coredns/coredns/request"

	"github.com/holdfastdns/holdfast/plugin/stalecheck/ask"
	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"

	"github.com/miekg/dns"
)

const pluginName = "stalecheck"

// StaleCheck implements the plugin.Handler and the metadata.Provider interface.
type StaleCheck struct {
	Next plugin.Handler

	zones      []*zone
	byName     map[string]*zone
	catalogs   catalogs
	members    atomic.Pointer[members] // zones that catalogs have brought
	rules      verdict.Rules
	references []verdict.Reference
	heartbeat  string // fully qualified; "" is none
	interval   time.Duration
	ttl        uint32 // caps the TTLs of stale zones, in seconds; 0 is no cap
	action     action

	now       func() time.Time
	ask       func(ctx context.Context, address, zone string) (verdict.Answer, verdict.Failure)
	nsidBytes int  // that nsid, nearer to the client, adds to a reply if asked to
	dns64     bool // it is nearer to the client, and makes AAAA records of A records

	marked atomic.Int32         // zones whose answers are marked
	turns  map[string]*turns    // by a reference's address
	lines  map[string]*ask.Line // likewise
	log    limitedLogs
	tasks  sync.WaitGroup
	cancel context.CancelFunc // nil before the start

	block, view     string            // tell the server block from others
	corefile        *int              // the same for all instances of a Corefile
	instancesBefore []*StaleCheck     // when a reload began
	corefilesBefore []*caddy.Instance // likewise
}

// ServeDNS implements the plugin.Handler interface.
func (s *StaleCheck) ServeDNS(ctx context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
	if s.marked.Load() == 0 || !isLookup(r) {
		return plugin.NextOrFailure(s.Name(), s.Next, ctx, w, r)
	}
	z := s.match(r.Question[0].Name)
	if z == nil {
		return plugin.NextOrFailure(s.Name(), s.Next, ctx, w, r)
	}
	v := z.verdict.Load()
	if !needsMark(v) {
		return plugin.NextOrFailure(s.Name(), s.Next, ctx, w, r)
	}
	rw := &responseWriter{ResponseWriter: w, check: s, ctx: ctx, zone: z, verdict: v, query: r, opt: r.IsEdns0()}
	if a := actionFor(v, s.action); a != flag && !z.asksForSOA(r.Question[0]) {
		return dns.RcodeSuccess, rw.holdBack(a)
	}
	rcode, err := plugin.NextOrFailure(s.Name(), s.Next, ctx, rw, r)
	if rcode == dns.RcodeServerFailure && v.Service != verdict.Served {
		// Nothing is written yet, and what the server itself writes would not pass us.
		return dns.RcodeSuccess, errors.Join(err, rw.WriteMsg(new(dns.Msg).SetRcode(r, rcode)))
	}
	return rcode, err
}

// isLookup reports whether r asks one question and is no zone transfer. Everything else
// passes untouched.
func isLookup(r *dns.Msg) bool {
	return r.Opcode == dns.OpcodeQuery && len(r.Question) == 1 &&
		r.Question[0].Qtype != dns.TypeAXFR && r.Question[0].Qtype != dns.TypeIXFR
}

// asksForSOA reports whether q asks for the zone's SOA record. Peers have to see our serial
// or they could not tell that they are ahead.
func (z *zone) asksForSOA(q dns.Question) bool {
	return q.Qtype == dns.TypeSOA && strings.EqualFold(q.Name, z.name)
}

// match returns the innermost zone that qname, fully qualified, is in, or nil.
func (s *StaleCheck) match(qname string) *zone {
	qname = strings.ToLower(qname)
	for off, end := 0, false; !end; off, end = dns.NextLabel(qname, off) {
		if z := s.zone(qname[off:]); z != nil {
			return z
		}
	}
	return s.zone(".")
}

// Name implements the plugin.Handler interface.
func (s *StaleCheck) Name() string { return pluginName }

// Vital returns nil, or an error that names a stale zone and how far it is behind: if
// another server can answer for it, that one should. A zone of unknown age is no error.
func (s *StaleCheck) Vital() error {
	var first error
	more := 0
	for z := range s.watched {
		v := z.verdict.Load()
		switch {
		case v.Status != verdict.Stale:
		case first == nil:
			first = fmt.Errorf("zone %s is stale: %s", z.name, v.Text)
		default:
			more++
		}
	}
	if more > 0 {
		return fmt.Errorf("%w, and %d more zones", first, more)
	}
	return first
}

// Metadata implements the metadata.Provider interface.
func (s *StaleCheck) Metadata(ctx context.Context, state request.Request) context.Context {
	z := s.match(state.Name())
	if z == nil {
		return ctx
	}
	v := z.verdict.Load()
	metadata.SetValueFunc(ctx, pluginName+"/status", func() string { return v.Status.String() })
	if v.Status != verdict.Unknown {
		metadata.SetValueFunc(ctx, pluginName+"/age", func() string { return strconv.FormatInt(int64(v.Age/time.Second), 10) })
		metadata.SetValueFunc(ctx, pluginName+"/source", func() string { return v.Source.String() })
	}
	return ctx
}

// EachZone tells of each zone that is watched how old it is, with the verdict and, unless it is
// fresh, why. The age is -1 if no source can tell it. silence is for how long no primary has
// given a usable answer, and -1 if there is none that is asked. It waits for nothing.
func (s *StaleCheck) EachZone(tell func(zone, verdict, why string, age, maxAge, silence time.Duration)) {
	for z := range s.watched {
		v := z.verdict.Load()
		age, why := v.Age, v.Text
		switch v.Status {
		case verdict.Unknown:
			age = -1
		case verdict.Fresh:
			why = ""
		}
		tell(z.name, v.Status.String(), why, age, s.rules.MaxAge, s.silence(v))
	}
}

// silence is for how long no primary has given a usable answer, and -1 if there is none.
func (s *StaleCheck) silence(v *verdict.Verdict) time.Duration {
	if v.Contact.IsZero() {
		return -1
	}
	return max(0, s.now().Sub(v.Contact))
}
