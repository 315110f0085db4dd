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

// askSerial asks the server at address, IP:port, for the serial of zone: over UDP, and
// over TCP if the answer is truncated. It returns at the latest when ctx is done.
func askSerial(ctx context.Context, address, zone string) (uint32, verdict.Failure) {
	query := new(dns.Msg)
	query.SetQuestion(zone, dns.TypeSOA)
	query.RecursionDesired = false
	reply, _, failure := ask.Server(ctx, "udp", address, query)
	if failure == "" && reply.Truncated {
		reply, _, failure = ask.Server(ctx, "tcp", address, query)
	}
	if failure != "" {
		return 0, failure
	}
	return readSerial(reply, zone)
}

// readSerial returns the serial in a reply to a query for the SOA record of zone.
func readSerial(reply *dns.Msg, zone string) (uint32, verdict.Failure) {
	if failure := ask.RcodeFailure(reply.Rcode); failure != "" {
		return 0, failure
	}
	serial, _, failure := ask.SOA(reply.Answer, zone)
	if failure == "" && !reply.Authoritative {
		return 0, verdict.NotAuthoritative
	}
	return serial, failure
}
