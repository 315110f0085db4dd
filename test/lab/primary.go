package lab

import (
	"testing"

	"github.com/miekg/dns"
)

// StartPrimary runs a server that has serial 1 of every zone until the test ends.
func StartPrimary(t testing.TB, seen func(zone string)) string {
	t.Helper()
	return StartDNS(t, func(w dns.ResponseWriter, r *dns.Msg) {
		zone := r.Question[0].Name
		seen(zone)
		m := new(dns.Msg).SetReply(r)
		m.Authoritative = true
		m.Answer = []dns.RR{&dns.SOA{Hdr: dns.RR_Header{Name: zone, Rrtype: dns.TypeSOA, Class: dns.ClassINET, Ttl: 60},
			Ns: "ns." + zone, Mbox: "hostmaster." + zone, Serial: 1, Refresh: 7200, Retry: 900, Expire: 1209600, Minttl: 60}}
		_ = w.WriteMsg(m)
	})
}
