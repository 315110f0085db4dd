package verdict

import (
	"testing"
	"time"
)

func TestAVerdictSaysWhenItWillBeStale(t *testing.T) {
	for name, tc := range map[string]struct {
		rules Rules
		lines string
		want  time.Duration // after 10 s
	}{
		"fresh":                   {asking(Primary), "0s own 8\n0s p0 8", 0},
		"behind":                  {asking(Primary), "0s own 8\n5s p0 9", 55*time.Second + 1},
		"above":                   {asking(Primary), "0s own 8\n5s p0 7", 55*time.Second + 1},
		"silent":                  {asking(Primary), "0s own 8\n5s p0 8\n6s p0 timeout", 995*time.Second + 1},
		"behind and silent":       {asking(Primary), "0s own 8\n5s p0 9\n6s p0 timeout", 55*time.Second + 1},
		"a heartbeat":             {asking(Heartbeat), "9s beat 3s", 53*time.Second + 1},
		"a heartbeat ahead":       {asking(Heartbeat), "9s beat 13s", 63*time.Second + 1},
		"a heartbeat far ahead":   {asking(Heartbeat), "9s beat 110s", 160*time.Second + 1},
		"behind, and a heartbeat": {asking(Primary, Heartbeat), "0s own 8\n5s p0 9\n9s beat 3s", 53*time.Second + 1},
		"not served":              {asking(Primary), "0s own 8\n0s p0 8\n4s own SERVFAIL", 54*time.Second + 1},
		"not asked for":           {asking(Heartbeat), "0s own 8\n5s p0 9", 0},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHistory(tc.rules)
			transcript(t, h, tc.lines)
			now := at.Add(10 * time.Second)
			if v := h.Judge(now); dueIn(&v, now) != tc.want {
				t.Errorf("due in %s, want %s", dueIn(&v, now), tc.want)
			}
		})
	}
	// Above every primary, and they have been silent for almost as long as EXPIRE.
	h := newHistory(asking(Primary))
	transcript(t, h, "0s own 6\n0s p0 7\n1s p0 timeout\n980s own 8")
	now := at.Add(980 * time.Second)
	if v := h.Judge(now); dueIn(&v, now) != 20*time.Second+1 {
		t.Errorf("due in %s, want when it expires", dueIn(&v, now))
	}
}

// dueIn is how long after now a zone turns stale if nothing happens; 0 if it will not.
func dueIn(v *Verdict, now time.Time) time.Duration {
	if v.Due.IsZero() {
		return 0
	}
	return v.Due.Sub(now)
}
