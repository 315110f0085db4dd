package stalecheck

import (
	"strings"
	"testing"

	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"

	"github.com/miekg/dns"
)

func TestTextsAreShort(t *testing.T) {
	v := &verdict.Verdict{Status: verdict.Stale, Text: strings.Repeat("x", 100), NewerElsewhere: true}
	if mark, _ := markFor(new(dns.Msg), v); len(mark.text) != 64 {
		t.Errorf("the text has %d octets", len(mark.text))
	}
	s := newCheck(t, "stalecheck {\n primary 192.0.2.1\n action refuse\n}")
	s.marked.Add(1)
	s.zones[0].verdict.Store(v)
	if got, _ := serve(t, s, query("www.example.org. A")); len(ede(got)) != 1 || len(ede(got)[0].ExtraText) != 64 {
		t.Errorf("EDE %v", ede(got))
	}
}

func TestWithoutACapTTLsStay(t *testing.T) {
	s := newCheck(t, "stalecheck {\n primary 192.0.2.1\n ttl off\n}").seen(t, "example.org.", behind95)
	s.Next = answering(message(t, "www.example.org. A", "www.example.org. 3600 IN A 10.0.0.1"))
	if got, _ := serve(t, s, query("www.example.org. A")); got.Answer[0].Header().Ttl != 3600 || len(ede(got)) != 1 {
		t.Errorf("%v", got)
	}
}

func TestSignedBelowMeansUntouched(t *testing.T) {
	m := message(t, "www.example.org. A", "www.example.org. 300 IN A 10.0.0.1")
	m.SetTsig("key.", dns.HmacSHA256, 300, 1)
	s := newCheck(t, withPrimary).seen(t, "example.org.", behind95)
	s.Next = answering(m)
	if got, _ := serve(t, s, query("www.example.org. A")); got != m {
		t.Errorf("a signed message was changed to %v", got)
	}
}

func TestRoomIsKeptForWhatComesAfter(t *testing.T) {
	s := newCheck(t, withPrimary).seen(t, "example.org.", behind95)
	s.nsidBytes = 4 + 20
	s.Next = answering(sized(t, 512-10-len(behindText)))
	q := query("www.example.org. TXT")
	q.IsEdns0().SetUDPSize(512)
	if got, _ := serve(t, s, q); ede(got)[0].ExtraText == "" {
		t.Error("the text is gone though nobody asks for an identifier")
	}
	q.IsEdns0().Option = append(q.IsEdns0().Option, &dns.EDNS0_NSID{Code: dns.EDNS0NSID})
	if got, _ := serve(t, s, q); ede(got)[0].ExtraText != "" {
		t.Error("the text takes the room of the identifier")
	}
}
