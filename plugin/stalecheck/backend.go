package stalecheck

import (
	"context"
	"fmt"
	"net"
	"runtime/debug"
	"sync/atomic"

	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/acl"
	"github.com/coredns/coredns/plugin/autopath"
	"github.com/coredns/coredns/plugin/cache"
	"github.com/coredns/coredns/plugin/pkg/nonwriter"
	"github.com/coredns/coredns/plugin/rewrite"
	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"

	"github.com/miekg/dns"
)

// belowCache returns the handler to which a query goes that is to reach the backend as
// it is: past cache, which would answer from memory, and past what stands between
// stalecheck and it, which would change or refuse the query. handler finds one of the
// server block's handlers by its name; next is the one below stalecheck.
func belowCache(handler func(name string) plugin.Handler, next plugin.Handler) (plugin.Handler, error) {
	for _, name := range []string{"cache", "acl", "autopath", "rewrite"} { // innermost first
		switch h := handler(name).(type) {
		case nil:
		case *cache.Cache:
			return h.Next, nil
		case acl.ACL:
			return h.Next, nil
		case *autopath.AutoPath:
			return h.Next, nil
		case rewrite.Rewrite:
			return h.Next, nil
		default:
			return nil, fmt.Errorf("%s is a %T, which stalecheck cannot read past", name, h)
		}
	}
	return next, nil
}

// reader asks the backend from within.
type reader struct {
	entry plugin.Handler // of the chain that the queries run through
	away  atomic.Int32   // queries that have not returned yet
}

// maxAway is how many queries may be with a backend that does not return. One that is
// lost for good must not be the last; a backend that hangs must not collect them.
const maxAway = 3

// ask sends a query into the chain. A backend that does not return until ctx is done
// counts as a timeout.
func (b *reader) ask(ctx context.Context, name string, qtype uint16) (*dns.Msg, verdict.Failure) {
	if b.entry == nil {
		return nil, verdict.Refused
	}
	if b.away.Add(1) > maxAway {
		b.away.Add(-1)
		return nil, verdict.Timeout
	}
	query := new(dns.Msg)
	query.SetQuestion(name, qtype)
	type result struct {
		reply   *dns.Msg
		failure verdict.Failure
	}
	results := make(chan result, 1)
	go func() {
		out := result{nil, verdict.Malformed}
		defer func() {
			// For the queries of clients the server recovers; here nobody else does.
			if r := recover(); r != nil {
				log.Debugf("Recovered from panic in the backend of %s: %v\n%s", name, r, debug.Stack())
				out = result{nil, verdict.Panicked}
			}
			b.away.Add(-1)
			results <- out
		}()
		w := nonwriter.New(inner{})
		rcode, _ := b.entry.ServeDNS(ctx, w, query)
		switch {
		case !plugin.ClientWrite(rcode):
			out = result{nil, rcodeFailure(rcode)}
		case w.Msg != nil:
			out = result{w.Msg, rcodeFailure(w.Msg.Rcode)}
		}
	}()
	select {
	case r := <-results:
		return r.reply, r.failure
	case <-ctx.Done():
		return nil, verdict.Timeout
	}
}

// askOwn reads the zone's SOA record from the backend.
func (b *reader) askOwn(ctx context.Context, zone string) (serial, expire uint32, failure verdict.Failure) {
	reply, failure := b.ask(ctx, zone, dns.TypeSOA)
	if failure != "" {
		return 0, 0, failure
	}
	soa, failure := onlySOA(reply.Answer, zone)
	if failure != "" {
		return 0, 0, failure
	}
	return soa.Serial, soa.Expire, ""
}

// inner stands for the client of queries that come from within.
type inner struct{ dns.ResponseWriter }

var loopback = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}

func (inner) LocalAddr() net.Addr         { return loopback }
func (inner) RemoteAddr() net.Addr        { return loopback }
func (inner) Write(b []byte) (int, error) { return len(b), nil }
func (inner) Close() error                { return nil }
func (inner) TsigStatus() error           { return nil }
func (inner) TsigTimersOnly(bool)         {}
func (inner) Hijack()                     {}
