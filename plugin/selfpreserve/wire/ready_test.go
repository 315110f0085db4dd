package wire

import (
	"testing"
	"time"
)

func TestNobodyReadsReadyOnlyIfSomebodyShould(t *testing.T) {
	now := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) *Ready { return &Ready{LastAsked: new(now.Add(-d))} }
	const never = "nobody has asked for /ready"
	for name, tc := range map[string]struct {
		ready *Ready
		peers int
		lasts time.Duration
		want  string
	}{
		"just now":                 {ago(2 * time.Second), 2, time.Hour, ""},
		"by a slow reader":         {ago(29 * time.Second), 2, time.Hour, ""},
		"long ago":                 {ago(75 * time.Second), 2, time.Hour, never + " for 1m15s"},
		"never":                    {new(Ready), 2, time.Hour, never},
		"by a clock ahead":         {ago(-5 * time.Second), 2, time.Hour, ""},
		"never, and just started":  {new(Ready), 2, 29 * time.Second, ""},
		"never, and without peers": {new(Ready), 0, time.Hour, ""},
		"one that does not say":    {nil, 2, time.Hour, ""},
	} {
		s := &Status{Ready: tc.ready, KnownPeers: tc.peers, Since: now.Add(-tc.lasts)}
		if got := s.ReadyUnread(now); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}
