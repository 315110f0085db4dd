// Package zone finds the zone that a name is in.
package zone

import (
	"context"
	"fmt"
	"time"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/plugin/stalecheck/ask"
	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"
)

// Of returns the zone that the server at address, IP:port, has name in. It takes no
// longer than timeout in all, however many labels name has.
func Of(ctx context.Context, timeout time.Duration, address, name string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	said := ""
	for at := name; ; at = Parent(at) {
		reply, failure := askEither(ctx, timeout, address, at)
		if failure != "" {
			return "", fmt.Errorf("%s: %s", address, failure)
		}
		if _, _, failure := ask.SOA(reply.Answer, at); failure == "" {
			return at, nil
		}
		for _, rr := range reply.Ns {
			if soa, ok := rr.(*dns.SOA); ok && dns.IsSubDomain(soa.Hdr.Name, at) {
				return dns.CanonicalName(soa.Hdr.Name), nil
			}
		}
		if said == "" {
			said = dns.RcodeToString[reply.Rcode]
		}
		if at == "." {
			return "", fmt.Errorf("%s has no zone for %s: %s", address, name, said)
		}
	}
}

// askEither asks over UDP, and if that does not answer, over TCP.
func askEither(ctx context.Context, timeout time.Duration, address, name string) (reply *dns.Msg, failure verdict.Failure) {
	for _, network := range []string{"udp", "tcp"} {
		asking, cancel := context.WithTimeout(ctx, timeout/2)
		reply, _, failure = ask.Server(asking, network, address, soa(name))
		cancel()
		if failure == "" && !reply.Truncated {
			return reply, ""
		}
	}
	return reply, failure
}

func soa(name string) *dns.Msg {
	m := new(dns.Msg)
	m.SetQuestion(name, dns.TypeSOA)
	m.RecursionDesired = false
	return m
}

// Parent returns the name above name, which has the final dot.
func Parent(name string) string {
	i, end := dns.NextLabel(name, 0)
	if end {
		return "."
	}
	return name[i:]
}
