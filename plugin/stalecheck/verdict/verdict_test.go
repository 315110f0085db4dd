package verdict

import (
	"testing"
	"time"
)

func TestVerdictsBySerials(t *testing.T) {
	for name, tc := range map[string]struct {
		rules Rules
		lines string
	}{
		"nobody has been asked": {asking(Primary), `
			0s unknown "primary: not asked yet"`},
		"the serials agree": {asking(Primary), `
			0s own 8
			0s p0 8
			0s fresh 0s primary`},
		"ours is behind": {asking(Primary), `
			0s own 8
			0s p0 9
			60s fresh 1m0s primary
			61s stale 1m1s primary behind "61s behind, serial 8 < 9"`},
		"the age counts from the oldest newer serial, not from the newest": {asking(Primary), `
			0s own 8
			0s p0 9
			50s p0 10
			61s stale 1m1s primary behind "61s behind, serial 8 < 10"`},
		"catching up in part counts from what is still missing": {asking(Primary), `
			0s own 8
			0s p0 9
			50s p0 10
			61s own 9
			61s fresh 11s primary
			111s stale 1m1s primary behind "61s behind, serial 9 < 10"`},
		"catching up ends it": {asking(Primary), `
			0s own 8
			0s p0 9
			61s own 9
			61s fresh 0s primary`},
		"the first sighting is anybody's": {asking(Primary, Peers), `
			0s own 8
			0s q0 9
			30s p0 10
			61s p0 10
			61s stale 1m1s primary behind "61s behind, serial 8 < 10"`},
		"a source that is not asked for does not count": {asking(Heartbeat), `
			0s own 8
			0s p0 9
			90s beat 90s
			90s fresh 0s heartbeat`},
		"each of several references counts on its own": {asking(Primary), `
			0s own 8
			0s p0 8
			0s p1 9
			61s p0 8
			61s stale 1m1s primary behind`},
		"one that fails does not hide the others": {asking(Primary), `
			0s own 8
			0s p0 timeout
			0s p1 8
			0s fresh 0s primary
			10s p1 9
			71s p0 timeout
			71s stale 1m1s primary behind`},
		"silence cures nothing": {asking(Primary), `
			0s own 8
			0s p0 9
			10s p0 REFUSED
			61s stale 1m1s primary behind`},
		"nobody can tell": {asking(Primary, Peers), `
			0s own 8
			0s p0 REFUSED
			0s q0 timeout
			0s unknown "primary: no answer (p0: REFUSED); peers: no answer (q0: timeout)"`},
		"peers can tell while the primary cannot": {asking(Primary, Peers), `
			0s own 8
			0s p0 REFUSED
			0s q0 8
			0s fresh 0s peers`},
		"a newer serial that is taken back and returns, as behind one address of several servers": {asking(Primary), `
			0s own 8
			0s p0 9
			30s p0 8
			61s fresh 0s primary
			70s p0 9
			70s stale 1m10s primary behind`},
		"a newer serial that is taken back, and then another": {asking(Primary), `
			0s own 8
			0s p0 9
			10s p0 8
			100s p0 11
			100s fresh 0s primary
			161s stale 1m1s primary behind "61s behind, serial 8 < 11"`},
		"a newer serial that was taken back, gone past, and taken back again": {asking(Primary), `
			0s own 8
			0s p0 9
			10s p0 8
			20s p0 11
			125s p0 11
			130s p0 8
			140s p0 9
			140s fresh 0s primary`},
		"a newer serial that was taken back long ago": {asking(Primary), `
			0s own 8
			0s p0 9
			30s p0 8
			121s p0 8
			130s p0 9
			190s fresh 1m0s primary`},
		"taken back by one, stood by by another": {asking(Primary, Peers), `
			0s own 8
			0s p0 9
			10s q0 10
			30s p0 8
			61s stale 1m1s peers behind`},
		"the serial wraps": {asking(Primary), `
			0s own 4294967295
			0s p0 1
			61s stale 1m1s primary behind "61s behind, serial 4294967295 < 1"`},
		"2^31 apart": {asking(Primary), `
			0s own 1
			0s p0 2147483649
			100s unknown "primary: incomparable"`},
		"one is 2^31 apart, another agrees": {asking(Primary), `
			0s own 1
			0s p0 2147483649
			0s p1 1
			100s fresh 0s primary`},
		"one agrees, another is 2^31 apart": {asking(Primary), `
			0s own 1
			0s p0 1
			0s p1 2147483649
			100s fresh 0s primary`},
	} {
		t.Run(name, func(t *testing.T) { transcript(t, newHistory(tc.rules), tc.lines) })
	}
}

func TestVerdictsByHeartbeat(t *testing.T) {
	for name, tc := range map[string]struct {
		rules Rules
		lines string
	}{
		"a heartbeat": {asking(Heartbeat), `
			0s beat 0s
			60s fresh 1m0s heartbeat
			61s stale 1m1s heartbeat old "heartbeat is 61s old"
			62s beat 61s
			62s fresh 1s heartbeat`},
		"a heartbeat that is ahead by our clock": {asking(Heartbeat), `
			0s beat 60s
			0s fresh 0s heartbeat
			0s beat 61s
			0s unknown "heartbeat: clock"`},
		"no heartbeat is not old": {asking(Heartbeat), `
			0s beat 0s
			100s beat no heartbeat
			100s unknown "heartbeat: no heartbeat"
			100s beat bad heartbeat
			100s unknown "heartbeat: bad heartbeat"`},
		"one source is enough": {asking(Primary, Heartbeat), `
			0s own 8
			0s p0 8
			0s beat 0s
			70s p0 8
			70s stale 1m10s heartbeat old`},
		"the oldest speaks": {asking(Primary, Heartbeat), `
			0s own 8
			0s p0 9
			10s beat 5s
			70s stale 1m10s primary behind
			70s beat 0s
			71s beat -10s
			71s stale 1m21s heartbeat old`},
	} {
		t.Run(name, func(t *testing.T) { transcript(t, newHistory(tc.rules), tc.lines) })
	}
}

func TestTimesInSerials(t *testing.T) {
	unix, date := asking(Serial), asking(Serial)
	unix.SerialFormat = UnixTime
	date.SerialFormat, date.MaxAge = CalendarDate, 24*time.Hour
	for name, tc := range map[string]struct {
		rules Rules
		lines string
	}{
		"no serial": {unix, `0s unknown "serial: own serial unknown"`},
		"Unix seconds": {unix, `
			0s own 1795262400
			60s fresh 1m0s serial
			61s stale 1m1s serial old "serial 1795262400 is 61s old"`},
		"Unix seconds that were read long ago": {unix, `
			0s own 1795262400
			1s own timeout
			62s unknown "serial: own serial unreadable; backend: timeout"`},
		"Unix seconds ahead": {unix, `
			0s own 1795262460
			0s fresh 0s serial
			0s own 1795262461
			0s unknown "serial: clock"`},
		"a date": {date, `
			0s own 2026112101
			0s fresh 12h0m0s serial
			12h fresh 24h0m0s serial
			43201s stale 24h0m1s serial old "serial 2026112101 is 86401s old"`},
		"tomorrow's date, where it is tomorrow": {date, `
			0s own 2026112200
			0s fresh 0s serial
			-2h fresh 0s serial
			-3h unknown "serial: clock"`},
		"no date": {date, `
			0s own 2026113101
			0s unknown "serial: no date"`},
	} {
		t.Run(name, func(t *testing.T) { transcript(t, newHistory(tc.rules), tc.lines) })
	}
}

func TestWhoElseHasNewerData(t *testing.T) {
	h := newHistory(asking(Primary))
	for _, step := range []struct {
		lines string
		want  bool
	}{
		{"0s p0 9", false}, // ours is not known
		{"0s own 8", true},
		{"1s p0 REFUSED", false}, // it could not answer now
		{"2s q1 8", false},
		{"3s q1 9", true},
		{"4s own 9", false},
	} {
		transcript(t, h, step.lines)
		if v := h.Judge(at); v.NewerElsewhere != step.want {
			t.Errorf("after %s: %v, want %v", step.lines, v.NewerElsewhere, step.want)
		}
	}
}
