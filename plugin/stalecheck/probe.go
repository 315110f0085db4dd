package stalecheck

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// failure is why a server's answer to a query for a SOA record is of no use.
type failure string

const (
	timeout          failure = "timeout"
	unreachable      failure = "unreachable" // such as ICMP's port unreachable, or no route
	malformed        failure = "malformed"   // it does not unpack, or is cut off also over TCP
	mismatch         failure = "mismatch"    // the answer to another question, or none at all
	refused          failure = "REFUSED"
	servfail         failure = "SERVFAIL"
	otherRcode       failure = "other rcode"
	notAuthoritative failure = "not authoritative"
	noSOA            failure = "no SOA"
	severalSOAs      failure = "several SOAs"
	panicked         failure = "panic" // of a plugin of ours
)

// probeTimeout is for an answer over UDP and, if that is truncated, one over TCP.
const probeTimeout = 2 * time.Second

// askSerial asks the server at address, IP:port, for the serial of zone: over UDP, and
// over TCP if the answer is truncated. It returns at the latest when ctx is done.
func askSerial(ctx context.Context, address, zone string) (uint32, failure) {
	query := new(dns.Msg)
	query.SetQuestion(zone, dns.TypeSOA)
	query.RecursionDesired = false
	reply, failed := exchange(ctx, "udp", address, query)
	if failed == "" && reply.Truncated {
		reply, failed = exchange(ctx, "tcp", address, query)
	}
	if failed != "" {
		return 0, failed
	}
	return readSerial(reply, zone)
}

// exchange returns the reply to query, if it is one.
func exchange(ctx context.Context, network, address string, query *dns.Msg) (*dns.Msg, failure) {
	conn, err := (&dns.Client{Net: network}).DialContext(ctx, address)
	if err != nil {
		return nil, whyNoReply(err)
	}
	defer conn.Close()
	// ctx has a deadline, which the client heeds; a shutdown comes before that.
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()

	reply, _, err := new(dns.Client).ExchangeWithConnContext(ctx, query, conn)
	if err != nil {
		return nil, whyNoReply(err)
	}
	if !reply.Response || reply.Opcode != dns.OpcodeQuery || len(reply.Question) != 1 || !sameQuestion(reply.Question[0], query.Question[0]) {
		return nil, mismatch
	}
	if network == "tcp" && reply.Truncated {
		return nil, malformed
	}
	return reply, ""
}

func sameQuestion(a, b dns.Question) bool {
	return a.Qtype == b.Qtype && a.Qclass == b.Qclass && strings.EqualFold(a.Name, b.Name)
}

func whyNoReply(err error) failure {
	var netErr net.Error
	var opErr *net.OpError
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), errors.Is(err, net.ErrClosed),
		errors.Is(err, context.Canceled), errors.As(err, &netErr) && netErr.Timeout():
		return timeout
	case errors.Is(err, dns.ErrId):
		return mismatch
	case errors.As(err, &opErr):
		return unreachable
	}
	return malformed
}

// readSerial returns the serial in a reply to a query for the SOA record of zone.
func readSerial(reply *dns.Msg, zone string) (uint32, failure) {
	if failed := rcodeFailure(reply.Rcode); failed != "" {
		return 0, failed
	}
	soa, failed := onlySOA(reply.Answer, zone)
	switch {
	case failed != "":
		return 0, failed
	case !reply.Authoritative:
		return 0, notAuthoritative
	}
	return soa.Serial, ""
}

func rcodeFailure(rcode int) failure {
	switch rcode {
	case dns.RcodeSuccess:
		return ""
	case dns.RcodeRefused:
		return refused
	case dns.RcodeServerFailure:
		return servfail
	}
	return otherRcode
}

// onlySOA returns the one SOA record of zone in an answer.
func onlySOA(answer []dns.RR, zone string) (*dns.SOA, failure) {
	var found *dns.SOA
	for _, rr := range answer {
		soa, ok := rr.(*dns.SOA)
		if !ok || !strings.EqualFold(soa.Hdr.Name, zone) {
			continue
		}
		if found != nil {
			return nil, severalSOAs
		}
		found = soa
	}
	if found == nil {
		return nil, noSOA
	}
	return found, ""
}
