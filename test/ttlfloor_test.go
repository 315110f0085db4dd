package test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coredns/coredns/plugin/pkg/dnstest"

	"github.com/miekg/dns"
	"github.com/prometheus/client_golang/prometheus"
)

const (
	tsigKey    = "key.example.org."
	tsigSecret = "aG9sZGZhc3QgaG9sZGZhc3QgaG9sZGZhc3QgaG9sZGY="

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
func expect(t *testing.T, s *server, reply *dns.Msg, want uint32) {
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
	below := s.tap.answer(reply)
	if below == nil {
		t.Fatalf("the tap saw no answer to %v", reply.Question)
	}
	if ttl := below.Answer[0].Header().Ttl; ttl >= want {
		t.Errorf("the backend's TTL is %d already", ttl)
	}
}

func TestEveryListenerAnswersRaisedTTLs(t *testing.T) {
	for _, transport := range []string{"udp", "tcp", "tls", "https"} {
		t.Run(transport, func(t *testing.T) {
			scheme, tlsLine := "dns", ""
			if transport == "tls" || transport == "https" {
				scheme, tlsLine = transport, "tls $DIR/cert.pem $DIR/key.pem\n"
			}
			files := map[string]string{"db": clusterZone}
			certificate(t, files)
			s := start(t, scheme+"://example.org:0 {\n bind 127.0.0.1\n"+tlsLine+steady+" file $DIR/db\n}", files)
			expect(t, s, s.ask(t, transport, query("www.example.org.", dns.TypeA)), raised)
			expect(t, s, s.ask(t, transport, query("alias.example.org.", dns.TypeA)), raised)
		})
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
		{"dnstap-free chain of many", " errors\n log\n prometheus localhost:0\n metadata\n" + file, "www.example.org.", dns.TypeA, 2},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			s := start(t, ".:0 {\n bind 127.0.0.1\n"+steady+tc.block+"}", map[string]string{
				"db": clusterZone, "resolv.conf": "search nowhere.example.org example.org\n"})
			for range tc.times {
				for _, transport := range []string{"udp", "tcp"} {
					reply := s.ask(t, transport, query(tc.qname, tc.qtype))
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
	s := start(t, ".:0 {\n bind 127.0.0.1\n dns64 {\n allow_ipv4\n }\n"+
		"ttlfloor 1h {\n negative 60s\n jitter off\n}\n file $DIR/db example.org\n}", map[string]string{"db": clusterZone})
	expectAll(t, s.ask(t, "udp", query("www.example.org.", dns.TypeAAAA)), 60)
}

func TestNegativeAnswersAreRaised(t *testing.T) {
	s := start(t, ".:0 {\n bind 127.0.0.1\n cache\n"+steady+" file $DIR/db example.org\n}", map[string]string{"db": clusterZone})
	for range 2 { // past the cache, and out of it
		for _, m := range []*dns.Msg{query("gone.example.org.", dns.TypeA), query("www.example.org.", dns.TypeMX)} {
			reply := s.ask(t, "udp", m)
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

// A stale answer has TTL 0: the upstream is gone, and every client would ask at once.
func TestStaleAnswersOfTheCacheGetTheZeroTTL(t *testing.T) {
	upstream := dnstest.NewMultipleServer(func(w dns.ResponseWriter, r *dns.Msg) {
		m := new(dns.Msg).SetReply(r)
		rr, _ := dns.NewRR(r.Question[0].Name + " 1 IN A 10.0.0.1")
		m.Answer = []dns.RR{rr}
		_ = w.WriteMsg(m)
	})
	s := start(t, ".:0 {\n bind 127.0.0.1\n ttlfloor 2s {\n zero 77s\n jitter off\n}\n tap $TAP\n"+
		"cache {\n success 1024 3600 1\n serve_stale 1h immediate\n}\n forward . "+upstream.Addr+"\n}", nil)
	expect(t, s, s.ask(t, "udp", query("www.example.org.", dns.TypeA)), 2)
	upstream.Close()

	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	deadline := time.After(20 * time.Second)
	for {
		reply := s.ask(t, "udp", query("www.example.org.", dns.TypeA))
		if below := s.tap.answer(reply); len(below.Answer) == 1 && below.Answer[0].Header().Ttl == 0 {
			expect(t, s, reply, 77)
			return
		}
		select {
		case <-deadline:
			t.Fatal("no stale answer within 20 s")
		case <-poll.C:
		}
	}
}

func TestTransfersKeepTheirTTLs(t *testing.T) {
	s := start(t, "example.org:0 {\n bind 127.0.0.1\n"+steady+" transfer {\n to *\n }\n file $DIR/db\n}", map[string]string{"db": clusterZone})
	zone := func() string {
		m := new(dns.Msg)
		m.SetAxfr("example.org.")
		envelopes, err := new(dns.Transfer).In(m, s.tcp)
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for e := range envelopes {
			if e.Error != nil {
				t.Fatal(e.Error)
			}
			for _, rr := range e.RR {
				lines = append(lines, rr.String())
			}
		}
		slices.Sort(lines)
		return strings.Join(lines, "\n")
	}
	before := zone()
	if !strings.Contains(before, "www.example.org.\t0\tIN\tA\t10.0.0.1") || strings.Contains(before, "\t3600\t") {
		t.Fatalf("the transfer has other TTLs than the zone file:\n%s", before)
	}
	// A transfer is also the way to see the zone behind ttlfloor as it is.
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			for range 250 {
				reply, err := dns.Exchange(query("alias.example.org.", dns.TypeA), s.udp)
				if err != nil || len(reply.Answer) != 3 {
					t.Errorf("%v, %v", reply, err)
				}
			}
		})
	}
	clients.Wait()
	if after := zone(); after != before {
		t.Errorf("the zone was changed from\n%s\nto\n%s", before, after)
	}
}

func TestSignatureOverTheMessageCoversTheRaisedTTL(t *testing.T) {
	s := start(t, ".:0 {\n bind 127.0.0.1\n tsig {\n secret "+tsigKey+" "+tsigSecret+"\n require all\n }\n"+steady+
		" file $DIR/db example.org\n}", map[string]string{"db": clusterZone})
	for _, transport := range []string{"udp", "tcp"} {
		m := query("www.example.org.", dns.TypeA)
		m.SetTsig(tsigKey, dns.HmacSHA256, 300, time.Now().Unix())
		reply := s.ask(t, transport, m) // fails if the MAC does not verify
		if reply.IsTsig() == nil {
			t.Fatal("the reply is not signed")
		}
		expect(t, s, reply, raised)
	}
}

func TestEachViewHasItsOwnFloorAndCounter(t *testing.T) {
	s := start(t, `.:0 {
		bind 127.0.0.1
		view inside {
			expr name() startsWith 'in.'
		}
		ttlfloor 100s {
			jitter off
		}
		template IN A {
			answer "{{ .Name }} 1 IN A 10.0.0.1"
		}
	}`, nil)
	before := counted(t, "inside", "low")
	expectAll(t, s.ask(t, "udp", query("in.example.org.", dns.TypeA)), 100)
	if n := counted(t, "inside", "low") - before; n != 1 {
		t.Errorf("%v responses of the view inside counted as low, want 1", n)
	}
}

// counted is the number of responses with a view and a reason, over all servers.
func counted(t *testing.T, view, reason string) (sum float64) {
	t.Helper()
	families, err := prometheus.DefaultGatherer.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != "coredns_ttlfloor_responses_total" {
			continue
		}
		for _, m := range f.Metric {
			labels := make(map[string]string)
			for _, l := range m.Label {
				labels[l.GetName()] = l.GetValue()
			}
			if labels["view"] == view && labels["reason"] == reason {
				sum += m.GetCounter().GetValue()
			}
		}
	}
	return sum
}

// TTLs of many replies to one question lie in the range that the stanza gives, differ
// from each other, and over all of them the RRset has one.
func TestRepliesAreScattered(t *testing.T) {
	s := start(t, ".:0 {\n bind 127.0.0.1\n ttlfloor\n tap $TAP\n cache\n file $DIR/db example.org\n}", map[string]string{"db": clusterZone})
	seen := make(map[uint32]int)
	for range 300 {
		reply := s.ask(t, "udp", query("www.example.org.", dns.TypeA))
		ttl := reply.Answer[0].Header().Ttl
		if reply.Answer[1].Header().Ttl != ttl || ttl < 5 || ttl > 45 {
			t.Fatalf("TTLs of %v", reply.Answer)
		}
		seen[ttl]++
	}
	if len(seen) < 3 {
		t.Errorf("300 replies had only the TTLs %v", seen)
	}
}

// An OPT record has its flags in the field that other records have their TTL in. The
// README warns that rewrite ttl takes the one for the other: should that be mended in
// CoreDNS, this test says so.
func TestOPTOfAnUpstreamKeepsItsFlags(t *testing.T) {
	upstream := dnstest.NewMultipleServer(func(w dns.ResponseWriter, r *dns.Msg) {
		m := new(dns.Msg).SetReply(r)
		rr, _ := dns.NewRR(r.Question[0].Name + " 1 IN A 10.0.0.1")
		m.Answer = []dns.RR{rr}
		m.SetEdns0(1232, false)
		_ = w.WriteMsg(m)
	})
	t.Cleanup(upstream.Close)
	for line, damaged := range map[string]bool{"ttlfloor 1h": false, "rewrite ttl suffix . 3600-": true} {
		t.Run(line, func(t *testing.T) {
			s := start(t, ".:0 {\n bind 127.0.0.1\n "+line+"\n forward . "+upstream.Addr+"\n}", nil)
			m := query("www.example.org.", dns.TypeA)
			m.SetEdns0(1232, false)
			reply := s.ask(t, "udp", m)
			if ttl := reply.Answer[0].Header().Ttl; ttl < raised {
				t.Errorf("the address has TTL %d", ttl)
			}
			if opt := reply.IsEdns0(); opt == nil || (opt.Hdr.Ttl != 0) != damaged {
				t.Errorf("OPT is %v: damaged is %t", opt, damaged)
			}
		})
	}
}
