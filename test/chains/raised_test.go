// Package chains tests what clients get of a chain of plugins in which ttlfloor or stalecheck
// stands, with each other plugin that changes answers.
package chains

import (
	"slices"
	"testing"

	"github.com/coredns/coredns/plugin/pkg/dnstest"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
	"github.com/holdfastdns/holdfast/test/lab/embedded"
)

const (
	// A zone as cluster DNS has it: tiny TTLs, and SRV records with addresses.
	clusterZone = `$ORIGIN example.org.
@      0 IN SOA  ns hostmaster 1 7200 900 1209600 1
@      0 IN NS   ns
ns     0 IN A    10.0.0.53
www    0 IN A    10.0.0.1
www    0 IN A    10.0.0.2
alias  1 IN CNAME www
_http._tcp.web 0 IN SRV 0 50 80 a.web
_http._tcp.web 0 IN SRV 0 50 80 b.web
a.web  2 IN A    10.0.1.1
b.web  2 IN A    10.0.1.2
`
	// The floor is as high as it can be, so that no countdown of a cache comes near.
	steady = "ttlfloor 1h {\n jitter off\n}\n tap $TAP\n"
	raised = 3600
)

// expect fails the test unless every record that ttlfloor may change has TTL want,
// there are answers, and what came from below had other TTLs.
func expect(t *testing.T, s *embedded.Server, reply *dns.Msg, want uint32) {
	t.Helper()
	if reply.Rcode != dns.RcodeSuccess || len(reply.Answer) == 0 {
		t.Fatalf("no answer:\n%v", reply)
	}
	for _, rr := range slices.Concat(reply.Answer, reply.Extra) {
		switch rr.Header().Rrtype {
		case dns.TypeOPT, dns.TypeTSIG, dns.TypeNS:
			continue
		}
		if rr.Header().Ttl != want {
			t.Errorf("%v: want TTL %d", rr, want)
		}
	}
	below := s.Tap.Answer(reply)
	if below == nil {
		t.Fatalf("the tap saw no answer to %v", reply.Question)
	}
	if ttl := below.Answer[0].Header().Ttl; ttl >= want {
		t.Errorf("the backend's TTL is %d already", ttl)
	}
}

// Each backend and each plugin around the writer; the answer is as the client sees it.
func TestEveryChainAnswersRaisedTTLs(t *testing.T) {
	upstream := dnstest.NewMultipleServer(func(w dns.ResponseWriter, r *dns.Msg) {
		m := new(dns.Msg).SetReply(r)
		if r.Question[0].Qtype == dns.TypeA {
			rr, _ := dns.NewRR(r.Question[0].Name + " 100 IN A 10.0.0.1")
			m.Answer = []dns.RR{rr}
		}
		_ = w.WriteMsg(m)
	})
	t.Cleanup(upstream.Close)

	const file = " file $DIR/db example.org\n"
	tests := []struct {
		name, block, qname string
		qtype              uint16
		times              int // how often it is asked; the last answer counts too
	}{
		{"file", file, "www.example.org.", dns.TypeA, 2},
		{"hosts", " hosts {\n ttl 1\n 10.0.0.1 www.example.org\n }\n", "www.example.org.", dns.TypeA, 2},
		{"template", " template IN A {\n answer \"{{ .Name }} 0 IN A 10.0.0.1\"\n }\n", "www.example.org.", dns.TypeA, 2},
		{"forward", " forward . " + upstream.Addr + "\n", "www.example.org.", dns.TypeA, 2},
		{"cache miss and hit", " cache\n forward . " + upstream.Addr + "\n", "www.example.org.", dns.TypeA, 3},
		{"SRV with additional", file, "_http._tcp.web.example.org.", dns.TypeSRV, 2},
		{"SRV with additional from cache", " cache\n" + file, "_http._tcp.web.example.org.", dns.TypeSRV, 3},
		{"loadbalance", " loadbalance\n" + file, "www.example.org.", dns.TypeA, 3},
		{"minimal", " minimal\n" + file, "www.example.org.", dns.TypeA, 2},
		{"rewritten name", " rewrite name exact w.example.org www.example.org\n" + file, "w.example.org.", dns.TypeA, 2},
		{"dns64", " dns64 {\n allow_ipv4\n }\n" + file, "www.example.org.", dns.TypeAAAA, 2},
		{"autopath", " autopath $DIR/resolv.conf\n" + file, "www.nowhere.example.org.", dns.TypeA, 2},
		{"errors, log, prometheus and metadata", " errors\n log\n prometheus localhost:0\n metadata\n" + file, "www.example.org.", dns.TypeA, 2},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			s := embedded.Start(t, ".:0 {\n bind 127.0.0.1\n"+steady+tc.block+"}", map[string]string{
				"db": clusterZone, "resolv.conf": "search nowhere.example.org example.org\n"})
			for range tc.times {
				for _, transport := range []string{"udp", "tcp"} {
					reply := s.Ask(t, transport, lab.Query(tc.qname, tc.qtype))
					if tc.name == "dns64" || tc.name == "autopath" {
						// The tap sees the questions that these plugins ask instead.
						expectAll(t, reply, raised)
						continue
					}
					expect(t, s, reply, raised)
				}
			}
		})
	}
}

func expectAll(t *testing.T, reply *dns.Msg, want uint32) {
	t.Helper()
	if len(reply.Answer) == 0 {
		t.Fatalf("no answer:\n%v", reply)
	}
	for _, rr := range reply.Answer {
		if rr.Header().Ttl != want {
			t.Errorf("%v: want TTL %d", rr, want)
		}
	}
}

func TestDNS64AddressIsNotRaisedByADenialsFloor(t *testing.T) {
	// RFC 6147 section 5.1.7 takes the smaller of the address's and the denial's TTL.
	s := embedded.Start(t, ".:0 {\n bind 127.0.0.1\n dns64 {\n allow_ipv4\n }\n"+
		"ttlfloor 1h {\n negative 60s\n jitter off\n}\n file $DIR/db example.org\n}", map[string]string{"db": clusterZone})
	expectAll(t, s.Ask(t, "udp", lab.Query("www.example.org.", dns.TypeAAAA)), 60)
}

func TestNegativeAnswersAreRaised(t *testing.T) {
	s := embedded.Start(t, ".:0 {\n bind 127.0.0.1\n cache\n"+steady+" file $DIR/db example.org\n}", map[string]string{"db": clusterZone})
	for range 2 { // past the cache, and out of it
		for _, m := range []*dns.Msg{lab.Query("gone.example.org.", dns.TypeA), lab.Query("www.example.org.", dns.TypeMX)} {
			reply := s.Ask(t, "udp", m)
			if len(reply.Ns) != 1 {
				t.Fatalf("no denial:\n%v", reply)
			}
			soa, ok := reply.Ns[0].(*dns.SOA)
			if !ok || soa.Hdr.Ttl != raised || soa.Minttl != raised {
				t.Errorf("%v: want SOA with TTL and MINIMUM %d, have %v", m.Question, raised, reply.Ns)
			}
		}
	}
}
