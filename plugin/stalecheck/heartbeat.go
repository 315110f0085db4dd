package stalecheck

import (
	"context"
	"strings"
	"time"

	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"

	"github.com/miekg/dns"
)

// askHeartbeat reads the heartbeat from the backend. It asks for a CNAME first: a query for
// another type can make a backend look for the target, which is in another zone.
func (b *backend) askHeartbeat(ctx context.Context, name string, now time.Time) (time.Time, verdict.Reason) {
	if alias, _ := b.ask(ctx, name, dns.TypeCNAME); alias != nil {
		if at, reason := readHeartbeat(name, alias.Answer, now); reason != verdict.NoHeartbeat {
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
	return readHeartbeat(name, reply.Answer, now)
}

// readHeartbeat reads the answer to a query for name: every TXT record in it, and the
// CNAME record of name itself.
func readHeartbeat(name string, records []dns.RR, now time.Time) (time.Time, verdict.Reason) {
	var texts, targets []string
	for _, rr := range records {
		switch rr := rr.(type) {
		case *dns.TXT:
			// The strings of a record are one text, as in RFC 7208 section 3.3: nsupdate and
			// zone files split what is not quoted at its blanks.
			texts = append(texts, strings.Join(rr.Txt, ""))
		case *dns.CNAME:
			if strings.EqualFold(rr.Hdr.Name, name) {
				targets = append(targets, rr.Target)
			}
		}
	}
	return verdict.ReadHeartbeat(texts, targets, now)
}
