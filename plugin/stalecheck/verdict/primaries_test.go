package verdict

import "testing"

// What only primaries can tell: that they were reset, and that they are silent.
func TestVerdictsByPrimaries(t *testing.T) {
	for name, tc := range map[string]struct {
		rules Rules
		lines string
	}{
		"every primary was reset": {asking(Primary), `
			0s own 8
			0s p0 7
			0s p1 6
			60s fresh 1m0s primary
			61s stale 1m1s primary reset "above the primary for 61s, serial 8 > 7"
			62s p1 8
			62s fresh 0s primary`},
		"one primary lags, the other agrees": {asking(Primary), `
			0s own 8
			0s p0 8
			0s p1 7
			10s p0 timeout
			100s fresh 0s primary`},
		"every primary was reset, and a peer was not": {asking(Primary, Peers), `
			0s own 8
			0s p0 7
			0s q0 8
			61s stale 1m1s primary reset`},
		"a peer that lags": {asking(Peers), `
			0s own 8
			0s q0 7
			100s fresh 0s peers`},
		"a reset after a newer serial": {asking(Primary), `
			0s own 8
			0s p0 9
			10s p0 3
			70s fresh 1m0s primary
			71s stale 1m1s primary reset`},
		"expired by silence": {asking(Primary), `
			0s own 8
			0s p0 8
			10s p0 timeout
			1000s unknown
			1001s stale 16m41s primary expired "zone expired, no primary answered for 1001s"
			1001s p0 8
			1001s fresh 0s primary`},
		"expired by REFUSED, no primary ever answered": {asking(Primary), `
			0s own 8
			0s p0 REFUSED
			0s p1 REFUSED
			1000s unknown
			1001s stale 16m41s primary expired`},
		"the last answer of any primary counts": {asking(Primary), `
			0s own 8
			0s p1 8
			900s p0 8
			901s p0 timeout
			902s p1 timeout
			1900s unknown
			1901s stale 16m41s primary expired`},
		"answers of peers do not keep a zone from expiring": {asking(Primary, Peers), `
			0s own 8
			0s p0 8
			0s q0 8
			10s p0 REFUSED
			900s q0 8
			1000s fresh 0s peers
			1001s stale 16m41s primary expired`},
		"one primary answers": {asking(Primary), `
			0s own 8
			0s p0 REFUSED
			900s p1 8
			2000s fresh 0s primary`},
		"peers do not expire a zone": {asking(Peers), `
			0s own 8
			0s q0 REFUSED
			2000s unknown`},
		"a primary that died before it could show what we have of it": {asking(Primary), `
			0s own 10
			0s p0 10
			10s own 11
			20s p0 timeout
			100s unknown "primary: no answer (p0: timeout)"`},
		"a primary that was asked just before we took its zone": {asking(Primary), `
			0s own 10
			0s p0 10
			10s own 11
			20s p0 11
			100s fresh 0s primary`},
		"above a primary that then dies": {asking(Primary), `
			0s own 8
			0s p0 7
			10s p0 timeout
			61s stale 1m1s primary reset`},
		"an EXPIRE below max_age": {asking(Primary), `
			0s brief 8
			0s p0 8
			10s p0 timeout
			60s unknown
			61s stale 1m1s primary expired`},
	} {
		t.Run(name, func(t *testing.T) { transcript(t, newHistory(tc.rules), tc.lines) })
	}
}
