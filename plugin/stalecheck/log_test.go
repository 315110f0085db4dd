package stalecheck

import (
	"bytes"
	"fmt"
	golog "log"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"
)

// logged returns what the plugin logs while f runs, without times.
func logged(t *testing.T, f func()) []string {
	t.Helper()
	var out lockedBuffer
	was, flags := golog.Writer(), golog.Flags()
	golog.SetOutput(&out)
	golog.SetFlags(0)
	defer func() { golog.SetOutput(was); golog.SetFlags(flags) }()
	f()
	return strings.Split(strings.TrimSuffix(strings.ReplaceAll(out.String(), "plugin/stalecheck: ", ""), "\n"), "\n")
}

type lockedBuffer struct {
	sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.Lock()
	defer b.Unlock()
	return b.Buffer.Write(p)
}

func TestTheLogHasALineAtEachChange(t *testing.T) {
	s := newCheck(t, "stalecheck {\n primary 192.0.2.1\n}")
	now := at
	s.now = func() time.Time { return now }
	own := func(serial uint32, failure verdict.Failure) func(*verdict.History) {
		return func(h *verdict.History) { h.ObserveOwn(serial, 1000, failure, now) }
	}
	ref := func(serial uint32, failure verdict.Failure) func(*verdict.History) {
		return func(h *verdict.History) { h.ObserveReference(0, serial, failure, now) }
	}
	for _, step := range []struct {
		after time.Duration // of the last step
		seen  func(*verdict.History)
		want  string
	}{
		{0, own(0, verdict.ServFail), ""},
		{0, ref(9, ""), ""}, // as at every start of a secondary
		{19 * time.Second, own(0, verdict.ServFail), ""},
		{time.Second, own(0, verdict.ServFail), "[WARNING] Zone example.org. has an unknown age: primary: own serial unknown; backend: SERVFAIL"},
		{time.Second, own(0, verdict.ServFail), ""},
		{time.Second, own(8, ""), "[INFO] Zone example.org.: can tell its age from its primary again\n[INFO] Zone example.org. is fresh again"},
		{38 * time.Second, ref(9, ""), ""},
		{time.Second, ref(9, ""), "[WARNING] Zone example.org. is stale: 61s behind, serial 8 < 9 (primary, behind)"},
		{time.Second, ref(9, ""), ""},
		{time.Second, ref(0, verdict.Refused), "[WARNING] Zone example.org.: primary 192.0.2.1:53 gave no usable answer: REFUSED"},
		{time.Second, ref(0, verdict.Timeout), ""},
		{time.Second, ref(9, ""), "[INFO] Zone example.org.: primary 192.0.2.1:53 answers again"},
		{time.Second, own(9, ""), "[INFO] Zone example.org. is fresh again"},
		{20 * time.Second, ref(0, verdict.Timeout), "[WARNING] Zone example.org.: primary 192.0.2.1:53 did not answer: timeout"},
		{time.Second, ref(9, ""), "[INFO] Zone example.org.: primary 192.0.2.1:53 answers again"}, // one lost datagram is no more than that
		{time.Second, ref(0, verdict.Timeout), "[WARNING] Zone example.org.: primary 192.0.2.1:53 did not answer: timeout"},
		{19 * time.Second, own(9, ""), ""}, // the last loss is not counted in
	} {
		now = now.Add(step.after)
		if got := strings.Join(logged(t, func() { s.seen(t, "example.org.", step.seen) }), "\n"); got != step.want {
			t.Errorf("%s after the start: %q, want %q", now.Sub(at), got, step.want)
		}
	}
}

// A source that cannot tell is news, too, while another can.
func TestAHeartbeatThatCannotTellIsLoggedOnce(t *testing.T) {
	s := newCheck(t, "stalecheck {\n primary 192.0.2.1\n heartbeat beat.example.org\n}")
	now := at
	s.now = func() time.Time { return now }
	beat := func(reason verdict.Reason) []string {
		now = now.Add(10 * time.Second)
		return logged(t, func() {
			s.seen(t, "example.org.", func(h *verdict.History) {
				h.ObserveOwn(8, 1000, "", now)
				h.ObserveReference(0, 8, "", now)
				h.ObserveHeartbeat(now, reason, now)
			})
		})
	}
	for _, step := range []struct {
		reason verdict.Reason
		want   string
	}{
		{"", ""}, {verdict.BadHeartbeat, ""}, {verdict.BadHeartbeat, ""},
		{verdict.NoHeartbeat, "[WARNING] Zone example.org.: cannot tell its age from its heartbeat: no heartbeat"}, {verdict.BadHeartbeat, ""},
		{"", "[INFO] Zone example.org.: can tell its age from its heartbeat again"}, {verdict.Clock, ""}, {"", ""}, {verdict.Clock, ""}, {verdict.Clock, ""},
		{verdict.Clock, "[WARNING] Zone example.org.: cannot tell its age from its heartbeat: clock"},
	} {
		if got := strings.Join(beat(step.reason), "\n"); got != step.want {
			t.Errorf("%s after the start, %q: %q, want %q", now.Sub(at), step.reason, got, step.want)
		}
	}
}

// The zone's line names each source that cannot tell, so that these have none of their own.
func TestAMissingHeartbeatIsOneWarning(t *testing.T) {
	const none = "heartbeat beat.example.org"
	for _, c := range []struct {
		sources string
		primary []verdict.Failure // of each look, if there is one
		want    string
	}{
		{none, nil, "[WARNING] Zone example.org. has an unknown age: heartbeat: no heartbeat"},
		{none + "\n primary 192.0.2.1", []verdict.Failure{"", "", "", verdict.Refused, verdict.Refused, verdict.Refused}, "[WARNING] Zone example.org.: cannot tell its age from its heartbeat: no heartbeat\n" +
			"[WARNING] Zone example.org.: primary 192.0.2.1:53 gave no usable answer: REFUSED\n" +
			"[WARNING] Zone example.org. has an unknown age: primary: no answer (192.0.2.1:53: REFUSED); heartbeat: no heartbeat"},
	} {
		s := newCheck(t, "stalecheck {\n "+c.sources+"\n}")
		now := at
		s.now = func() time.Time { return now }
		got := logged(t, func() {
			for i := range 6 {
				s.seen(t, "example.org.", func(h *verdict.History) {
					h.ObserveOwn(8, 1000, "", now)
					h.ObserveHeartbeat(now, verdict.NoHeartbeat, now)
					if c.primary != nil {
						h.ObserveReference(0, 8, c.primary[i], now)
					}
				})
				now = now.Add(10 * time.Second)
			}
		})
		if got := strings.Join(got, "\n"); got != c.want {
			t.Errorf("%s: %q, want %q", c.sources, got, c.want)
		}
	}
}

func TestWhoHasNotBeenAskedYetIsNotNews(t *testing.T) {
	s := newCheck(t, withPrimary)
	now := at
	s.now = func() time.Time { return now }
	for range 10 { // as for a thousand zones behind a dead reference
		if got := logged(t, func() { s.seen(t, "example.org.", func(h *verdict.History) { h.ObserveOwn(8, 1000, "", now) }) }); got[0] != "" {
			t.Errorf("%q", got)
		}
		now = now.Add(10 * time.Second)
	}
}

func TestHoldingBackIsTold(t *testing.T) {
	s := newCheck(t, "stalecheck {\n primary 192.0.2.1\n action refuse\n}")
	for _, step := range []struct {
		seen func(*verdict.History)
		want string
	}{
		{behind95, "[WARNING] Zone example.org.: answers are held back (refuse), because others have newer data: " + behindText},
		{behind95, ""},
		{behindADeadPrimary, "[INFO] Zone example.org.: answers are no longer held back"},
		{behind95, "[WARNING] Zone example.org.: answers are held back (refuse), because others have newer data: " + behindText},
		{func(h *verdict.History) { h.ObserveOwn(2026112105, 1000, "", at) }, "[INFO] Zone example.org.: answers are no longer held back"},
	} {
		var got []string
		for _, line := range logged(t, func() { s.seen(t, "example.org.", step.seen) }) {
			if strings.Contains(line, "held back") {
				got = append(got, line)
			}
		}
		if strings.Join(got, "\n") != step.want {
			t.Errorf("%q, want %q", got, step.want)
		}
	}
	if logged(t, func() { newCheck(t, withPrimary).seen(t, "example.org.", behind95) })[0] != "[WARNING] Zone example.org. is stale: "+behindText+" (primary, behind)" {
		t.Error("what is only flagged is said to be held back")
	}
}

func TestALoneServerIsTold(t *testing.T) {
	s := newCheck(t, "stalecheck {\n peers 192.0.2.1\n}")
	s.leaveOutSelf([]string{"192.0.2.1"}, "53", nil)
	now := at
	s.now = func() time.Time { return now }
	var got []string
	for range 4 {
		got = append(got, logged(t, func() { s.seen(t, "example.org.", func(h *verdict.History) { h.ObserveOwn(8, 1000, "", now) }) })...)
		now = now.Add(10 * time.Second)
	}
	if got := strings.Join(got, ""); got != "[WARNING] Zone example.org. has an unknown age: peers: no server other than this one" {
		t.Errorf("%q", got)
	}
}

// The lines on a thousand zones' references leave those on the zones alone.
func TestSourcesDoNotDrownZones(t *testing.T) {
	s := newCheck(t, manyZones(100, "primary 192.0.2.1"))
	got := logged(t, func() {
		for _, z := range s.zones {
			s.seen(t, z.name, func(h *verdict.History) { h.ObserveReference(0, 0, verdict.Timeout, at) })
		}
		s.seen(t, s.zones[0].name, behind95)
	})
	if last := got[len(got)-1]; !strings.Contains(last, " is stale: ") {
		t.Errorf("the last of %d lines is %q", len(got), last)
	}
}

func TestAReloadKeepsWhatWasSaid(t *testing.T) {
	before := newCheck(t, withPrimary)
	logged(t, func() { before.seen(t, "example.org.", behindADeadPrimary) })
	after := newCheck(t, withPrimary)
	z := after.zones[0]
	z.history.Inherit(before.zones[0].history)
	before.zones[0].logged.cannotTell[verdict.Heartbeat] = true // which nobody asks for any more
	before.zones[0].logged.heldBack = true                      // by an action that is configured no more
	z.logged = after.stillLogged(&before.zones[0].logged)
	if z.logged.cannotTell[verdict.Heartbeat] {
		t.Error("a heartbeat that is not asked for cannot tell")
	}
	if z.logged.heldBack {
		t.Error("what is only flagged is held back")
	}
	got := strings.Join(logged(t, func() {
		after.seen(t, "example.org.", func(h *verdict.History) { h.ObserveReference(0, 0, verdict.Timeout, at) })
		after.seen(t, "example.org.", func(h *verdict.History) { h.ObserveOwn(2026112105, 1000, "", at) })
		after.seen(t, "example.org.", func(h *verdict.History) { h.ObserveReference(0, 2026112105, "", at) })
	}), "\n")
	if got != "[INFO] Zone example.org.: primary 192.0.2.1:53 answers again\n[INFO] Zone example.org. is fresh again" {
		t.Errorf("%q", got)
	}
}

func TestAZoneThatIsFreshFromTheStartIsNotNews(t *testing.T) {
	s := newCheck(t, withPrimary)
	got := logged(t, func() {
		s.seen(t, "example.org.", func(h *verdict.History) { h.ObserveOwn(8, 1000, "", at) })
		s.seen(t, "example.org.", func(h *verdict.History) { h.ObserveReference(0, 8, "", at) })
	})
	if len(got) != 1 || got[0] != "" {
		t.Errorf("%q", got)
	}
}

func TestAThousandZonesAtOnceAreNotAThousandLines(t *testing.T) {
	s := newCheck(t, manyZones(1000, "primary 192.0.2.1"))
	now := at
	s.now = func() time.Time { return now }
	all := func(seen func(*verdict.History)) []string {
		return logged(t, func() {
			for _, z := range s.zones {
				s.seen(t, z.name, seen)
			}
		})
	}
	got := all(behind95)
	if len(got) != linesPerWindow+1 || !strings.HasPrefix(got[linesPerWindow], "[WARNING] More than 20 changes within 1m0s: the rest is not logged") {
		t.Errorf("%d lines, the last is %q", len(got), got[len(got)-1])
	}
	now = now.Add(logWindow)
	if got := all(func(h *verdict.History) { h.ObserveOwn(2026112105, 1000, "", now) }); len(got) != linesPerWindow+1 || got[0] != fmt.Sprintf("[INFO] Zone %s is fresh again", s.zones[0].name) {
		t.Errorf("a minute later %d lines, the first is %q", len(got), got[0])
	}
}

// A source that heals within two intervals of the start gives no warning, and one that does not
// gives it then.
func TestWhatHealsSoonAfterTheStartIsNotNews(t *testing.T) {
	const (
		down  = "[WARNING] Zone example.org.: primary 192.0.2.1:53 did not answer: timeout"
		mute  = "[WARNING] Zone example.org.: cannot tell its age from its primary: no answer"
		again = "[INFO] Zone example.org.: primary 192.0.2.1:53 answers again"
		told  = "[INFO] Zone example.org.: can tell its age from its primary again"
		old   = "[WARNING] Zone example.org. is stale: heartbeat is 3600s old (heartbeat, old)"
		held  = "[WARNING] Zone example.org.: answers are held back (refuse), because others have newer data: heartbeat is 3600s old"
		fresh = "[INFO] Zone example.org. is fresh again"
	)
	type look struct {
		at      time.Duration // since the start
		failure verdict.Failure
		beat    time.Duration // how old it is
		want    string
	}
	for name, looks := range map[string][]look{
		"a primary that comes":          {{0, verdict.Timeout, 0, ""}, {12 * time.Second, verdict.Timeout, 0, ""}, {19 * time.Second, "", 0, ""}, {30 * time.Second, verdict.Timeout, 0, down}},
		"a primary that does not":       {{0, verdict.Timeout, 0, ""}, {19 * time.Second, verdict.Timeout, 0, ""}, {20 * time.Second, verdict.Timeout, 0, down + "\n" + mute}, {30 * time.Second, "", 0, again + "\n" + told}},
		"a primary that comes and goes": {{0, "", 0, ""}, {5 * time.Second, verdict.Timeout, 0, down}, {15 * time.Second, "", 0, again}},
		"a heartbeat that comes":        {{0, "", time.Hour, ""}, {10 * time.Second, "", time.Hour, ""}, {19 * time.Second, "", 0, ""}, {30 * time.Second, "", time.Hour, held + "\n" + old}},
		"a heartbeat that does not":     {{0, "", time.Hour, ""}, {20 * time.Second, "", time.Hour, held + "\n" + old}, {30 * time.Second, "", 0, "[INFO] Zone example.org.: answers are no longer held back\n" + fresh}},
		"a heartbeat that stops":        {{0, "", 0, ""}, {10 * time.Second, "", time.Hour, held + "\n" + old}},
	} {
		s := newCheck(t, "stalecheck {\n primary 192.0.2.1\n heartbeat beat.example.org\n action refuse\n}")
		s.zones[0].logged.begin = time.Time{}
		for _, l := range looks {
			now := at.Add(l.at)
			s.now = func() time.Time { return now }
			got := strings.Join(logged(t, func() {
				s.seen(t, "example.org.", func(h *verdict.History) {
					h.ObserveOwn(8, 1000, "", now)
					h.ObserveReference(0, 9, l.failure, now)
					h.ObserveHeartbeat(now.Add(-l.beat), "", now)
				})
			}), "\n")
			if got != l.want {
				t.Errorf("%s, %s after the start: %q, want %q", name, l.at, got, l.want)
			}
		}
	}
}
