package stalecheck

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"time"

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
	reply, failure := exchange(ctx, "udp", address, query)
	if failure == "" && reply.Truncated {
		reply, failure = exchange(ctx, "tcp", address, query)
	}
	if failure != "" {
		return 0, failure
	}
	return readSerial(reply, zone)
}

// exchange sends query and returns the reply, if it is one to this query.
func exchange(ctx context.Context, network, address string, query *dns.Msg) (*dns.Msg, verdict.Failure) {
	conn, err := (&dns.Client{Net: network}).DialContext(ctx, address)
	if err != nil {
		return nil, whyNoReply(err)
	}
	defer conn.Close()
	// The client heeds ctx's deadline, but not that a shutdown cancels it earlier.
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()

	reply, _, err := new(dns.Client).ExchangeWithConnContext(ctx, query, conn)
	if err != nil {
		return nil, whyNoReply(err)
	}
	if !reply.Response || reply.Opcode != dns.OpcodeQuery || len(reply.Question) != 1 || !sameQuestion(reply.Question[0], query.Question[0]) {
		return nil, verdict.Mismatch
	}
	if network == "tcp" && reply.Truncated {
		return nil, verdict.Malformed
	}
	return reply, ""
}

func sameQuestion(a, b dns.Question) bool {
	return a.Qtype == b.Qtype && a.Qclass == b.Qclass && strings.EqualFold(a.Name, b.Name)
}

func whyNoReply(err error) verdict.Failure {
	var netErr net.Error
	var opErr *net.OpError
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), errors.Is(err, net.ErrClosed),
		errors.Is(err, context.Canceled), errors.As(err, &netErr) && netErr.Timeout():
		return verdict.Timeout
	case errors.Is(err, dns.ErrId):
		return verdict.Mismatch
	case errors.As(err, &opErr):
		return verdict.Unreachable
	}
	return verdict.Malformed
}

// readSerial returns the serial in a reply to a query for the SOA record of zone.
func readSerial(reply *dns.Msg, zone string) (uint32, verdict.Failure) {
	if failure := rcodeFailure(reply.Rcode); failure != "" {
		return 0, failure
	}
	serial, _, failure := readSOA(reply.Answer, zone)
	if failure == "" && !reply.Authoritative {
		return 0, verdict.NotAuthoritative
	}
	return serial, failure
}

func rcodeFailure(rcode int) verdict.Failure {
	switch rcode {
	case dns.RcodeSuccess:
		return ""
	case dns.RcodeRefused:
		return verdict.Refused
	case dns.RcodeServerFailure:
		return verdict.ServFail
	}
	return verdict.OtherRcode
}

// readSOA reads the one SOA record of zone in an answer.
func readSOA(answer []dns.RR, zone string) (serial, expire uint32, failure verdict.Failure) {
	failure = verdict.NoSOA
	for _, rr := range answer {
		if soa, ok := rr.(*dns.SOA); ok && strings.EqualFold(soa.Hdr.Name, zone) {
			if failure == "" {
				return 0, 0, verdict.SeveralSOAs
			}
			serial, expire, failure = soa.Serial, soa.Expire, ""
		}
	}
	return serial, expire, failure
}
