package stalecheck

import (
	"testing"
	"time"
)

func TestAVerdictSaysWhenItWillBeStale(t *testing.T) {
	for name, tc := range map[string]struct {
		rules rules
		lines string
		want  time.Duration // after 10 s
	}{
		"fresh":                   {asking(primary), "0s own 8\n0s p0 8", 0},
		"behind":                  {asking(primary), "0s own 8\n5s p0 9", 55*time.Second + 1},
		"above":                   {asking(primary), "0s own 8\n5s p0 7", 55*time.Second + 1},
		"silent":                  {asking(primary), "0s own 8\n5s p0 8\n6s p0 timeout", 995*time.Second + 1},
		"behind and silent":       {asking(primary), "0s own 8\n5s p0 9\n6s p0 timeout", 55*time.Second + 1},
		"a heartbeat":             {asking(heartbeat), "9s beat 3s", 53*time.Second + 1},
		"a heartbeat ahead":       {asking(heartbeat), "9s beat 13s", 63*time.Second + 1},
		"a heartbeat far ahead":   {asking(heartbeat), "9s beat 110s", 160*time.Second + 1},
		"behind, and a heartbeat": {asking(primary, heartbeat), "0s own 8\n5s p0 9\n9s beat 3s", 53*time.Second + 1},
		"not served":              {asking(primary), "0s own 8\n0s p0 8\n4s own SERVFAIL", 54*time.Second + 1},
		"not asked for":           {asking(heartbeat), "0s own 8\n5s p0 9", 0},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHistory()
			transcript(t, tc.rules, h, tc.lines)
			if v := tc.rules.judge(h, at.Add(10*time.Second)); v.due != tc.want {
				t.Errorf("due in %s, want %s", v.due, tc.want)
			}
		})
	}
	// Above every primary, and they have been silent for almost as long as EXPIRE.
	h := newHistory()
	transcript(t, asking(primary), h, "0s own 6\n0s p0 7\n1s p0 timeout\n980s own 8")
	r := asking(primary)
	if v := r.judge(h, at.Add(980*time.Second)); v.due != 20*time.Second+1 {
		t.Errorf("due in %s, want when it expires", v.due)
	}
}
