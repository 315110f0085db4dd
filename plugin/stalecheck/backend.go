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

	"github.com/holdfastdns/holdfast/plugin/stalecheck/ask"
	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"

	"github.com/miekg/dns"
)

// belowCache returns the handler that queries to the backend enter the chain at. They go
// past cache, which would answer from memory, and past the plugins between stalecheck and
// cache, which would change or refuse them. handler finds one of the server block's
// handlers by its name; next is the one below stalecheck.
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
			return nil, fmt.Errorf("%s is a %T, which stalecheck cannot bypass", name, h)
		}
	}
	return next, nil
}

// backend is the plugins that the zone's data comes from, asked by queries of our own.
type backend struct {
	entry   plugin.Handler // where the queries enter the chain
	pending atomic.Int32   // queries that have not returned yet
}

// maxPending limits how many queries a backend that hangs can collect. It is not one: a
// single query that never returns must not be the last.
const maxPending = 3

// ask sends a query into the chain. A backend that has not returned when ctx is done counts
// as a timeout.
func (b *backend) ask(ctx context.Context, name string, qtype uint16) (*dns.Msg, verdict.Failure) {
	if b.entry == nil {
		return nil, verdict.Refused
	}
	if b.pending.Add(1) > maxPending {
		b.pending.Add(-1)
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
			// The server recovers for the queries of clients, but not for this one.
			if r := recover(); r != nil {
				log.Debugf("Recovered from panic in the backend of %s: %v\n%s", name, r, debug.Stack())
				out = result{nil, verdict.Panicked}
			}
			b.pending.Add(-1)
			results <- out
		}()
		w := nonwriter.New(internalClient{})
		rcode, _ := b.entry.ServeDNS(ctx, w, query)
		switch {
		case !plugin.ClientWrite(rcode):
			out = result{nil, ask.RcodeFailure(rcode)}
		case w.Msg != nil:
			out = result{w.Msg, ask.RcodeFailure(w.Msg.Rcode)}
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
func (b *backend) askOwn(ctx context.Context, zone string) (serial, expire uint32, failure verdict.Failure) {
	reply, failure := b.ask(ctx, zone, dns.TypeSOA)
	if failure != "" {
		return 0, 0, failure
	}
	return ask.SOA(reply.Answer, zone)
}

// internalClient is the client of our own queries.
type internalClient struct{ dns.ResponseWriter }

var loopback = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}

func (internalClient) LocalAddr() net.Addr         { return loopback }
func (internalClient) RemoteAddr() net.Addr        { return loopback }
func (internalClient) Write(b []byte) (int, error) { return len(b), nil }
func (internalClient) TsigStatus() error           { return nil }
