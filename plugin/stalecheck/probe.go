package stalecheck

import (
	"context"
	"time"

	"github.com/holdfastdns/holdfast/plugin/stalecheck/ask"
	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"

	"github.com/miekg/dns"
)

// probeTimeout is for an answer over UDP and, if that is truncated, one over TCP.
const probeTimeout = 2 * time.Second

// udpSize is what fits into a datagram that no network cuts up, as resolvers have it since 2020.
const udpSize = 1232

// askReference asks the server at the end of line for the SOA record of zone: over UDP, and over
// TCP if the answer is truncated. It returns at the latest when ctx is done.
func askReference(ctx context.Context, line *ask.Line, zone string) (verdict.Answer, verdict.Failure) {
	query := new(dns.Msg)
	query.SetQuestion(zone, dns.TypeSOA)
	query.RecursionDesired = false
	query.SetEdns0(udpSize, false)
	query.IsEdns0().Option = []dns.EDNS0{&dns.EDNS0_EXPIRE{Code: dns.EDNS0EXPIRE, Empty: true}} // RFC 7314 section 3.1
	reply, failure := line.Ask(ctx, query)
	if failure == "" && knowsNoEDNS(reply) {
		query.Extra = nil
		reply, failure = line.Ask(ctx, query)
	}
	if failure == "" && reply.Truncated {
		reply, _, failure = ask.Server(ctx, "tcp", line.Address, query)
	}
	if failure != "" {
		return verdict.Answer{}, failure
	}
	return readAnswer(reply, zone)
}

// knowsNoEDNS reports whether a reply is that of a server from before EDNS, or of one that
// cannot read the option: RFC 6891 section 7 wants to be asked without.
func knowsNoEDNS(reply *dns.Msg) bool {
	return reply.Rcode == dns.RcodeFormatError || reply.Rcode == dns.RcodeNotImplemented
}

// readAnswer reads a reply to a query for the SOA record of zone.
func readAnswer(reply *dns.Msg, zone string) (verdict.Answer, verdict.Failure) {
	if failure := ask.RcodeFailure(reply.Rcode); failure != "" {
		return verdict.Answer{}, failure
	}
	serial, _, failure := ask.SOA(reply.Answer, zone)
	if failure == "" && !reply.Authoritative {
		failure = verdict.NotAuthoritative
	}
	if failure != "" {
		return verdict.Answer{}, failure
	}
	answer := verdict.Answer{Serial: serial}
	if opt := reply.IsEdns0(); opt != nil {
		for _, o := range opt.Option {
			if expire, ok := o.(*dns.EDNS0_EXPIRE); ok && !expire.Empty {
				answer.TellsExpire, answer.Expire = true, expire.Expire
			}
		}
	}
	return answer, ""
}
