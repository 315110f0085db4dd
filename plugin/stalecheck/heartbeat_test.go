package stalecheck

import (
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// at is the time of all tests that need one.
var at = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func records(tb testing.TB, texts ...string) []dns.RR {
	tb.Helper()
	var rrs []dns.RR
	for _, text := range texts {
		rr, err := dns.NewRR(text)
		if err != nil {
			tb.Fatal(err)
		}
		rrs = append(rrs, rr)
	}
	return rrs
}

func TestHeartbeats(t *testing.T) {
	const name = "beat.example.org."
	txt := func(rdata string) string { return name + " 5 IN TXT " + rdata }
	tests := []struct {
		name    string
		records []string
		age     time.Duration
		why     reason
	}{
		{"Unix seconds", []string{txt("1795262390")}, 10 * time.Second, ""},
		{"RFC 3339", []string{txt(`"2026-11-21T11:59:00Z"`)}, time.Minute, ""},
		{"RFC 3339 with an offset and a fraction", []string{txt(`"2026-11-21T13:58:59.5+02:00"`)}, 60500 * time.Millisecond, ""},
		{"two strings are one", []string{txt(`"17952" "62390"`)}, 10 * time.Second, ""},
		{"a little ahead", []string{txt("1795262459")}, -59 * time.Second, ""},
		{"ahead", []string{txt("1795262461")}, 0, clock},
		{"CNAME", []string{name + " 5 IN CNAME t1795262390.heartbeat.invalid."}, 10 * time.Second, ""},
		{"CNAME in capitals", []string{"BEAT.example.org. 5 IN CNAME T1795262390."}, 10 * time.Second, ""},
		{"CNAME ahead", []string{name + " 5 IN CNAME t1795269999.invalid."}, 0, clock},
		{"CNAME to another name", []string{name + " 5 IN CNAME time.example.org."}, 0, noHeartbeat},
		{"CNAME of another name", []string{"www.example.org. 5 IN CNAME t1795262390.invalid."}, 0, noHeartbeat},
		{"CNAME with a sign", []string{name + " 5 IN CNAME t-1.invalid."}, 0, noHeartbeat},
		{"CNAME to a TXT", []string{name + " 5 IN CNAME time.example.org.", "time.example.org. 5 IN TXT 1795262390"}, 10 * time.Second, ""},
		{"the newest of several", []string{txt("1795262300"), txt("1795262390"), txt("1795262350")}, 10 * time.Second, ""},
		{"one is garbage", []string{txt("x"), txt("1795262390"), txt("y")}, 10 * time.Second, ""},
		{"one is ahead", []string{txt("1795272390"), txt("1795262390")}, 10 * time.Second, ""},
		{"the year 1", []string{txt(`"0001-01-01T00:00:00Z"`)}, 1<<63 - 1, ""}, // as long as a Duration can be
		{"garbage and one ahead", []string{txt("1795272390"), txt("x")}, 0, clock},
		{"other types", []string{name + " 5 IN A 10.0.0.1"}, 0, noHeartbeat},
		{"none", nil, 0, noHeartbeat},
		{"empty", []string{txt(`""`)}, 0, badHeartbeat},
		{"negative", []string{txt("-5")}, 0, badHeartbeat},
		{"a plus", []string{txt("+1795262390")}, 0, badHeartbeat},
		{"a fraction", []string{txt("1795262390.5")}, 0, badHeartbeat},
		{"hexadecimal", []string{txt("0x6b014bf6")}, 0, badHeartbeat},
		{"milliseconds", []string{txt("1795262390000")}, 0, badHeartbeat},
		{"overflow", []string{txt("18446744073709551616")}, 0, badHeartbeat},
		{"no such date", []string{txt(`"2026-02-30T00:00:00Z"`)}, 0, badHeartbeat},
		{"a date alone", []string{txt("2026-11-21")}, 0, badHeartbeat},
		{"64 KiB", []string{txt(strings.Repeat(`"`+strings.Repeat("1", 255)+`" `, 256))}, 0, badHeartbeat},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			beat, why := readHeartbeat(name, records(t, tc.records...), at)
			if why != tc.why {
				t.Fatalf("reason %q, want %q", why, tc.why)
			}
			if why == "" && at.Sub(beat) != tc.age {
				t.Errorf("it is %s old, want %s", at.Sub(beat), tc.age)
			}
		})
	}
}

func FuzzReadHeartbeat(f *testing.F) {
	for _, text := range []string{"1795262390", "2026-11-21T11:59:00Z", "t1795262390.invalid", "-1", "", "99999999999999999999", "2026-13-01T00:00:00Z"} {
		f.Add(text, text)
	}
	f.Fuzz(func(t *testing.T, one, two string) {
		const name = "beat.example.org."
		rrs := []dns.RR{nil, &dns.RR_Header{Name: name, Rrtype: dns.TypeTXT},
			&dns.TXT{Hdr: dns.RR_Header{Name: name, Rrtype: dns.TypeTXT}, Txt: []string{one, two}},
			&dns.CNAME{Hdr: dns.RR_Header{Name: name, Rrtype: dns.TypeCNAME}, Target: two}}
		beat, why := readHeartbeat(name, rrs, at)
		switch {
		case why == "" && (beat.IsZero() || beat.Sub(at) > clockTolerance):
			t.Errorf("%q %q is %v", one, two, beat)
		case why != "" && !beat.IsZero():
			t.Errorf("%q %q is %v and %s", one, two, beat, why)
		}
	})
}

func FuzzSerials(f *testing.F) {
	f.Add(uint32(2026112101), uint32(2026112102))
	f.Add(uint32(0), uint32(4294967295))
	f.Fuzz(func(t *testing.T, a, b uint32) {
		if newerSerial(a, b) && newerSerial(b, a) {
			t.Errorf("%d and %d are each newer", a, b)
		}
		day, _, ok := calendarDate.readTime(a)
		if ok && day.Format("20060102") != time.Date(int(a/1000000), time.Month(a/10000%100), int(a/100%100), 0, 0, 0, 0, time.UTC).Format("20060102") {
			t.Errorf("%d is %v", a, day)
		}
	})
}
