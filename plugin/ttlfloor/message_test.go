package ttlfloor

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// epoch is the time in all tests: the signatures below are valid around it.
var epoch = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// raise sends m through the plugin's decision and fails the test if m is changed by
// it, or the output differs in more than TTLs and a SOA's MINIMUM.
func raise(t *testing.T, floor *TTLFloor, m *dns.Msg) (*dns.Msg, Reason) {
	t.Helper()
	before, want := m.String(), withoutTTLs(m)
	out, reasons := floor.raise(m)
	if after := m.String(); after != before {
		t.Errorf("the input was changed from\n%s\nto\n%s", before, after)
	}
	if got := withoutTTLs(out); got != want {
		t.Errorf("more than TTLs differ: from\n%s\nto\n%s", want, got)
	}
	if same := ttls(out) == ttls(m); same != (out == m) || (same && reasons != 0) {
		t.Errorf("unchanged is %t, the same message %t, for reasons %b", same, out == m, reasons)
	}
	return out, reasons
}

// withoutTTLs is m as text with 0 for every TTL that may be changed. It writes into
// the records and puts back what was there: miekg/dns cannot copy a header alone.
func withoutTTLs(m *dns.Msg) string {
	var undo []func()
	for _, section := range [][]dns.RR{m.Answer, m.Ns, m.Extra} {
		for _, rr := range section {
			if rr == nil || rr.Header().Rrtype == dns.TypeOPT {
				continue
			}
			h, ttl := rr.Header(), rr.Header().Ttl
			h.Ttl = 0
			undo = append(undo, func() { h.Ttl = ttl })
			if soa, ok := rr.(*dns.SOA); ok {
				minimum := soa.Minttl
				soa.Minttl = 0
				undo = append(undo, func() { soa.Minttl = minimum })
			}
		}
	}
	text := m.String()
	for _, f := range slices.Backward(undo) { // a record may stand in m twice
		f()
	}
	return text
}

// ttls returns the TTL of each record in section order; of a SOA also its MINIMUM.
func ttls(m *dns.Msg) string {
	var out []string
	for _, section := range [][]dns.RR{m.Answer, m.Ns, m.Extra} {
		for _, rr := range section {
			if soa, ok := rr.(*dns.SOA); ok {
				out = append(out, fmt.Sprintf("%d/%d", soa.Hdr.Ttl, soa.Minttl))
				continue
			}
			out = append(out, fmt.Sprint(rr.Header().Ttl))
		}
	}
	return strings.Join(out, " ")
}

func reasonList(r Reason) string {
	var names []string
	for i, name := range reasonNames {
		if r&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, " ")
}

// sig is an RRSIG as text: its TTL, what it covers, its original TTL, its expiration.
func sig(owner string, ttl int, covered string, original int, expires time.Time) string {
	return fmt.Sprintf("%s %d IN RRSIG %s 13 2 %d %s 20261101000000 4711 example.org. c2lnbmF0dXJl",
		owner, ttl, covered, original, dns.TimeToString(uint32(expires.Unix())))
}

func TestTTLsOfReplies(t *testing.T) {
	later := epoch.Add(24 * time.Hour)
	const soa = "authority: example.org. %d IN SOA ns.example.org. h.example.org. 1 7200 900 1209600 %d"
	negative := func(ttl, minimum int) string { return fmt.Sprintf(soa, ttl, minimum) }
	// Without jitter what is tested is which TTL a record gets, not how it scatters.
	const plain = "ttlfloor 10s {\n jitter off\n negative 20s\n}"
	tests := []struct {
		name, stanza, question string
		records                []string
		want, reasons          string
	}{
		{"zero, low and enough", plain, "a.example.org. A",
			[]string{"a.example.org. 0 IN CNAME b.example.org.", "b.example.org. 9 IN CNAME c.example.org.", "c.example.org. 11 IN A 10.0.0.1"},
			"30 10 11", "zero low"},
		{"nothing to do", plain, "a.example.org. A", []string{"a.example.org. 10 IN A 10.0.0.1"}, "10", ""},
		{"no records", plain, "a.example.org. A", nil, "", ""},
		{"one address and another beside it", plain, "a.example.org. A",
			[]string{"a.example.org. 5 IN A 10.0.0.1", "additional: b.example.org. 5 IN AAAA ::1"}, "10 10", "low"},
		{"one TTL for all", plain, "s.example.org. SRV",
			[]string{"s.example.org. 5 IN SRV 0 0 80 a.example.org.", "s.example.org. 5 IN SRV 0 0 80 b.example.org.", "additional: a.example.org. 5 IN A 10.0.0.1", "additional: b.example.org. 5 IN AAAA ::1"},
			"10 10 10 10", "low"},
		{"no records to spread", "ttlfloor {\n spread -50% -10%\n}", "a.example.org. A", []string{"authority: example.org. 60 IN NS ns.example.org."}, "60", ""},
		{"one record in each of two sections", plain, "a.example.org. A",
			[]string{"a.example.org. 1 IN A 10.0.0.1", "additional: b.example.org. 1 IN A 10.0.0.2"}, "10 10", "low"},
		{"classes are RRsets of their own", plain, "a.example.org. TXT",
			[]string{`a.example.org. 60 IN TXT "x"`, `a.example.org. 30 CH TXT "y"`}, "60 30", ""},
		{"additional section", plain, "s.example.org. SRV",
			[]string{"s.example.org. 5 IN SRV 0 0 80 a.example.org.", "additional: a.example.org. 0 IN A 10.0.0.1", "additional: a.example.org. 5 IN AAAA ::1"},
			"10 30 10", "zero low"},
		{"an RRset leaves with its smallest TTL", plain, "a.example.org. A",
			[]string{"a.example.org. 300 IN A 10.0.0.1", "A.example.org. 60 IN A 10.0.0.2", "a.example.org. 90 IN AAAA ::1"},
			"60 60 90", ""},
		{"wherever the smallest stands", plain, "a.example.org. A",
			[]string{"a.example.org. 60 IN A 10.0.0.1", "a.example.org. 300 IN A 10.0.0.2"}, "60 60", ""},
		{"the smallest of an RRset is raised", plain, "a.example.org. A",
			[]string{"a.example.org. 300 IN A 10.0.0.1", "a.example.org. 3 IN A 10.0.0.2"}, "10 10", "low"},
		{"an RRset over two sections", plain, "a.example.org. A",
			[]string{"a.example.org. 300 IN A 10.0.0.1", "additional: a.example.org. 60 IN A 10.0.0.2"}, "60 60", ""},
		{"a TTL with the top bit set is zero", plain, "a.example.org. A", []string{"a.example.org. 2147483648 IN A 10.0.0.1"}, "30", "zero"},
		{"and so it is among others", plain, "a.example.org. A",
			[]string{"a.example.org. 60 IN A 10.0.0.1", "a.example.org. 2147483648 IN A 10.0.0.2"}, "30 30", "zero"},
		{"NS and DS keep theirs everywhere", plain, "example.org. NS",
			[]string{"example.org. 1 IN NS ns.example.org.", "additional: ns.example.org. 1 IN A 10.0.0.1", "additional: sub.example.org. 1 IN DS 1 13 2 00"},
			"1 10 1", "low"},
		{"a signature over NS keeps its own", plain, "example.org. NS",
			[]string{"example.org. 1 IN NS ns.example.org.", sig("example.org.", 1, "NS", 3600, later)}, "1 1", ""},
		{"a delegation in the authority section", plain, "www.sub.example.org. A",
			[]string{"authority: sub.example.org. 1 IN NS ns.sub.example.org.", "authority: sub.example.org. 1 IN DS 1 13 2 00"}, "1 1", ""},
		{"a SOA in the authority section of a positive answer", plain, "a.example.org. A",
			[]string{"a.example.org. 60 IN A 10.0.0.1", negative(1, 1)}, "60 1/1", ""},
		{"a SOA that was asked for", plain, "example.org. SOA",
			[]string{"example.org. 5 IN SOA ns.example.org. h.example.org. 1 7200 900 1209600 1"}, "10/1", "low"},

		{"NXDOMAIN, both low", plain, "x.example.org. A", []string{"rcode: NXDOMAIN", negative(1, 2)}, "20/20", "negative"},
		{"NXDOMAIN of zero is raised to negative, not zero", plain, "x.example.org. A", []string{"rcode: NXDOMAIN", negative(0, 0)}, "20/20", "negative"},
		{"NODATA", plain, "a.example.org. AAAA", []string{negative(5, 5)}, "20/20", "negative"},
		{"NODATA behind a CNAME", plain, "a.example.org. AAAA",
			[]string{"a.example.org. 5 IN CNAME b.example.org.", negative(5, 5)}, "10 20/20", "low negative"},
		{"two SOAs: the smaller MINIMUM counts", plain, "x.example.org. A",
			[]string{"rcode: NXDOMAIN", negative(300, 300), negative(300, 5)}, "300/300 300/20", "negative"},
		{"wherever the smaller MINIMUM stands", plain, "x.example.org. A",
			[]string{"rcode: NXDOMAIN", negative(300, 5), negative(300, 300)}, "300/20 300/300", "negative"},
		{"a SOA in the answer of a denial", plain, "x.example.org. A",
			[]string{"rcode: NXDOMAIN", "example.org. 5 IN SOA ns.example.org. h.example.org. 1 7200 900 1209600 5", negative(5, 5)}, "20/20 20/20", "negative"},
		{"only the header is low", plain, "x.example.org. A", []string{"rcode: NXDOMAIN", negative(5, 300)}, "20/300", "negative"},
		{"only MINIMUM is low", plain, "x.example.org. A", []string{"rcode: NXDOMAIN", negative(300, 5)}, "300/20", "negative"},
		{"negative and enough", plain, "x.example.org. A", []string{"rcode: NXDOMAIN", negative(20, 20)}, "20/20", ""},
		{"NSEC of a denial keeps its TTL", plain, "x.example.org. A",
			[]string{"rcode: NXDOMAIN", negative(5, 5), "authority: example.org. 5 IN NSEC a.example.org. A"}, "20/20 5", "negative"},
		{"signed SOA: MINIMUM is covered by the signature", plain, "x.example.org. A",
			[]string{"rcode: NXDOMAIN", negative(5, 5), "authority: " + sig("example.org.", 5, "SOA", 3600, later)}, "20/5 20", "negative"},
		{"signed SOA: original TTL is the limit", plain, "x.example.org. A",
			[]string{"rcode: NXDOMAIN", negative(5, 5), "authority: " + sig("example.org.", 5, "SOA", 7, later)}, "7/5 7", "negative"},
		{"signed SOA with nothing left to raise", plain, "x.example.org. A",
			[]string{"rcode: NXDOMAIN", negative(300, 5), "authority: " + sig("example.org.", 300, "SOA", 300, later)}, "300/5 300", ""},
		{"a denial spread down", "ttlfloor 10s {\n spread -50% -49%\n}", "x.example.org. A",
			[]string{"rcode: NXDOMAIN", negative(9000, 300)}, "150/300", "spread"},
		{"a denial spread up", "ttlfloor 10s {\n spread 50% 51%\n}", "x.example.org. A",
			[]string{"rcode: NXDOMAIN", negative(300, 300)}, "450/450", "spread"},
		{"ANY is not denied by a SOA beside its answer", plain, "a.example.org. ANY",
			[]string{"a.example.org. 60 IN A 10.0.0.1", negative(1, 1)}, "60 1/1", ""},
		{"negative below the floor is allowed", "ttlfloor 10s {\n jitter off\n negative 3s\n}", "x.example.org. A",
			[]string{"rcode: NXDOMAIN", negative(1, 1)}, "3/3", "negative"},

		{"a signature follows its RRset", plain, "a.example.org. A",
			[]string{sig("a.example.org.", 1, "A", 3600, later), "a.example.org. 0 IN A 10.0.0.1"}, "30 30", "zero"},
		{"an RRset follows a signature with a smaller TTL", plain, "a.example.org. A",
			[]string{"a.example.org. 60 IN A 10.0.0.1", sig("a.example.org.", 40, "A", 3600, later)}, "40 40", ""},
		{"a signature with a small TTL is not raised past what it says", plain, "a.example.org. A",
			[]string{"a.example.org. 60 IN A 10.0.0.1", sig("a.example.org.", 2, "A", 4, later)}, "4 4", "low"},
		{"not above the original TTL", plain, "a.example.org. A",
			[]string{"a.example.org. 2 IN A 10.0.0.1", sig("a.example.org.", 2, "A", 4, later)}, "4 4", "low"},
		{"not above the smallest original TTL", plain, "a.example.org. A",
			[]string{"a.example.org. 2 IN A 10.0.0.1", sig("a.example.org.", 2, "A", 9, later), sig("a.example.org.", 2, "A", 4, later)}, "4 4 4", "low"},
		{"not above the smallest original TTL, first", plain, "a.example.org. A",
			[]string{"a.example.org. 2 IN A 10.0.0.1", sig("a.example.org.", 2, "A", 4, later), sig("a.example.org.", 2, "A", 9, later)}, "4 4 4", "low"},
		{"not past the expiration", plain, "a.example.org. A",
			[]string{"a.example.org. 2 IN A 10.0.0.1", sig("a.example.org.", 2, "A", 3600, epoch.Add(7*time.Second))}, "7 7", "low"},
		{"not past the first expiration", plain, "a.example.org. A",
			[]string{"a.example.org. 2 IN A 10.0.0.1", sig("a.example.org.", 2, "A", 3600, later), sig("a.example.org.", 2, "A", 3600, epoch.Add(7*time.Second))}, "7 7 7", "low"},
		{"expired: as it came", plain, "a.example.org. A",
			[]string{"a.example.org. 2 IN A 10.0.0.1", sig("a.example.org.", 2, "A", 3600, epoch.Add(-time.Second))}, "2 2", ""},
		{"signed in the authority section", plain, "a.example.org. A",
			[]string{"a.example.org. 2 IN A 10.0.0.1", "authority: " + sig("a.example.org.", 2, "A", 4, later)}, "4 2", "low"},
		{"signed elsewhere in the message", plain, "a.example.org. A",
			[]string{"a.example.org. 2 IN A 10.0.0.1", "additional: " + sig("A.EXAMPLE.org.", 2, "A", 4, later)}, "4 4", "low"},
		{"another type's signature is no limit", plain, "a.example.org. A",
			[]string{"a.example.org. 2 IN A 10.0.0.1", sig("a.example.org.", 20, "AAAA", 20, later)}, "10 20", "low"},
		{"a signature alone", plain, "a.example.org. RRSIG", []string{sig("a.example.org.", 2, "A", 8, later)}, "8", "low"},
		{"spread up stops at the original TTL", "ttlfloor 10s {\n spread 50% 60%\n}", "a.example.org. A",
			[]string{"a.example.org. 300 IN A 10.0.0.1", sig("a.example.org.", 300, "A", 320, later)}, "320 320", "spread"},

		{"spread down needs no room", "ttlfloor 10s {\n spread -50% -49%\n}", "a.example.org. A",
			[]string{"a.example.org. 300 IN A 10.0.0.1", sig("a.example.org.", 300, "A", 300, later)}, "150 150", "spread"},
		{"listed types only", "ttlfloor 10s {\n jitter off\n types A srv\n}", "s.example.org. SRV",
			[]string{"s.example.org. 1 IN SRV 0 0 80 a.example.org.", "additional: a.example.org. 1 IN A 10.0.0.1", "additional: a.example.org. 1 IN AAAA ::1",
				"additional: " + sig("a.example.org.", 1, "AAAA", 3600, later), "additional: " + sig("a.example.org.", 1, "A", 3600, later)},
			"10 10 1 1 10", "low"},
		{"a denial belongs to SOA", "ttlfloor 10s {\n jitter off\n types A\n}", "x.example.org. A", []string{"rcode: NXDOMAIN", negative(1, 1)}, "1/1", ""},

		{"SERVFAIL", plain, "a.example.org. A", []string{"rcode: SERVFAIL", "a.example.org. 0 IN A 10.0.0.1"}, "0", ""},
		{"REFUSED", plain, "a.example.org. A", []string{"rcode: REFUSED", negative(0, 0)}, "0/0", ""},
		{"AXFR", plain, "example.org. AXFR", []string{"a.example.org. 0 IN A 10.0.0.1"}, "0", ""},
		{"IXFR", plain, "example.org. IXFR", []string{"a.example.org. 0 IN A 10.0.0.1"}, "0", ""},
		{"an unknown type", plain, "a.example.org. TYPE65400", []string{`a.example.org. 0 IN TYPE65400 \# 1 00`}, "30", "zero"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			floor := newFloor(t, tc.stanza)
			floor.now = func() time.Time { return epoch }
			floor.draw = func() uint64 { return drawOf(lowest, highest) }
			out, reasons := raise(t, floor, message(t, tc.question, tc.records...))
			if got := ttls(out); got != tc.want || reasonList(reasons) != tc.reasons {
				t.Errorf("TTLs %q for %q, want %q for %q", got, reasonList(reasons), tc.want, tc.reasons)
			}
		})
	}
}

// In 2106 the times of signatures begin again at 0 (RFC 4034 section 3.1.5).
func TestExpirationIsComparedAcrossTheWrap(t *testing.T) {
	const wrap = int64(1) << 32
	floor := newFloor(t, "ttlfloor 10s {\n jitter off\n}")
	floor.now = func() time.Time { return time.Unix(wrap-8, 0) }
	m := message(t, "a.example.org. A", "a.example.org. 2 IN A 10.0.0.1",
		sig("a.example.org.", 2, "A", 3600, epoch), sig("a.example.org.", 2, "A", 3600, epoch))
	m.Answer[1].(*dns.RRSIG).Expiration = uint32((wrap - 5) % wrap)
	m.Answer[2].(*dns.RRSIG).Expiration = uint32((wrap + 5) % wrap)
	if out, _ := raise(t, floor, m); ttls(out) != "3 3 3" {
		t.Errorf("TTLs %q, want the 3 s to the first expiration", ttls(out))
	}
	// More than half the circle apart, which is the first only the present tells.
	m.Answer[1].(*dns.RRSIG).Expiration = uint32((wrap - 8 + 1<<31 - 5) % wrap)
	m.Answer[2].(*dns.RRSIG).Expiration = uint32((wrap - 8 - 100) % wrap)
	if out, _ := raise(t, floor, m); ttls(out) != "2 2 2" {
		t.Errorf("TTLs %q though a signature has expired, want them as they came", ttls(out))
	}
}

func TestOneDrawServesAMessage(t *testing.T) {
	floor := newFloor(t, "ttlfloor 100s {\n zero 100s\n}")
	calls := 0
	floor.draw = func() uint64 { calls++; return drawOf(0.5, 0.5) }
	out, _ := raise(t, floor, message(t, "a.example.org. A",
		"a.example.org. 0 IN CNAME b.example.org.", "b.example.org. 1 IN A 10.0.0.1", "b.example.org. 1 IN A 10.0.0.2", "additional: b.example.org. 1 IN AAAA ::1"))
	if got := ttls(out); got != "130 130 130 130" || calls != 1 {
		t.Errorf("TTLs %q from %d draws, want 130 four times from one", got, calls)
	}
}

func TestReplyOfManyRRsetsIsGroupedByName(t *testing.T) {
	floor := newFloor(t, "ttlfloor 10s {\n jitter off\n}")
	m := message(t, "example.org. ANY")
	for i := range 3 * indexFrom {
		upper, lower := fmt.Sprintf("N%d.example.org.", i), fmt.Sprintf("n%d.example.org.", i)
		for _, text := range []string{upper + " 300 IN A 10.0.0.1", lower + " 20 IN A 10.0.0.2", lower + " 1 IN AAAA ::1"} {
			rr, err := dns.NewRR(text)
			if err != nil {
				t.Fatal(err)
			}
			m.Answer = append(m.Answer, rr)
		}
	}
	out, _ := raise(t, floor, m)
	want := slices.Repeat([]string{"20", "20", "10"}, 3*indexFrom)
	if got := ttls(out); got != strings.Join(want, " ") {
		t.Errorf("TTLs %s", got)
	}
}

func TestMessagesThatAreNoReplyToOneQuestionPass(t *testing.T) {
	record := "a.example.org. 0 IN A 10.0.0.1"
	for name, spoil := range map[string]func(*dns.Msg){
		"no question":      func(m *dns.Msg) { m.Question = nil },
		"two questions":    func(m *dns.Msg) { m.Question = append(m.Question, m.Question[0]) },
		"NOTIFY":           func(m *dns.Msg) { m.Opcode = dns.OpcodeNotify },
		"UPDATE":           func(m *dns.Msg) { m.Opcode = dns.OpcodeUpdate },
		"extended rcode":   func(m *dns.Msg) { m.Rcode = dns.RcodeBadVers },
		"a record of none": func(m *dns.Msg) { m.Answer, m.Ns, m.Extra = []dns.RR{nil}, []dns.RR{nil}, []dns.RR{nil} },
		"RRSIG without RDATA": func(m *dns.Msg) {
			m.Answer = []dns.RR{&dns.RR_Header{Name: "a.example.org.", Rrtype: dns.TypeRRSIG, Class: dns.ClassINET}}
		},
		"class ANY":  func(m *dns.Msg) { m.Answer[0].Header().Class = dns.ClassANY },
		"class NONE": func(m *dns.Msg) { m.Answer[0].Header().Class = dns.ClassNONE },
		"records with no TTL": func(m *dns.Msg) {
			m.Answer = nil
			m.SetEdns0(1232, true)
			m.SetTsig("key.", dns.HmacSHA256, 300, epoch.Unix())
			for _, rrtype := range []uint16{dns.TypeSIG, dns.TypeTKEY, 128, 255} {
				m.Extra = append(m.Extra, &dns.RR_Header{Name: ".", Rrtype: rrtype, Class: dns.ClassINET})
			}
		},
		"RRSIG that covers nothing": func(m *dns.Msg) {
			m.Answer = []dns.RR{&dns.RRSIG{Hdr: dns.RR_Header{Name: "a.example.org.", Rrtype: dns.TypeRRSIG, Class: dns.ClassINET}}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := message(t, "a.example.org. A", record)
			spoil(m)
			if out, reasons := newFloor(t, "ttlfloor").raise(m); out != m || reasons != 0 {
				t.Errorf("became %v for %b", out, reasons)
			}
		})
	}
}
