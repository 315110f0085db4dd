package ttlfloor

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// What a DNAME makes leaves with the DNAME's TTL: RFC 6672 section 3.1.
func TestSynthesizedCNAMEsLeaveAsTheirDNAMEs(t *testing.T) {
	later := epoch.Add(24 * time.Hour)
	const (
		plain = "ttlfloor 10s {\n jitter off\n}"
		dname = "d.example.org. 2 IN DNAME e.example.org."
		cname = "x.d.example.org. 2 IN CNAME x.e.example.org."
		a     = "x.e.example.org. 2 IN A 10.0.0.1"
	)
	signature := sig("d.example.org.", 2, "DNAME", 2, later)
	for _, tc := range []struct {
		name, stanza  string
		records       []string
		want, reasons string
	}{
		{"unsigned", plain, []string{dname, cname, a}, "10 10 10", "low"},
		{"signed: both as the original TTL says", plain, []string{dname, signature, cname, a}, "2 2 2 10", "low"},
		{"signed, with room", plain, []string{dname, sig("d.example.org.", 2, "DNAME", 7, later), cname, a}, "7 7 7 10", "low"},
		{"signed, about to expire", plain, []string{dname, sig("d.example.org.", 2, "DNAME", 3600, epoch.Add(5*time.Second)), cname}, "5 5 5", "low"},
		{"signed in the authority section", plain, []string{dname, cname, a, "authority: " + signature}, "2 2 10 2", "low"},
		{"CNAMEs first, as loadbalance sends them", plain, []string{cname, a, dname, signature}, "2 10 2 2", "low"},
		{"whatever the case", plain, []string{"D.Example.ORG. 2 IN DNAME e.example.org.", signature, cname}, "2 2 2", ""},
		{"any number of labels below", plain, []string{dname, signature, "x.y.d.example.org. 2 IN CNAME x.y.e.example.org."}, "2 2 2", ""},
		{"a DNAME of the root", plain, []string{". 2 IN DNAME e.example.org.", sig(".", 2, "DNAME", 2, later), "x. 2 IN CNAME x.e.example.org."}, "2 2 2", ""},
		{"the nearest of two", plain, []string{"example.org. 2 IN DNAME z.", sig("example.org.", 2, "DNAME", 3, later), dname, signature, cname}, "3 3 2 2 2", "low"},
		{"a chain", plain, []string{dname, signature, cname,
			"e.example.org. 2 IN DNAME f.example.org.", sig("e.example.org.", 2, "DNAME", 4, later), "x.e.example.org. 2 IN CNAME x.f.example.org.",
			"x.f.example.org. 2 IN CNAME y.example.org."}, "2 2 2 4 4 4 10", "low"},
		{"signed on the fly", plain, []string{dname, sig("d.example.org.", 2, "DNAME", 3600, later), cname, sig("x.d.example.org.", 2, "CNAME", 3600, later)}, "10 10 10 10", "low"},
		{"the CNAME's own signature limits both", plain, []string{dname, sig("d.example.org.", 2, "DNAME", 3600, later), cname, sig("x.d.example.org.", 2, "CNAME", 6, later)}, "6 6 6 6", "low"},
		{"the smaller TTL counts", plain, []string{"d.example.org. 300 IN DNAME e.example.org.", "x.d.example.org. 0 IN CNAME x.e.example.org."}, "30 30", "zero"},
		{"a denial", plain, []string{"rcode: NXDOMAIN", dname, signature, cname, "authority: example.org. 60 IN SOA ns.example.org. h.example.org. 1 7200 900 1209600 60"}, "2 2 2 60/60", ""},
		{"the owner of the DNAME is not below it", plain, []string{dname, signature, "d.example.org. 2 IN CNAME z."}, "2 2 10", "low"},
		{"nor is a name that only ends alike", plain, []string{dname, signature, "xd.example.org. 2 IN CNAME z.", `x\.d.example.org. 2 IN CNAME z.`}, "2 2 10 10", "low"},
		{"another type below", plain, []string{dname, signature, "x.d.example.org. 2 IN A 10.0.0.1"}, "2 2 10", "low"},
		{"another class", plain, []string{"d.example.org. 2 CH DNAME e.example.org.", cname}, "10 10", "low"},
		{"a DNAME outside the answer makes nothing", plain, []string{cname, "additional: " + dname, "additional: " + signature}, "10 2 2", "low"},
		{"types without DNAME", "ttlfloor 10s {\n types A CNAME\n}", []string{dname, cname, "z.example.org. 20 IN A 10.0.0.1"}, "2 2 20", ""},
		{"types without CNAME", "ttlfloor 10s {\n jitter off\n types DNAME\n}", []string{dname, cname, a}, "10 10 2", "low"},

		{"jitter, unsigned", "ttlfloor 10s {\n jitter 50% 60%\n}", []string{dname, cname, a}, "15 15 15", "low"},
		{"jitter does not reach a signed one", "ttlfloor 10s {\n jitter 50% 60%\n}", []string{dname, sig("d.example.org.", 2, "DNAME", 3600, later), cname, a}, "10 10 10 15", "low"},
		{"nor one at the floor", "ttlfloor 2s {\n jitter 50% 60%\n}", []string{dname, sig("d.example.org.", 2, "DNAME", 3600, later), cname}, "2 2 2", ""},
		{"spread up, unsigned", "ttlfloor 1s {\n spread 50% 60%\n}", []string{dname, cname}, "3 3", "spread"},
		{"spread up does not reach a signed one", "ttlfloor 1s {\n spread 50% 60%\n}", []string{dname, sig("d.example.org.", 2, "DNAME", 3600, later), cname, a}, "2 2 2 3", "spread"},
		{"nor does spread down", "ttlfloor 1s {\n spread -50% -40%\n}", []string{dname, sig("d.example.org.", 2, "DNAME", 3600, later), cname, a}, "2 2 2 1", "spread"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			floor := newFloor(t, tc.stanza)
			floor.now = func() time.Time { return epoch }
			floor.draw = func() uint64 { return drawOf(lowest, highest) }
			out, reasons := raise(t, floor, message(t, "x.d.example.org. A", tc.records...))
			if got := ttls(out); got != tc.want || reasonList(reasons) != tc.reasons {
				t.Errorf("TTLs %q for %q, want %q for %q", got, reasonList(reasons), tc.want, tc.reasons)
			}
		})
	}
}

// A large message finds RRsets by an index.
func TestSynthesizedCNAMEsOfALargeReplyLeaveAsTheirDNAMEs(t *testing.T) {
	floor := newFloor(t, "ttlfloor 10s {\n jitter off\n}")
	floor.now = func() time.Time { return epoch }
	m := message(t, "example.org. ANY")
	for i := range 4 * indexFrom {
		m.Answer = append(m.Answer, &dns.A{Hdr: dns.RR_Header{Name: fmt.Sprintf("a%d.example.org.", i), Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 10}})
	}
	for i := range maxDNAMEs {
		owner := fmt.Sprintf("d%d.example.org.", i)
		for _, text := range []string{"x." + strings.ToUpper(owner) + " 2 IN CNAME x.e.", owner + " 2 IN DNAME e.", sig(owner, 2, "DNAME", 4, epoch.Add(time.Hour))} {
			rr, err := dns.NewRR(text)
			if err != nil {
				t.Fatal(err)
			}
			m.Answer = append(m.Answer, rr)
		}
	}
	out, _ := raise(t, floor, m)
	want := append(slices.Repeat([]string{"10"}, 4*indexFrom), slices.Repeat([]string{"4 4 4"}, maxDNAMEs)...)
	if got := ttls(out); got != strings.Join(want, " ") {
		t.Errorf("TTLs %s, want 4 for what DNAMEs make", got)
	}
	m.Answer = append(m.Answer, &dns.DNAME{Hdr: dns.RR_Header{Name: "one.more.", Rrtype: dns.TypeDNAME, Class: dns.ClassINET, Ttl: 2}, Target: "e."})
	if out, _ := raise(t, floor, m); out != m {
		t.Errorf("%d DNAMEs: changed, want it as it came", maxDNAMEs+1)
	}
	m.Answer[len(m.Answer)-1].Header().Name = strings.ToUpper(m.Answer[len(m.Answer)-2].Header().Name) // one more record of an RRset
	if out, _ := raise(t, floor, m); out == m {
		t.Error("not changed, though one DNAME stands in it twice")
	}
}

// BenchmarkHostileDNAMEs is a reply as large as one can be: as many DNAMEs as are looked at, all
// with long names, and CNAMEs that differ from being below them in the last octet compared.
func BenchmarkHostileDNAMEs(b *testing.B) {
	floor := newFloor(b, "ttlfloor")
	m := message(b, "example.org. A", "example.org. 3 IN A 10.0.0.1")
	m.Compress = true
	long := strings.Repeat("a.", 110)
	for i := range maxDNAMEs {
		m.Answer = append(m.Answer, &dns.DNAME{Hdr: dns.RR_Header{Name: long + string(rune('a'+i)) + ".", Rrtype: dns.TypeDNAME, Class: dns.ClassINET, Ttl: 2}, Target: "."})
	}
	for i := 0; m.Len() < dns.MaxMsgSize-300; i++ {
		m.Answer = append(m.Answer, &dns.CNAME{Hdr: dns.RR_Header{Name: fmt.Sprintf("%d.%sz.", i, long), Rrtype: dns.TypeCNAME, Class: dns.ClassINET, Ttl: 2}, Target: "."})
	}
	for b.Loop() {
		floor.raise(m)
	}
	b.ReportMetric(float64(len(m.Answer)), "records")
}
