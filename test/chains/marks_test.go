package chains

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
	"github.com/holdfastdns/holdfast/test/lab/embedded"
)

// oldZone was made in 1970 by its serial, in Unix seconds: it is stale from the first look.
const oldZone = `$ORIGIN example.org.
@      300 IN SOA  ns hostmaster 1000 7200 900 1209600 300
@      300 IN NS   ns
ns     300 IN A    10.0.0.53
www    300 IN A    10.0.0.1
www    300 IN A    10.0.0.2
alias  300 IN CNAME www
broken 300 IN CNAME www.example.net.
_http._tcp.web 300 IN SRV 0 50 80 www
`

const byItsSerial = " stalecheck example.org {\n serial unixtime\n }\n tap $TAP\n"

// errorsOf returns the codes of m's Extended DNS Errors.
func errorsOf(m *dns.Msg) (codes []uint16) {
	for _, e := range lab.Explanations(m) {
		codes = append(codes, e.InfoCode)
	}
	return codes
}

// startStale runs a Corefile until the zone of the tap's block is known to be stale.
func startStale(t *testing.T, corefile string, files map[string]string) *embedded.Server {
	t.Helper()
	s := embedded.Start(t, corefile, files)
	lab.Until(t, "the zone is stale", func() bool {
		return len(errorsOf(s.Ask(t, "udp", lab.QueryWithOPT("ns.example.org.", dns.TypeA, 1232)))) > 0
	})
	return s
}

// expectMark fails the test unless m has one Extended DNS Error and no TTL above the cap.
func expectMark(t *testing.T, m *dns.Msg, code uint16) {
	t.Helper()
	if got := errorsOf(m); !slices.Equal(got, []uint16{code}) {
		t.Errorf("errors %v, want %d in\n%v", got, code, m)
	}
	for _, rr := range slices.Concat(m.Answer, m.Ns, m.Extra) {
		if h := rr.Header(); h.Rrtype != dns.TypeOPT && h.Rrtype != dns.TypeTSIG && h.Ttl > 30 {
			t.Errorf("a TTL above 30: %v", rr)
		}
	}
}

// Each plugin that drops, doubles or reorders what is in a reply, around ours.
func TestEveryChainMarksTheAnswersOfAStaleZone(t *testing.T) {
	for name, tc := range map[string]struct{ above, below string }{
		"file alone":  {},
		"cache":       {below: " cache\n"},
		"minimal":     {below: " minimal\n"},
		"both":        {below: " cache\n minimal\n"},
		"dns64":       {above: " dns64 {\n allow_ipv4\n }\n", below: " cache\n"},
		"dns64 all":   {above: " dns64 {\n allow_ipv4\n translate_all\n }\n"},
		"rewrite ttl": {below: " rewrite ttl suffix . 3600-\n cache\n"},
		"ttlfloor":    {above: " ttlfloor 20s {\n jitter off\n }\n", below: " cache\n"},
		"loadbalance": {above: " loadbalance\n", below: " cache\n"},
		"nsid":        {above: " nsid holdfast\n"},
		"header":      {below: " header {\n response set ra\n }\n"},
	} {
		t.Run(name, func(t *testing.T) {
			s := startStale(t, ".:0 {\n bind 127.0.0.1\n"+tc.above+byItsSerial+tc.below+" file $DIR/db example.org\n}", map[string]string{"db": oldZone})
			for range 2 { // a miss and, with a cache, a hit
				for _, transport := range []string{"udp", "tcp"} {
					expectMark(t, s.Ask(t, transport, lab.QueryWithOPT("www.example.org.", dns.TypeA, 1232)), dns.ExtendedErrorCodeStaleAnswer)
					expectMark(t, s.Ask(t, transport, lab.QueryWithOPT("alias.example.org.", dns.TypeA, 1232)), dns.ExtendedErrorCodeStaleAnswer)
					expectMark(t, s.Ask(t, transport, lab.QueryWithOPT("_http._tcp.web.example.org.", dns.TypeSRV, 1232)), dns.ExtendedErrorCodeStaleAnswer)
					expectMark(t, s.Ask(t, transport, lab.QueryWithOPT("www.example.org.", dns.TypeTXT, 1232)), dns.ExtendedErrorCodeStaleAnswer) // NODATA
					expectMark(t, s.Ask(t, transport, lab.QueryWithOPT("gone.example.org.", dns.TypeA, 1232)), dns.ExtendedErrorCodeStaleNXDOMAINAnswer)
					expectMark(t, s.Ask(t, transport, lab.QueryWithOPT("gone.example.org.", dns.TypeAAAA, 1232)), dns.ExtendedErrorCodeStaleNXDOMAINAnswer)
					expectMark(t, s.Ask(t, transport, lab.QueryWithOPT("www.example.org.", dns.TypeAAAA, 1232)), dns.ExtendedErrorCodeStaleAnswer) // dns64 asks twice
				}
			}
			for _, plain := range []*dns.Msg{lab.Query("www.example.org.", dns.TypeA), lab.Query("gone.example.org.", dns.TypeA)} {
				if reply := s.Ask(t, "udp", plain); reply.IsEdns0() != nil {
					t.Errorf("an OPT record that was not asked for:\n%v", reply)
				}
			}
		})
	}
}

// The backend is read as it is, whatever the plugins in between would do to the query.
func TestTheBackendIsReadPastWhatStandsInBetween(t *testing.T) {
	for name, between := range map[string]string{
		"acl":     " acl {\n allow net 127.0.0.0/32\n block type SOA net 127.0.0.0/8\n }\n",
		"rewrite": " rewrite type SOA A\n",
		"cache":   " cache {\n success 1000 3600 3600\n }\n",
	} {
		t.Run(name, func(t *testing.T) {
			startStale(t, ".:0 {\n bind 127.0.0.1\n"+byItsSerial+between+" file $DIR/db example.org\n}", map[string]string{"db": oldZone})
		})
	}
}

func TestMarksAreUnderTheSignatureOfTSIG(t *testing.T) {
	s := embedded.Start(t, ".:0 {\n bind 127.0.0.1\n tsig {\n secret "+lab.TSIGKey+" "+lab.TSIGSecret+"\n require all\n }\n"+byItsSerial+
		" file $DIR/db example.org\n}", map[string]string{"db": oldZone})
	signed := func(transport, name string) *dns.Msg {
		m := lab.QueryWithOPT(name, dns.TypeA, 1232)
		m.SetTsig(lab.TSIGKey, dns.HmacSHA256, 300, time.Now().Unix())
		reply := s.Ask(t, transport, m) // fails if the MAC does not verify
		if reply.IsTsig() == nil {
			t.Fatal("the reply is not signed")
		}
		return reply
	}
	lab.Until(t, "the zone is stale", func() bool { return len(errorsOf(signed("udp", "www.example.org."))) > 0 })
	for _, transport := range []string{"udp", "tcp"} {
		expectMark(t, signed(transport, "www.example.org."), dns.ExtendedErrorCodeStaleAnswer)
		expectMark(t, signed(transport, "gone.example.org."), dns.ExtendedErrorCodeStaleNXDOMAINAnswer)
	}
}

// Replies of every size around what a client takes have the records and the TC bit that
// they have without the plugin, also after plugins nearer to the client have added to them.
func TestMarksCostNoRecordAndNoTC(t *testing.T) {
	zone := oldZone
	for n := 300; n < 520; n++ {
		zone += fmt.Sprintf("t%d 300 IN TXT \"%s\" \"%s\"\n", n, strings.Repeat("x", 200), strings.Repeat("y", n-200-60))
	}
	for n := 1; n < 32; n++ {
		for i := range n {
			zone += fmt.Sprintf("a%d 300 IN A 10.0.0.%d\n", n, i)
		}
	}
	texts := func(m *dns.Msg) (all []*dns.Msg) {
		for n := 300; n < 520; n++ {
			m := m.Copy()
			m.Question[0] = dns.Question{Name: fmt.Sprintf("t%d.example.org.", n), Qtype: dns.TypeTXT, Qclass: dns.ClassINET}
			all = append(all, m)
		}
		return all
	}
	var addresses []*dns.Msg
	for n := 1; n < 32; n++ {
		addresses = append(addresses, lab.QueryWithOPT(fmt.Sprintf("a%d.example.org.", n), dns.TypeAAAA, 512), lab.QueryWithOPT(fmt.Sprintf("a%d.example.org.", n), dns.TypeA, 512))
	}
	nsid := lab.QueryWithOPT(".", dns.TypeTXT, 512)
	nsid.IsEdns0().Option = []dns.EDNS0{&dns.EDNS0_NSID{Code: dns.EDNS0NSID}}
	for name, tc := range map[string]struct {
		above   string
		queries []*dns.Msg
	}{
		"alone":        {"", texts(lab.QueryWithOPT(".", dns.TypeTXT, 512))},
		"without EDNS": {"", texts(lab.Query(".", dns.TypeTXT))},
		"nsid":         {" nsid \"of this very server\"\n", texts(nsid)},
		"dns64":        {" dns64 {\n allow_ipv4\n }\n", addresses},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{"db": zone}
			marked := startStale(t, ".:0 {\n bind 127.0.0.1\n"+tc.above+byItsSerial+" file $DIR/db example.org\n}", files)
			plain := embedded.Start(t, ".:0 {\n bind 127.0.0.1\n"+tc.above+" file $DIR/db example.org\n}", files)
			count := make(map[string]int)
			for _, m := range tc.queries {
				want, got := plain.Ask(t, "udp", m.Copy()), marked.Ask(t, "udp", m.Copy())
				if got.Truncated != want.Truncated || len(got.Answer) != len(want.Answer) || len(got.Ns) != len(want.Ns) || len(got.Extra) != len(want.Extra) {
					t.Fatalf("%v\nand without the plugin\n%v", got, want)
				}
				got.Compress = true
				if packed, err := got.Pack(); err != nil || len(packed) > 512 {
					t.Errorf("%d octets on the wire, %v", len(packed), err)
				}
				switch codes := errorsOf(got); {
				case len(codes) == 0:
					count["no error"]++
				case strings.Contains(got.IsEdns0().String(), "(serial 1000"):
					count["with text"]++
				default:
					count["without text"]++
				}
			}
			if kinds := len(count); (kinds != 3) != (name == "without EDNS") {
				t.Errorf("of the replies %v: want some of each", count)
			}
		})
	}
}

func TestTransfersOfAStaleZoneAreAsTheyAre(t *testing.T) {
	s := startStale(t, "example.org:0 {\n bind 127.0.0.1\n"+byItsSerial+" transfer {\n to *\n }\n file $DIR/db\n}", map[string]string{"db": oldZone})
	for _, m := range []*dns.Msg{new(dns.Msg).SetAxfr("example.org."), new(dns.Msg).SetIxfr("example.org.", 999, "ns.example.org.", "h.example.org.")} {
		m.SetEdns0(1232, false)
		envelopes, err := new(dns.Transfer).In(m, s.TCP)
		if err != nil {
			t.Fatal(err)
		}
		records := 0
		for e := range envelopes {
			if e.Error != nil {
				t.Fatal(e.Error)
			}
			for _, rr := range e.RR {
				records++
				if rr.Header().Ttl != 300 {
					t.Errorf("%v has another TTL than in the zone", rr)
				}
			}
		}
		if records != 9 {
			t.Errorf("%d records, want 9", records)
		}
	}
}

func TestBackendsOfAStaleZoneKeepTheirDataUnderConcurrentClients(t *testing.T) {
	s := startStale(t, "example.org:0 {\n bind 127.0.0.1\n"+byItsSerial+" file $DIR/db\n}", map[string]string{"db": oldZone})
	askConcurrently(t, s, "www.example.org.") // the tap compares
	reply := s.Ask(t, "udp", lab.Query("www.example.org.", dns.TypeA))
	if ttl := s.Tap.Answer(reply).Answer[0].Header().Ttl; ttl != 300 || reply.Answer[0].Header().Ttl != 30 {
		t.Errorf("the backend's TTL is %d and the answer's %d", ttl, reply.Answer[0].Header().Ttl)
	}
}

// A SERVFAIL that file returns because an alias leads nowhere is not the zone's.
func TestFailuresThatAreNotTheZonesStay(t *testing.T) {
	s := startStale(t, ".:0 {\n bind 127.0.0.1\n"+byItsSerial+" template IN ANY example.net {\n rcode SERVFAIL\n }\n file $DIR/db example.org\n}", map[string]string{"db": oldZone})
	if got := errorsOf(s.Ask(t, "udp", lab.QueryWithOPT("www.example.net.", dns.TypeA, 1232))); len(got) > 0 {
		t.Errorf("another zone's failure has errors %v", got)
	}
	reply := s.Ask(t, "udp", lab.QueryWithOPT("broken.example.org.", dns.TypeA, 1232))
	if reply.Rcode != dns.RcodeServerFailure || len(reply.Answer) != 1 {
		t.Fatalf("the alias that leads nowhere is\n%v", reply)
	}
	expectMark(t, reply, dns.ExtendedErrorCodeStaleAnswer) // the alias is of the zone
}
