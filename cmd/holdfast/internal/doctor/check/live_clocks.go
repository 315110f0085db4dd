package check

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// clocksApart is how far clocks may be from each other: what stalecheck reads of a heartbeat
// is wrong by as much, and a heartbeat is old after a minute.
const clocksApart = 5 * time.Second

func liveClocks(l *Live, say sayer) bool {
	var all []*LiveServer
	for _, s := range l.answered() {
		if s.Doubt > 0 {
			all = append(all, s)
		}
	}
	if len(all) == 0 {
		return false
	}
	byClock := func(a, b *LiveServer) int { return cmp.Compare(a.Clock, b.Clock) }
	slowest, fastest := slices.MinFunc(all, byClock), slices.MaxFunc(all, byClock)
	if len(all) > 1 && apart(slowest.Clock-fastest.Clock) <= clocksApart+slowest.Doubt+fastest.Doubt {
		// They agree with each other, so that it is this host's that is wrong.
		if middle := (slowest.Clock + fastest.Clock) / 2; apart(middle) > clocksApart+fastest.Doubt {
			say("the clock of this host is %s that of all %d servers", aside(-middle), len(all))
		}
		return true
	}
	for _, s := range all {
		if apart(s.Clock) > clocksApart+s.Doubt {
			say("%s: its clock is %s that of this host", s.name(), aside(s.Clock))
		}
	}
	return true
}

func apart(d time.Duration) time.Duration { return max(d, -d) }

func aside(d time.Duration) string {
	if d < 0 {
		return fmt.Sprintf("%s behind", (-d).Round(time.Second))
	}
	return fmt.Sprintf("%s ahead of", d.Round(time.Second))
}
