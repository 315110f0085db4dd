package stalecheck

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/coredns/coredns/plugin/test"
	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"

	"github.com/miekg/dns"
)

const behindText = "95s behind, serial 2026112101 < 2026112105"

func TestAnswersOfAStaleZoneAreFlagged(t *testing.T) {
	soa := "authority: example.org. 3600 IN SOA ns.example.org. h.example.org. 2026112101 7200 900 1209600 300"
	for name, tc := range map[string]struct {
		reply *dns.Msg
		code  uint16
	}{
		"positive":            {message(t, "www.example.org. A", "www.example.org. 300 IN A 10.0.0.1"), dns.ExtendedErrorCodeStaleAnswer},
		"the apex itself":     {message(t, "example.org. SOA", "example.org. 300 IN SOA ns.example.org. h.example.org. 1 2 3 4 5"), dns.ExtendedErrorCodeStaleAnswer},
		"in capitals":         {message(t, "WWW.EXAMPLE.ORG. A", "WWW.EXAMPLE.ORG. 300 IN A 10.0.0.1"), dns.ExtendedErrorCodeStaleAnswer},
		"NODATA":              {message(t, "www.example.org. AAAA", soa), dns.ExtendedErrorCodeStaleAnswer},
		"NXDOMAIN":            {message(t, "gone.example.org. A", "rcode: NXDOMAIN", soa), dns.ExtendedErrorCodeStaleNXDOMAINAnswer},
		"an alias that fails": {message(t, "www.example.org. A", "rcode: SERVFAIL", "www.example.org. 300 IN CNAME www.example.net."), dns.ExtendedErrorCodeStaleAnswer},
		"a failure":           {message(t, "www.example.org. A", "rcode: SERVFAIL"), 0},
		"a refusal":           {message(t, "www.example.org. A", "rcode: REFUSED"), 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := newCheck(t, withPrimary).seen(t, "example.org.", behind95)
			s.Next = answering(tc.reply)
			got, _ := serve(t, s, query(tc.reply.Question[0].Name+" "+dns.TypeToString[tc.reply.Question[0].Qtype]))
			if tc.code == 0 {
				if got != tc.reply {
					t.Fatalf("it was touched: %v", got)
				}
				return
			}
			if want := []dns.EDNS0_EDE{{InfoCode: tc.code, ExtraText: behindText}}; !slices.Equal(ede(got), want) {
				t.Errorf("EDE %v, want %v", ede(got), want)
			}
			for _, section := range [][]dns.RR{got.Answer, got.Ns} {
				for _, rr := range section {
					if rr.Header().Ttl > 30 {
						t.Errorf("a TTL is above 30: %v", rr)
					}
				}
			}
		})
	}
}

func TestWhatIsNotALookupInAStaleZoneIsUntouched(t *testing.T) {
	for name, spoil := range map[string]func(q *dns.Msg){
		"another zone":                  func(q *dns.Msg) { q.Question[0].Name = "www.example.net." },
		"a name that ends like it":      func(q *dns.Msg) { q.Question[0].Name = "www.anexample.org." },
		"a dot that is part of a label": func(q *dns.Msg) { q.Question[0].Name = `www\.example.org.` },
		"the parent":                    func(q *dns.Msg) { q.Question[0].Name = "org." },
		"AXFR":                          func(q *dns.Msg) { q.Question[0].Qtype = dns.TypeAXFR },
		"IXFR":                          func(q *dns.Msg) { q.Question[0].Qtype = dns.TypeIXFR },
		"NOTIFY":                        func(q *dns.Msg) { q.Opcode = dns.OpcodeNotify },
		"UPDATE":                        func(q *dns.Msg) { q.Opcode = dns.OpcodeUpdate },
		"no question":                   func(q *dns.Msg) { q.Question = nil },
		"two questions":                 func(q *dns.Msg) { q.Question = append(q.Question, q.Question[0]) },
	} {
		for _, action := range []string{"flag", "servfail", "refuse"} {
			t.Run(name+" "+action, func(t *testing.T) {
				s := newCheck(t, "stalecheck {\n primary 192.0.2.1\n action "+action+"\n}").seen(t, "example.org.", behind95)
				reply := message(t, "www.example.org. A", "www.example.org. 300 IN A 10.0.0.1")
				s.Next = answering(reply)
				q := query("www.example.org. A")
				spoil(q)
				if got, _ := serve(t, s, q); got != reply {
					t.Errorf("it was touched: %v", got)
				}
			})
		}
	}
}

func TestTheLongestZoneDecides(t *testing.T) {
	s := newCheck(t, "stalecheck example.org a.example.org {\n primary 192.0.2.1\n}").seen(t, "a.example.org.", behind95)
	for name, want := range map[string]bool{"www.a.example.org.": true, "a.example.org.": true, "b.example.org.": false, "example.org.": false} {
		s.Next = answering(message(t, name+" A", name+" 300 IN A 10.0.0.1"))
		if got, _ := serve(t, s, query(name+" A")); (len(ede(got)) == 1) != want {
			t.Errorf("%s: %v", name, ede(got))
		}
	}
}

func TestTheRootIsAZone(t *testing.T) {
	s := newCheck(t, withPrimary)
	z := s.zones[0]
	s.byName = map[string]*zone{".": z}
	for _, name := range []string{".", "www.example.org."} {
		if s.match(name) != z {
			t.Errorf("%s is not below the root", name)
		}
	}
}

func TestNoOPTInTheQueryMeansNoneInTheReply(t *testing.T) {
	for name, seen := range map[string]func(*verdict.History){"stale": behind95, "never loaded": neverServed} {
		s := newCheck(t, withPrimary).seen(t, "example.org.", seen)
		s.Next = answering(message(t, "www.example.org. A", "www.example.org. 300 IN A 10.0.0.1"))
		if name == "never loaded" {
			s.Next = returning(dns.RcodeServerFailure, nil)
		}
		q := query("www.example.org. A")
		q.Extra = nil
		got, _ := serve(t, s, q)
		if got.IsEdns0() != nil {
			t.Errorf("%s: %v", name, got)
		}
		if name == "stale" && got.Answer[0].Header().Ttl != 30 {
			t.Errorf("the TTL is not capped: %v", got)
		}
	}
}

func TestFreshZonesGetNoWriter(t *testing.T) {
	s := newCheck(t, "stalecheck example.org a.example.org b.example.org {\n primary 192.0.2.1\n}")
	reply := message(t, "www.example.org. A", "www.example.org. 300 IN A 10.0.0.1")
	s.Next = answering(reply)
	for range 2 {
		if got, _ := serve(t, s, query("www.example.org. A")); got != reply {
			t.Errorf("it was touched: %v", got)
		}
		s.seen(t, "b.example.org.", behind95) // another zone
	}
	s.seen(t, "b.example.org.", func(h *verdict.History) { h.ObserveOwn(2026112105, 1000, "", at) })
	if n := s.marked.Load(); n != 0 {
		t.Errorf("%d zones are marked, want none after the cure", n)
	}
}

func TestNoNextPluginIsAnError(t *testing.T) {
	s := newCheck(t, withPrimary).seen(t, "example.org.", behind95)
	code, err := s.ServeDNS(context.Background(), new(test.ResponseWriter), query("www.example.org. A"))
	if code != dns.RcodeServerFailure || err == nil {
		t.Errorf("ServeDNS = %d, %v", code, err)
	}
	s.Next = answering(nil)
	if _, err := s.ServeDNS(context.Background(), new(test.ResponseWriter), query("www.example.org. A")); !errors.Is(err, errNilMessage) {
		t.Errorf("ServeDNS of a nil message: %v", err)
	}
}
