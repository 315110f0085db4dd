package stalecheck

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/coredns/coredns/plugin/pkg/dnstest"
	"github.com/coredns/coredns/plugin/pkg/edns"
	"github.com/coredns/coredns/plugin/test"
	"github.com/coredns/coredns/request"

	"github.com/miekg/dns"
)

func TestTTLsAreCappedInCopies(t *testing.T) {
	m := message(t, "www.example.org. A",
		"www.example.org. 300 IN CNAME a.example.org.", "a.example.org. 30 IN A 10.0.0.1", "a.example.org. 31 IN A 10.0.0.2", "a.example.org. 32 IN A 10.0.0.3",
		"authority: example.org. 3600 IN NS ns.example.org.", "additional: ns.example.org. 3600 IN A 10.0.0.3")
	m.SetEdns0(4096, true)
	m.IsEdns0().Hdr.Ttl |= 0x1000 // above any cap
	m.Answer = append(m.Answer, nil, &dns.RR_Header{Name: "x.example.org.", Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 99})
	before := fmt.Sprint(m.Answer, m.Ns, m.Extra)
	c := copyReply(m)
	c.capTTLs(30)
	if after := fmt.Sprint(m.Answer, m.Ns, m.Extra); after != before {
		t.Errorf("the backend's message was changed from %s to %s", before, after)
	}
	for i, sections := range [][2][]dns.RR{{m.Answer, c.Answer}, {m.Ns, c.Ns}, {m.Extra, c.Extra}} {
		for j, was := range sections[0] {
			is := sections[1][j]
			if was == nil {
				continue
			}
			same := was.Header().Ttl <= 30 || was.Header().Rrtype == dns.TypeOPT
			if same != (was == is) {
				t.Errorf("section %d, record %d: %v became %v", i, j, was, is)
			}
			if !same && is.Header().Ttl != 30 {
				t.Errorf("%v has another TTL than 30", is)
			}
			if !same && was.String() != strings.Replace(is.String(), "\t30\t", fmt.Sprintf("\t%d\t", was.Header().Ttl), 1) {
				t.Errorf("%v became %v", was, is)
			}
		}
	}
}

// Writers nearer to the client append to what we write, the server itself to Extra.
func TestWhatIsAppendedStaysOutOfTheBackendsMessage(t *testing.T) {
	m := new(dns.Msg)
	extra := records(t, "x.example.org. 1 IN A 10.0.0.9")[0]
	for _, section := range []*[]dns.RR{&m.Answer, &m.Ns, &m.Extra} {
		*section = append(make([]dns.RR, 0, 4), records(t, "www.example.org. 1 IN A 10.0.0.1")...)
	}
	c := copyReply(m)
	c.Answer, c.Ns, c.Extra = append(c.Answer, extra), append(c.Ns, extra), append(c.Extra, extra)
	for _, section := range [][]dns.RR{m.Answer, m.Ns, m.Extra} {
		if section[:2][1] != nil {
			t.Errorf("it is in the backend's array: %v", section[:2])
		}
	}
}

func TestAnErrorIsAddedToTheOptionsThatAreThere(t *testing.T) {
	cookie := &dns.EDNS0_COOKIE{Code: dns.EDNS0COOKIE, Cookie: "0011223344556677"}
	other := &dns.EDNS0_EDE{InfoCode: dns.ExtendedErrorCodeFiltered, ExtraText: "of the upstream"}
	same := &dns.EDNS0_EDE{InfoCode: dns.ExtendedErrorCodeStaleAnswer, ExtraText: "of the upstream"}
	for name, tc := range map[string]struct {
		options []dns.EDNS0
		want    []uint16
	}{
		"none":          {nil, []uint16{3}},
		"another":       {[]dns.EDNS0{cookie}, []uint16{3}},
		"another error": {[]dns.EDNS0{cookie, other}, []uint16{17, 3}},
		"this error":    {[]dns.EDNS0{same}, []uint16{3}},
	} {
		t.Run(name, func(t *testing.T) {
			m := message(t, "www.example.org. A", "www.example.org. 3 IN A 10.0.0.1", "additional: x.example.org. 3 IN A 10.0.0.2")
			m.Extra = append(m.Extra, &dns.OPT{Hdr: dns.RR_Header{Name: ".", Rrtype: dns.TypeOPT, Class: 1232}, Option: tc.options})
			before := fmt.Sprint(m.Extra)
			s := newCheck(t, withPrimary).seen(t, "example.org.", behind95)
			s.Next = answering(m)
			got, _ := serve(t, s, query("www.example.org. A"))
			var codes []uint16
			for _, e := range ede(got) {
				codes = append(codes, e.InfoCode)
			}
			if !slices.Equal(codes, tc.want) {
				t.Errorf("errors %v, want %v", codes, tc.want)
			}
			if n := len(got.IsEdns0().Option); n != len(tc.options)+len(tc.want)-countEDE(tc.options) || len(got.Extra) != 2 {
				t.Errorf("something was lost: %v", got.Extra)
			}
			if after := fmt.Sprint(m.Extra); after != before {
				t.Errorf("the backend's message was changed from %s to %s", before, after)
			}
		})
	}
}

func countEDE(options []dns.EDNS0) (n int) {
	for _, o := range options {
		if o.Option() == dns.EDNS0EDE {
			n++
		}
	}
	return n
}

// The server copies options of the query that a plugin has registered into a reply that
// has no OPT record: ours must not be in their way.
func TestOptionsThatTheServerWouldCopyAreKept(t *testing.T) {
	const registered, unknown = 65101, 65102
	edns.SetSupportedOption(registered)
	q := query("www.example.org. A")
	for _, code := range []uint16{registered, unknown} {
		q.IsEdns0().Option = append(q.IsEdns0().Option, &dns.EDNS0_LOCAL{Code: code, Data: []byte{1}})
	}
	s := newCheck(t, withPrimary).seen(t, "example.org.", behind95)
	s.Next = answering(message(t, "www.example.org. A", "www.example.org. 3 IN A 10.0.0.1"))
	got, _ := serve(t, s, q)
	var codes []uint16
	for _, o := range got.IsEdns0().Option {
		codes = append(codes, o.Option())
	}
	if want := []uint16{registered, dns.EDNS0EDE}; !slices.Equal(codes, want) {
		t.Errorf("options %v, want %v", codes, want)
	}
}

// sized is a reply of so many octets with compression, in which an OPT record with no
// options is counted.
func sized(t *testing.T, octets int) *dns.Msg {
	t.Helper()
	m := message(t, "www.example.org. TXT")
	const opt, rr = 11, 12 + 1 // a TXT record with a compressed owner and a string of no octets
	for {
		left := octets - opt - lenCompressed(m) - rr
		if left < 0 {
			break
		}
		text := strings.Repeat("x", min(left, 100))
		if left > 100 && left < 100+rr {
			text = text[:80] // leave room for a last record
		}
		m.Answer = append(m.Answer, records(t, fmt.Sprintf("www.example.org. 3 IN TXT %q", text))...)
	}
	if got := lenCompressed(m) + opt; got != octets {
		t.Fatalf("the reply has %d octets, want %d", got, octets)
	}
	return m
}

func lenCompressed(m *dns.Msg) int {
	c := m.Copy()
	c.Compress = true
	return c.Len()
}

// The Extended DNS Error goes first (RFC 8914 section 3), before a record does.
func TestAnErrorNeverCostsARecordOrTC(t *testing.T) {
	const option = 4 + 2
	for _, tc := range []struct {
		size  uint16
		octs  int
		texts int // octets of text; -1 is no error at all
	}{
		{512, 512 - option - len(behindText), len(behindText)},
		{512, 512 - option - len(behindText) + 1, 0},
		{512, 512 - option, 0},
		{512, 512 - option + 1, -1},
		{512, 512, -1},
		{1232, 1232 - option - len(behindText), len(behindText)},
		{1232, 1232, -1},
		{100, 512 - option, 0}, // less than 512 counts as 512 (RFC 6891 section 6.2.3)
	} {
		t.Run(fmt.Sprint(tc.size, tc.octs), func(t *testing.T) {
			s := newCheck(t, withPrimary).seen(t, "example.org.", behind95)
			m := sized(t, tc.octs)
			s.Next = answering(m)
			q := query("www.example.org. TXT")
			q.IsEdns0().SetUDPSize(tc.size)
			rec := dnstest.NewRecorder(new(test.ResponseWriter))
			w := request.NewScrubWriter(q, rec)
			if _, err := s.ServeDNS(t.Context(), w, q); err != nil {
				t.Fatal(err)
			}
			got := rec.Msg
			if got.Truncated || len(got.Answer) != len(m.Answer) {
				t.Errorf("%d of %d records, TC %v", len(got.Answer), len(m.Answer), got.Truncated)
			}
			texts := -1
			if found := ede(got); len(found) == 1 {
				texts = len(found[0].ExtraText)
			}
			if texts != tc.texts {
				t.Errorf("text of %d octets, want %d", texts, tc.texts)
			}
			if packed, err := got.Pack(); err != nil || len(packed) > max(int(tc.size), 512) {
				t.Errorf("%d octets on the wire, %v", len(packed), err)
			}
		})
	}
}

func TestOverTCPThereIsRoom(t *testing.T) {
	s := newCheck(t, withPrimary).seen(t, "example.org.", behind95)
	s.Next = answering(sized(t, 20000))
	q := query("www.example.org. TXT")
	rec := dnstest.NewRecorder(&test.ResponseWriter{TCP: true})
	if _, err := s.ServeDNS(t.Context(), request.NewScrubWriter(q, rec), q); err != nil {
		t.Fatal(err)
	}
	if found := ede(rec.Msg); len(found) != 1 || found[0].ExtraText != behindText || rec.Msg.Truncated {
		t.Errorf("EDE %v, TC %v", found, rec.Msg.Truncated)
	}
}
