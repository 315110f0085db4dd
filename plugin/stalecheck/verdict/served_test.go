package verdict

import "testing"

func TestVerdictsByTheBackend(t *testing.T) {
	for name, tc := range map[string]struct {
		rules Rules
		lines string
	}{
		"ours is not known": {asking(Primary), `
			0s p0 8
			0s own SERVFAIL
			0s unknown "primary: own serial unknown; backend: SERVFAIL"`},
		"the backend stopped serving": {asking(Primary), `
			0s own 8
			0s p0 8
			59s own SERVFAIL
			90s own SERVFAIL
			119s unknown "backend: SERVFAIL"
			120s stale 1m1s backend unserved "not served for 61s"
			121s own 8
			121s fresh 0s primary`},
		"a backend that is late once": {asking(Primary), `
			0s own 8
			0s p0 9
			5s own 8
			10s own timeout
			65s stale 1m5s primary behind`},
		"a backend that writes nothing once": {asking(Primary), `
			0s own 8
			0s p0 9
			10s own malformed
			65s stale 1m5s primary behind`},
		"a backend that has been late for too long": {asking(Primary), `
			0s own 8
			0s p0 8
			60s own panic
			120s fresh 0s primary
			121s unknown "primary: own serial unreadable; backend: panic"
			122s own 8
			122s fresh 0s primary`},
		"a zone that was taken away": {asking(Primary), `
			0s own 8
			0s p0 9
			10s own REFUSED
			100s unknown "primary: own serial unknown; backend: REFUSED"`},
	} {
		t.Run(name, func(t *testing.T) { transcript(t, newHistory(tc.rules), tc.lines) })
	}
}

func TestVerdictsWhenTheClockGoesBack(t *testing.T) {
	for name, tc := range map[string]struct {
		rules Rules
		lines string
	}{
		"the clock goes back": {asking(Primary), `
			100s own 8
			100s p0 9
			0s p0 9
			60s fresh 1m0s primary
			61s stale 1m1s primary behind`},
		"the clock goes back while above": {asking(Primary), `
			100s own 8
			100s p0 7
			0s p0 7
			61s stale 1m1s primary reset`},
		"the clock goes back while the zone is not served": {asking(Primary), `
			99s own 8
			100s own SERVFAIL
			0s p0 8
			61s stale 1m1s backend unserved`},
		"the clock goes back while silent": {asking(Primary), `
			5000s own 8
			5000s p0 8
			0s p0 timeout
			1001s stale 16m41s primary expired`},
		"the clock goes back before a primary dies that could not show what we have of it": {asking(Primary), `
			100s own 10
			100s p0 10
			0s p0 timeout
			10s own 11
			100s unknown "primary: no answer (p0: timeout)"`},
	} {
		t.Run(name, func(t *testing.T) { transcript(t, newHistory(tc.rules), tc.lines) })
	}
}

func TestSERVFAILOfTheBackend(t *testing.T) {
	h := newHistory(asking(Primary))
	for _, step := range []struct {
		lines string
		want  Service
	}{
		{"0s own SERVFAIL", NotLoaded},
		{"1s own 8", Served},
		{"2s own timeout", Served},
		{"3s own SERVFAIL", NoLongerServed},
		{"4s own 8", Served},
		{"5s own REFUSED", Served}, // the plugins below answer what they will
		{"6s own SERVFAIL", NotLoaded},
	} {
		transcript(t, h, step.lines)
		if v := h.Judge(at); v.Service != step.want {
			t.Errorf("after %s: %v, want %v", step.lines, v.Service, step.want)
		}
	}
}
