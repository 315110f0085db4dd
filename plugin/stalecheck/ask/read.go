package ask

import (
	"strings"
	"time"

	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"

	"github.com/miekg/dns"
)

// RcodeFailure returns why an answer with rcode is of no use, or "".
func RcodeFailure(rcode int) verdict.Failure {
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

// SOA reads serial and EXPIRE, in seconds, of the one SOA record of zone in an answer.
func SOA(answer []dns.RR, zone string) (serial, expire uint32, failure verdict.Failure) {
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

// Heartbeat reads the answer to a query for name: every TXT record in it, and the CNAME
// record of name itself.
func Heartbeat(name string, answer []dns.RR, now time.Time) (time.Time, verdict.Reason) {
	var texts, targets []string
	for _, rr := range answer {
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
