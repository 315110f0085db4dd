package chains

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/coredns/coredns/plugin/pkg/dnstest"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

// explain answers as a resolver does that says how well it is: word. It always has a zone's SOA record.
func explain(w dns.ResponseWriter, r *dns.Msg, word string) {
	m, q := new(dns.Msg).SetReply(r), r.Question[0]
	soa, _ := dns.NewRR(q.Name[len(q.Name)-len("example.org."):] + " 300 IN SOA ns hostmaster 1000 7200 900 1209600 300")
	a, _ := dns.NewRR(q.Name + " 1 IN A 10.0.0.1")
	if m.Answer = []dns.RR{a}; q.Qtype == dns.TypeSOA {
		m.Answer, word = []dns.RR{soa}, ""
	}
	var codes []uint16
	switch word {
	case "failed":
		m.Rcode, m.Answer, codes = dns.RcodeServerFailure, nil, []uint16{dns.ExtendedErrorCodeNoReachableAuthority, dns.ExtendedErrorCodeNetworkError}
	case "gone":
		m.Rcode, m.Answer, m.Ns, codes = dns.RcodeNameError, nil, []dns.RR{soa}, []uint16{dns.ExtendedErrorCodeStaleNXDOMAINAnswer}
	case "old":
		codes = []uint16{dns.ExtendedErrorCodeStaleAnswer}
	case "late":
		codes = []uint16{dns.ExtendedErrorCodeNoReachableAuthority, dns.ExtendedErrorCodeNetworkError}
	}
	m.SetEdns0(1232, false)
	for _, code := range codes {
		m.IsEdns0().Option = append(m.IsEdns0().Option, &dns.EDNS0_EDE{InfoCode: code, ExtraText: byUpstream})
	}
	_ = w.WriteMsg(m)
}

const byUpstream = "an upstream's text"

// A resolver's explanations stay in the reply, with their texts, and what it says of its own old data is not
// said a second time. CoreDNS's cache drops them: should that be mended, this test says so.
func TestErrorsThatAnUpstreamExplainsAreKept(t *testing.T) {
	upstream := dnstest.NewMultipleServer(func(w dns.ResponseWriter, r *dns.Msg) {
		explain(w, r, dns.SplitDomainName(r.Question[0].Name)[0])
	})
	t.Cleanup(upstream.Close)
	for name, tc := range map[string]struct {
		lines string
		want  map[string]string // the zone example.org is stale
	}{
		"forward": {" forward . " + upstream.Addr + "\n", map[string]string{
			"www.example.net.":    "",
			"failed.example.net.": "22 upstream, 23 upstream",
			"gone.example.net.":   "19 upstream",
			"old.example.net.":    "3 upstream",
			"late.example.net.":   "22 upstream, 23 upstream",
			"www.example.org.":    "3 stalecheck",
			"failed.example.org.": "22 upstream, 23 upstream",
			"gone.example.org.":   "19 upstream",
			"old.example.org.":    "3 upstream",
			"late.example.org.":   "22 upstream, 23 upstream, 3 stalecheck",
		}},
		"cache": {" cache\n forward . " + upstream.Addr + "\n", map[string]string{
			"www.example.net.":    "",
			"failed.example.net.": "",
			"gone.example.net.":   "",
			"old.example.net.":    "",
			"late.example.net.":   "",
			"www.example.org.":    "3 stalecheck",
			"failed.example.org.": "",
			"gone.example.org.":   "19 stalecheck",
			"old.example.org.":    "3 stalecheck",
			"late.example.org.":   "3 stalecheck",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s := startStale(t, ".:0 {\n bind 127.0.0.1\n ttlfloor 1h {\n jitter off\n }\n"+byItsSerial+tc.lines+"}", nil)
			for question, want := range tc.want {
				for range 2 { // past a cache, and out of it
					reply := s.Ask(t, "udp", lab.QueryWithOPT(question, dns.TypeA, 1232))
					var told []string
					for _, e := range lab.Explanations(reply) {
						by := "stalecheck"
						if e.ExtraText == byUpstream {
							by = "upstream"
						}
						told = append(told, fmt.Sprint(e.InfoCode, " ", by))
					}
					if got := strings.Join(told, ", "); got != want {
						t.Errorf("%s has errors %q, want %q\n%v", question, got, want, reply)
					}
					for _, rr := range slices.Concat(reply.Answer, reply.Ns) {
						if rr.Header().Ttl != raised {
							t.Errorf("%v: want TTL %d", rr, raised)
						}
					}
				}
			}
		})
	}
}

// The zone is stale, and cache serves answers beyond their TTL because the upstream fails: that is one mark.
func TestAnswersThatTheCacheServesStaleAreMarkedOnce(t *testing.T) {
	var word atomic.Value
	word.Store("well")
	upstream := dnstest.NewMultipleServer(func(w dns.ResponseWriter, r *dns.Msg) { explain(w, r, word.Load().(string)) })
	t.Cleanup(upstream.Close)
	s := startStale(t, ".:0 {\n bind 127.0.0.1\n ttlfloor 2s {\n zero 77s\n jitter off\n }\n"+byItsSerial+
		" cache {\n success 1024 3600 1\n serve_stale 1h immediate\n }\n forward . "+upstream.Addr+"\n}", nil)
	ask := func() *dns.Msg { return s.Ask(t, "udp", lab.QueryWithOPT("www.example.org.", dns.TypeA, 1232)) }
	ask() // what the cache will have
	word.Store("failed")
	lab.Until(t, "an answer that the cache serves stale", func() bool {
		reply := ask()
		if got := errorsOf(reply); !slices.Equal(got, []uint16{dns.ExtendedErrorCodeStaleAnswer}) || len(reply.Answer) != 1 {
			t.Fatalf("errors %v, want one\n%v", got, reply)
		}
		return reply.Answer[0].Header().Ttl == 77
	})
}
