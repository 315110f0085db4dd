package selfpreserve

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/coredns/coredns/core/dnsserver"

	"github.com/miekg/dns"
)

// listenerOf is the address at which the block that config is of answers queries.
func listenerOf(config *dnsserver.Config) string {
	host := ""
	if len(config.ListenHosts) > 0 {
		host = config.ListenHosts[0]
	}
	switch ip, err := netip.ParseAddr(host); {
	case err != nil, ip.IsUnspecified() && ip.Is4():
		host = "127.0.0.1"
	case ip.IsUnspecified():
		host = "::1"
	}
	return net.JoinHostPort(host, config.Port)
}

// askListener asks the server at address, this one, as any client would: over UDP, and
// over TCP if the answer is truncated.
func askListener(ctx context.Context, address, name string, qtype uint16) (*dns.Msg, error) {
	query := new(dns.Msg)
	query.SetQuestion(name, qtype)
	reply, why, err := exchange(ctx, "udp", address, query)
	if err == nil && reply.Truncated {
		reply, why, err = exchange(ctx, "tcp", address, query)
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", address, short(ctx, err))
	case reply.Rcode != dns.RcodeServerFailure && reply.Rcode != dns.RcodeRefused:
		return reply, nil
	case why != nil:
		return nil, fmt.Errorf("%s: %w", dns.RcodeToString[reply.Rcode], why)
	}
	return nil, errors.New(dns.RcodeToString[reply.Rcode])
}

// exchange ends with ctx. The library heeds the deadline of one and no more, and a reload
// waits for what was begun. With the reply comes the error that a plugin had, if that is known.
func exchange(ctx context.Context, network, address string, query *dns.Msg) (reply *dns.Msg, why, err error) {
	client := &dns.Client{Net: network}
	conn, err := client.DialContext(ctx, address)
	if err != nil {
		return nil, nil, err
	}
	askedItself.add(conn.LocalAddr(), query)
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	reply, _, err = client.ExchangeWithConnContext(ctx, query, conn)
	return reply, askedItself.errorOf(conn.LocalAddr(), query), err
}

// lookUpAt resolves names at the server at address.
func lookUpAt(address string) lookup {
	return func(ctx context.Context, name string, qtype uint16) ([]netip.Addr, error) {
		reply, err := askListener(ctx, address, name, qtype)
		if err != nil {
			return nil, err
		}
		var ips []netip.Addr
		for _, rr := range reply.Answer {
			var ip netip.Addr
			switch rr := rr.(type) {
			case *dns.A:
				ip, _ = netip.AddrFromSlice(rr.A)
			case *dns.AAAA:
				ip, _ = netip.AddrFromSlice(rr.AAAA)
			}
			if ip.IsValid() {
				ips = append(ips, ip.Unmap())
			}
		}
		return ips, nil
	}
}

// lookAt is the check that the own listener answers a canary, within half of the time for a
// look.
func (c canary) lookAt(address string, lookTime time.Duration) func(context.Context) error {
	return twice(lookTime/2, func(ctx context.Context) error {
		_, err := askListener(ctx, address, c.name, c.qtype)
		return err
	})
}

// twice makes a look that fails if it does so two times at once: one question that is lost
// says nothing about a server. Of sixteen canaries with 5 % loss one is lost in more than half
// of all looks, and a server with a check that failed promises nothing.
func twice(patience time.Duration, look func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		first, cancel := context.WithTimeout(ctx, patience)
		err := look(first)
		cancel()
		if err == nil {
			return nil
		}
		return look(ctx)
	}
}

func (c canary) String() string { return "canary " + c.name + " " + dns.TypeToString[c.qtype] }
