package stalecheck

import (
	"context"
	"time"

	"github.com/holdfastdns/holdfast/plugin/stalecheck/ask"
	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"

	"github.com/miekg/dns"
)

// askHeartbeat reads the heartbeat from the backend. It asks for a CNAME first: a query for
// another type can make a backend look for the target, which is in another zone.
func (b *backend) askHeartbeat(ctx context.Context, name string, now time.Time) (time.Time, verdict.Reason) {
	if alias, _ := b.ask(ctx, name, dns.TypeCNAME); alias != nil {
		if at, reason := ask.Heartbeat(name, alias.Answer, now); reason != verdict.NoHeartbeat {
			return at, reason
		}
	}
	reply, failure := b.ask(ctx, name, dns.TypeTXT)
	switch {
	case failure == verdict.OtherRcode: // such as NXDOMAIN
		return time.Time{}, verdict.NoHeartbeat
	case failure != "":
		return time.Time{}, verdict.NoAnswer
	}
	return ask.Heartbeat(name, reply.Answer, now)
}
