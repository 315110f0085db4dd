// Package ask asks DNS servers for what shows how old their data is, and reads their answers.
// The plugin and the operator's command share it. Package verdict judges the answers.
package ask

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

// Server sends query over network, udp or tcp, to the server at address, IP:port. It returns
// the reply, if it is one to this query, and how long it took without the connection. It
// returns at the latest when ctx is done, which needs a deadline, whatever the server sends.
func Server(ctx context.Context, network, address string, query *dns.Msg) (*dns.Msg, time.Duration, verdict.Failure) {
	client := &dns.Client{Net: network}
	if deadline, ok := ctx.Deadline(); ok {
		client.Timeout = time.Until(deadline) // else 2 s
	}
	conn, err := client.DialContext(ctx, address)
	if err != nil {
		return nil, 0, whyNoReply(err)
	}
	defer conn.Close()
	// The client heeds ctx's deadline, but not that it is cancelled earlier.
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()

	reply, took, err := client.ExchangeWithConnContext(ctx, query, conn)
	if err != nil {
		return nil, took, whyNoReply(err)
	}
	if !isReplyTo(reply, query) {
		return nil, took, verdict.Mismatch
	}
	if network == "tcp" && reply.Truncated {
		return nil, took, verdict.Malformed
	}
	return reply, took, ""
}

func isReplyTo(reply, query *dns.Msg) bool {
	if !reply.Response || reply.Opcode != dns.OpcodeQuery || len(reply.Question) != 1 {
		return false
	}
	a, b := reply.Question[0], query.Question[0]
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
