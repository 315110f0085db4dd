package chains

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coredns/coredns/plugin/pkg/dnstest"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
	"github.com/holdfastdns/holdfast/test/lab/embedded"
)

// A stale answer has TTL 0: the upstream is gone, and every client would ask at once.
func TestStaleAnswersOfTheCacheGetTheZeroTTL(t *testing.T) {
	upstream := dnstest.NewMultipleServer(func(w dns.ResponseWriter, r *dns.Msg) {
		m := new(dns.Msg).SetReply(r)
		rr, _ := dns.NewRR(r.Question[0].Name + " 1 IN A 10.0.0.1")
		m.Answer = []dns.RR{rr}
		_ = w.WriteMsg(m)
	})
	s := embedded.Start(t, ".:0 {\n bind 127.0.0.1\n ttlfloor 2s {\n zero 77s\n jitter off\n}\n tap $TAP\n"+
		"cache {\n success 1024 3600 1\n serve_stale 1h immediate\n}\n forward . "+upstream.Addr+"\n}", nil)
	expect(t, s, s.Ask(t, "udp", lab.Query("www.example.org.", dns.TypeA)), 2)
	upstream.Close()

	lab.Until(t, "a stale answer", func() bool {
		reply := s.Ask(t, "udp", lab.Query("www.example.org.", dns.TypeA))
		below := s.Tap.Answer(reply)
		if len(below.Answer) != 1 || below.Answer[0].Header().Ttl != 0 {
			return false
		}
		expect(t, s, reply, 77)
		return true
	})
}

func TestTransfersKeepTheirTTLs(t *testing.T) {
	s := embedded.Start(t, "example.org:0 {\n bind 127.0.0.1\n"+steady+" transfer {\n to *\n }\n file $DIR/db\n}", map[string]string{"db": clusterZone})
	zone := func() string {
		m := new(dns.Msg)
		m.SetAxfr("example.org.")
		envelopes, err := new(dns.Transfer).In(m, s.TCP)
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
	askConcurrently(t, s, "alias.example.org.")
	if after := zone(); after != before {
		t.Errorf("the zone was changed from\n%s\nto\n%s", before, after)
	}
}

// hosts has no transfer: here the tap compares what the backend handed out with what
// it is after the writers above had it, for each of thousands of answers.
func TestBackendsKeepTheirDataUnderConcurrentClients(t *testing.T) {
	for name, block := range map[string]string{
		"file":  " file $DIR/db\n",
		"hosts": " hosts {\n ttl 1\n 10.0.0.1 www.example.org\n 10.0.0.2 www.example.org\n }\n",
	} {
		t.Run(name, func(t *testing.T) {
			s := embedded.Start(t, "example.org:0 {\n bind 127.0.0.1\n ttlfloor {\n spread 10% 50%\n}\n tap $TAP\n"+block+"}", map[string]string{"db": clusterZone})
			first := s.Ask(t, "udp", lab.Query("www.example.org.", dns.TypeA))
			before := embedded.Records(s.Tap.Answer(first))
			askConcurrently(t, s, "www.example.org.")
			last := s.Ask(t, "udp", lab.Query("www.example.org.", dns.TypeA))
			if after := embedded.Records(s.Tap.Answer(last)); after != before {
				t.Errorf("%s answered %s, and after thousands of queries %s", name, before, after)
			}
		})
	}
}

// askConcurrently asks for the addresses of name 2000 times, over 8 sockets at once.
func askConcurrently(t *testing.T, s *embedded.Server, name string) {
	t.Helper()
	client := dns.Client{Timeout: lab.Patience}
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			for range 250 {
				reply, _, err := client.Exchange(lab.Query(name, dns.TypeA), s.UDP)
				if err != nil || len(reply.Answer) < 2 {
					t.Errorf("%v, %v", reply, err)
				}
			}
		})
	}
	clients.Wait()
}

func TestSignatureOverTheMessageCoversTheRaisedTTL(t *testing.T) {
	s := embedded.Start(t, ".:0 {\n bind 127.0.0.1\n tsig {\n secret "+lab.TSIGKey+" "+lab.TSIGSecret+"\n require all\n }\n"+steady+
		" file $DIR/db example.org\n}", map[string]string{"db": clusterZone})
	for _, transport := range []string{"udp", "tcp"} {
		m := lab.Query("www.example.org.", dns.TypeA)
		m.SetTsig(lab.TSIGKey, dns.HmacSHA256, 300, time.Now().Unix())
		reply := s.Ask(t, transport, m) // fails if the MAC does not verify
		if reply.IsTsig() == nil {
			t.Fatal("the reply is not signed")
		}
		expect(t, s, reply, raised)
	}
}

func TestEachViewHasItsOwnFloorAndCounter(t *testing.T) {
	s := embedded.Start(t, `.:0 {
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
	expectAll(t, s.Ask(t, "udp", lab.Query("in.example.org.", dns.TypeA)), 100)
	if n := counted(t, "inside", "low") - before; n != 1 {
		t.Errorf("%v responses of the view inside counted as low, want 1", n)
	}
}

// counted is the number of responses with a view and a reason, over all servers.
func counted(t *testing.T, view, reason string) (sum float64) {
	t.Helper()
	for labels, value := range embedded.Metrics(t, "coredns_ttlfloor_responses_total") {
		if labels["view"] == view && labels["reason"] == reason {
			sum += value
		}
	}
	return sum
}

// TTLs of many replies to one question lie in the range that the stanza gives, differ
// from each other, and over all of them the RRset has one.
func TestRepliesAreScattered(t *testing.T) {
	s := embedded.Start(t, ".:0 {\n bind 127.0.0.1\n ttlfloor\n tap $TAP\n cache\n file $DIR/db example.org\n}", map[string]string{"db": clusterZone})
	seen := make(map[uint32]int)
	for range 300 {
		reply := s.Ask(t, "udp", lab.Query("www.example.org.", dns.TypeA))
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
			s := embedded.Start(t, ".:0 {\n bind 127.0.0.1\n "+line+"\n forward . "+upstream.Addr+"\n}", nil)
			m := lab.Query("www.example.org.", dns.TypeA)
			m.SetEdns0(1232, false)
			reply := s.Ask(t, "udp", m)
			if ttl := reply.Answer[0].Header().Ttl; ttl < raised {
				t.Errorf("the address has TTL %d", ttl)
			}
			if opt := reply.IsEdns0(); opt == nil || (opt.Hdr.Ttl != 0) != damaged {
				t.Errorf("OPT is %v: damaged is %t", opt, damaged)
			}
		})
	}
}
