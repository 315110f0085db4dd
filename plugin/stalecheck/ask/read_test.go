package ask

import (
	"errors"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/plugin/internal/plugintest"
	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"

	"github.com/miekg/dns"
)

var at = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func TestWhichRecordsAreAHeartbeat(t *testing.T) {
	const name = "beat.example.org."
	txt := func(rdata string) string { return name + " 5 IN TXT " + rdata }
	for what, tc := range map[string]struct {
		records []string
		age     time.Duration
		reason  verdict.Reason
	}{
		"TXT":                      {[]string{txt(`"2026-11-21T11:59:00Z"`)}, time.Minute, ""},
		"two strings are one":      {[]string{txt(`"17952" "62390"`)}, 10 * time.Second, ""},
		"two records are two":      {[]string{txt(`"1795262390"`), txt(`"1795262380"`)}, 10 * time.Second, ""},
		"TXT without a time":       {[]string{txt("x")}, 0, verdict.BadHeartbeat},
		"CNAME":                    {[]string{name + " 5 IN CNAME t1795262390.heartbeat.invalid."}, 10 * time.Second, ""},
		"CNAME in capitals":        {[]string{"BEAT.example.org. 5 IN CNAME T1795262390."}, 10 * time.Second, ""},
		"CNAME ahead":              {[]string{name + " 5 IN CNAME t1795269999.invalid."}, 0, verdict.Clock},
		"CNAME to another name":    {[]string{name + " 5 IN CNAME time.example.org."}, 0, verdict.NoHeartbeat},
		"CNAME of another name":    {[]string{"www.example.org. 5 IN CNAME t1795262390.invalid."}, 0, verdict.NoHeartbeat},
		"CNAME to a TXT":           {[]string{name + " 5 IN CNAME time.example.org.", "time.example.org. 5 IN TXT 1795262390"}, 10 * time.Second, ""},
		"TXT and CNAME, one ahead": {[]string{txt("1795272390"), name + " 5 IN CNAME t1795262390."}, 10 * time.Second, ""},
		"other types":              {[]string{name + " 5 IN A 10.0.0.1"}, 0, verdict.NoHeartbeat},
		"none":                     {nil, 0, verdict.NoHeartbeat},
	} {
		t.Run(what, func(t *testing.T) {
			rrs := append(plugintest.Records(t, tc.records...), nil, &dns.RR_Header{Name: name}) // as a plugin may make them
			beat, reason := Heartbeat(name, rrs, at)
			if reason != tc.reason {
				t.Fatalf("reason %q, want %q", reason, tc.reason)
			}
			if reason == "" && at.Sub(beat) != tc.age {
				t.Errorf("it is %s old, want %s", at.Sub(beat), tc.age)
			}
		})
	}
}

func TestErrorsThatAreNotOfTheNetworkAreMalformedReplies(t *testing.T) {
	if got := whyNoReply(errors.New("bad rdata")); got != verdict.Malformed {
		t.Errorf("%q", got)
	}
}
