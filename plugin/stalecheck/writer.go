package stalecheck

import (
	"context"
	"errors"
	"net"

	"github.com/coredns/coredns/plugin/tsig"
	"github.com/coredns/coredns/request"

	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"

	"github.com/miekg/dns"
)

var errNilMessage = errors.New("stalecheck: response message is nil")

// responseWriter marks the messages that pass. Replies that a plugin has packed itself and
// hands to Write pass unchanged.
type responseWriter struct {
	dns.ResponseWriter
	check   *StaleCheck
	ctx     context.Context // of the query, for the metric's labels
	zone    *zone
	verdict *verdict.Verdict
	query   *dns.Msg
	opt     *dns.OPT // of the query; nil if it had none
}

// WriteMsg implements the dns.ResponseWriter interface.
func (w *responseWriter) WriteMsg(m *dns.Msg) error {
	if m == nil {
		return errNilMessage
	}
	mark, ok := markFor(m, w.verdict)
	if !ok || m.IsTsig() != nil { // a message that is signed already must not change
		return w.ResponseWriter.WriteMsg(m)
	}
	return w.write(m, mark)
}

// holdBack answers in the place of the backend.
func (w *responseWriter) holdBack(a action) error {
	rcode := dns.RcodeServerFailure
	if a == answerRefused {
		rcode = dns.RcodeRefused
	}
	return w.write(new(dns.Msg).SetRcode(w.query, rcode), mark{a, dns.ExtendedErrorCodeInvalidData, shortText(w.verdict)})
}

func (w *responseWriter) write(m *dns.Msg, mark mark) error {
	out := copyReply(m)
	if w.check.ttl > 0 {
		out.capTTLs(w.check.ttl)
	}
	if w.opt != nil {
		state := request.Request{W: w.ResponseWriter, Req: w.query}
		out.addEDE(mark, w.opt, state.Size()-w.addedLater(m))
	}
	w.zone.count(w.ctx, mark.action)
	return w.ResponseWriter.WriteMsg(&out.Msg)
}

// addedLater returns how many octets the plugins nearer to the client add to m: tsig its
// signature (it has taken off the query's), nsid its option, and dns64 what makes the
// addresses longer (it keeps our option).
func (w *responseWriter) addedLater(m *dns.Msg) int {
	octets := 0
	if w.check.dns64 {
		for _, rr := range m.Answer {
			if _, ok := rr.(*dns.A); ok {
				octets += net.IPv6len - net.IPv4len
			}
		}
	}
	if key, ok := tsig.ValidatedKeyName(w.ctx); ok {
		// RFC 8945 section 4.2 with the longest algorithm name and the longest MAC.
		const fixed, algorithm, mac = 26, len("hmac-md5.sig-alg.reg.int.") + 1, 64
		octets += len(key) + 1 + fixed + algorithm + mac
	}
	for _, o := range w.opt.Option {
		if o.Option() == dns.EDNS0NSID {
			octets += w.check.nsidBytes
		}
	}
	return octets
}
