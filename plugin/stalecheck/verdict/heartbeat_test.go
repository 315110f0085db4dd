package verdict

import (
	"strings"
	"testing"
	"time"
)

func TestTimesInHeartbeats(t *testing.T) {
	for name, tc := range map[string]struct {
		texts, targets []string
		age            time.Duration
		reason         Reason
	}{
		"Unix seconds":                           {[]string{"1795262390"}, nil, 10 * time.Second, ""},
		"RFC 3339":                               {[]string{"2026-11-21T11:59:00Z"}, nil, time.Minute, ""},
		"RFC 3339 with an offset and a fraction": {[]string{"2026-11-21T13:58:59.5+02:00"}, nil, 60500 * time.Millisecond, ""},
		"a little ahead":                         {[]string{"1795262459"}, nil, -59 * time.Second, ""},
		"ahead":                                  {[]string{"1795262461"}, nil, 0, Clock},
		"the newest of several":                  {[]string{"1795262300", "1795262390", "1795262350"}, nil, 10 * time.Second, ""},
		"one is garbage":                         {[]string{"x", "1795262390", "y"}, nil, 10 * time.Second, ""},
		"one is ahead":                           {[]string{"1795272390", "1795262390"}, nil, 10 * time.Second, ""},
		"garbage and one ahead":                  {[]string{"1795272390", "x"}, nil, 0, Clock},
		"the year 1":                             {[]string{"0001-01-01T00:00:00Z"}, nil, 1<<63 - 1, ""}, // as long as a Duration can be
		"none":                                   {nil, nil, 0, NoHeartbeat},
		"empty":                                  {[]string{""}, nil, 0, BadHeartbeat},
		"negative":                               {[]string{"-5"}, nil, 0, BadHeartbeat},
		"a plus":                                 {[]string{"+1795262390"}, nil, 0, BadHeartbeat},
		"a fraction":                             {[]string{"1795262390.5"}, nil, 0, BadHeartbeat},
		"hexadecimal":                            {[]string{"0x6b014bf6"}, nil, 0, BadHeartbeat},
		"milliseconds":                           {[]string{"1795262390000"}, nil, 0, BadHeartbeat},
		"overflow":                               {[]string{"18446744073709551616"}, nil, 0, BadHeartbeat},
		"no such date":                           {[]string{"2026-02-30T00:00:00Z"}, nil, 0, BadHeartbeat},
		"a date alone":                           {[]string{"2026-11-21"}, nil, 0, BadHeartbeat},
		"64 KiB":                                 {[]string{strings.Repeat("1", 255*256)}, nil, 0, BadHeartbeat},
		"a target":                               {nil, []string{"t1795262390.heartbeat.invalid."}, 10 * time.Second, ""},
		"a target in capitals":                   {nil, []string{"T1795262390."}, 10 * time.Second, ""},
		"a target ahead":                         {nil, []string{"t1795269999.invalid."}, 0, Clock},
		"a target without a time":                {nil, []string{"time.example.org."}, 0, NoHeartbeat},
		"a target with another letter":           {nil, []string{"x1795262390.invalid."}, 0, NoHeartbeat},
		"a target that nobody has written":       {nil, []string{"t0.heartbeat.invalid."}, 0, NoHeartbeat},
		"the same in capitals":                   {nil, []string{"T0."}, 0, NoHeartbeat},
		"a target in 1970":                       {nil, []string{"t1."}, 1795262399 * time.Second, ""},
		"a target that is t":                     {nil, []string{"t."}, 0, NoHeartbeat},
		"a target with a sign":                   {nil, []string{"t-1.invalid."}, 0, NoHeartbeat},
		"a target with RFC 3339":                 {nil, []string{"t2026-11-21T11:59:00Z.invalid."}, 0, NoHeartbeat},
		"a target and garbage":                   {[]string{"x"}, []string{"time.example.org."}, 0, BadHeartbeat},
		"a target and a newer text":              {[]string{"1795262390"}, []string{"t1795262300."}, 10 * time.Second, ""},
	} {
		t.Run(name, func(t *testing.T) {
			beat, reason := ReadHeartbeat(tc.texts, tc.targets, at)
			if reason != tc.reason {
				t.Fatalf("reason %q, want %q", reason, tc.reason)
			}
			if reason == "" && at.Sub(beat) != tc.age {
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
		beat, reason := ReadHeartbeat([]string{one, two}, []string{two}, at)
		_, a := parseText(one)
		_, b := parseText(two)
		_, c := parseTarget(two)
		switch {
		case reason == "" && (beat.Sub(at) > clockTolerance || (!a && !b && !c)):
			t.Errorf("%q %q is %v", one, two, beat)
		case reason != "" && !beat.IsZero():
			t.Errorf("%q %q is %v and %s", one, two, beat, reason)
		}
	})
}
