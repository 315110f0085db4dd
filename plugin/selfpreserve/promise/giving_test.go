package promise

import (
	"fmt"
	"testing"
	"time"
)

func TestGiving(t *testing.T) {
	perform(t, []play{
		{"who has promised stays until the promise ends", `
			0s fit => serving
			0s peers sa sc => serving
			20s request 1 of c => serving, grant 1 for 16s
			21s sigterm => asking
			21s why? => SIGTERM, has 0 of 1 promises, and has itself promised to stay
			21s wake? => 36s
			35.999s tick => asking
			36s tick => asking, ask 1 of sa, ask 2 of sc`},
		{"who has no peers would leave without asking, and promises nothing", `
			0s fit => serving
			0s reload peers=false => serving
			20s request 1 of c => serving, refuse 1: has no peers`},
		{"who has promised and then lost its peers by a reload stays until the promise ends", `
			0s fit => serving
			0s peers sa sc => serving
			20s request 1 of c => serving, grant 1 for 16s
			20s reload peers=false => serving
			21s sigterm => asking
			35.999s tick => asking
			36s tick => leaving, departure termination granted`},
		{"who has promised stays until it is released", `
			0s fit => serving
			0s peers sa sc => serving
			20s request 1 of c => serving, grant 1 for 16s
			21s unfit => asking
			22s release 2 of c => asking
			22s release 1 of a => asking
			22s release 1 of c => asking, ask 1 of sa, ask 2 of sc`},
		{"promises only while in service, fit and without doubt", `
			0s request 1 of c => starting, refuse 1: is starting
			0s fit => serving
			20s doubt => serving
			20s request 2 of c => serving, refuse 2: is not fit
			21s unfit => asking, departure unfit refused
			21s request 3 of a => asking, refuse 3: is not fit
			22s fit => serving, departure unfit cancelled
			22s request 4 of a => serving, grant 4 for 16s`},
		{"promises nothing when aside", `
			0s fit => serving
			0s peers sa sc => serving
			20s unfit => asking, ask 1 of sa, ask 2 of sc
			20s grant 1 of a => aside, departure unfit granted, release 2 to sc
			21s request 1 of a => aside, refuse 1: is aside`},
		{"promises nothing to itself, and nothing for no time", `
			0s fit => serving
			1s request 1 of b => serving, refuse 1: it is this server
			1s request 2 of c life=0s => serving, refuse 2: a promise of no time
			1s request 3 of c life=-1s => serving, refuse 3: a promise of no time`},
		{"promises no longer than its own lifetime", `
			0s fit => serving
			1s request 1 of c life=2562047h => serving, grant 1 for 16s
			1s wake? => 17s
			2s request 1 of d life=3s => serving, grant 1 for 3s
			5s tick => serving
			5s wake? => 17s`},
		{"a request that comes twice prolongs nothing", `
			0s fit => serving
			20s request 1 of c => serving, grant 1 for 16s
			30s request 1 of c => serving, grant 1 for 6s
			30s wake? => 36s`},
		{"a request that comes twice grants no longer than the promise lasts", `
			0s fit => serving
			0s reload promise=4s => serving
			20s request 1 of c => serving, grant 1 for 4s
			21s reload promise=16s => serving
			22s request 1 of c => serving, grant 1 for 2s
			22s wake? => 24s`},
		{"a renewal prolongs", `
			0s fit => serving
			20s request 1 of c => serving, grant 1 for 16s
			25s renewal 1 of c => serving, grant 1 for 16s
			25s wake? => 41s
			26s renewal 2 of c => serving, refuse 2: has no such promise
			26s renewal 1 of d => serving, refuse 1: has no such promise`},
		{"a release that comes late ends no later promise", `
			0s fit => serving
			20s request 2 of c => serving, grant 2 for 16s
			21s release 1 of c => serving
			21s wake? => 36s`},
		{"a request that comes after its release is refused", `
			0s fit => serving
			20s release 3 of c => serving
			21s request 3 of c => serving, refuse 3: has ended that promise
			21s request 2 of c => serving, refuse 2: has ended that promise
			21s request 4 of c => serving, grant 4 for 16s`},
		{"a release that comes late lets no request back in", `
			0s fit => serving
			20s release 3 of c => serving
			20s release 1 of c => serving
			21s request 3 of c => serving, refuse 3: has ended that promise`},
		{"of two promises that have ended neither is given again", `
			0s fit => serving
			20s request 1 of c => serving, grant 1 for 16s
			21s release 1 of c => serving
			22s request 2 of c => serving, grant 2 for 16s
			23s release 2 of c => serving
			24s request 2 of c => serving, refuse 2: has ended that promise
			24s request 1 of c => serving, refuse 1: has ended that promise`},
		{"a request that comes after its promise ended is refused", `
			0s fit => serving
			20s request 3 of c => serving, grant 3 for 16s
			40s request 3 of c => serving, refuse 3: has ended that promise
			40s request 4 of c => serving, grant 4 for 16s`},
		{"while asking, promises only to lower ids, and asks again when released", `
			0s fit => serving
			0s peers sc sd sa => serving
			20s sigterm => asking, ask 1 of sc, ask 2 of sd
			20s request 1 of c => asking, refuse 1: wants to leave itself
			20s request 1 of a => asking, release 1 to sc, release 2 to sd, grant 1 for 16s
			20s grant 1 of c => asking, release 1 to sc
			20s why? => SIGTERM, has 0 of 1 promises, and has itself promised to stay
			20s tick => asking
			21s request 2 of c => asking, refuse 2: wants to leave itself
			22s release 1 of a => asking, ask 3 of sc, ask 4 of sd`},
		{"released in the pause between rounds, asks again at once", `
			0s fit => serving
			0s peers sc => serving
			20s unfit => asking, ask 1 of sc
			20s fit => serving, departure unfit cancelled, release 1 to sc
			20s sigterm => asking, ask 2 of sc
			20s refusal 2 of c => asking, departure termination refused
			20.1s request 1 of a => asking, grant 1 for 16s
			20.2s release 1 of a => asking, ask 3 of sc`},
		{"while asking, renews nothing that it has promised", `
			0s fit => serving
			20s request 1 of a => serving, grant 1 for 16s
			21s sigterm => asking
			22s renewal 1 of a => asking, refuse 1: wants to leave itself
			22s wake? => 36s`},
		{"while asking, a request that comes twice is granted as before", `
			0s fit => serving
			20s request 1 of c => serving, grant 1 for 16s
			21s sigterm => asking
			22s request 1 of c => asking, grant 1 for 14s
			22s wake? => 36s`},
		{"promises nothing that would outlast its own deadline", `
			0s fit => serving
			20s sigterm => asking, departure termination refused
			24s request 1 of a => asking, grant 1 for 16s
			24s release 1 of a => asking, departure termination refused
			24.001s request 2 of a => asking, refuse 2: has to leave before that
			24.001s request 3 of a life=15s => asking, grant 3 for 15s`},
		{"a reload keeps promises, and ends none earlier", `
			0s fit => serving
			20s request 1 of c => serving, grant 1 for 16s
			21s reload promise=4s => serving
			22s wake? => 36s
			22s renewal 1 of c => serving, grant 1 for 4s
			22s wake? => 36s
			22s sigterm => asking
			22s why? => SIGTERM, has 0 of 1 promises, and has itself promised to stay`},
		{"sets aside the capacity that is asked for and spare", `
			0s fit => serving
			0s reload capacity=100 => serving
			0s load 30 => serving
			1s request 1 of c load=50 => serving, grant 1 for 16s capacity 50
			1s request 1 of d load=50 => serving, grant 1 for 16s capacity 20
			1s request 1 of e load=50 => serving, grant 1 for 16s
			2s renewal 1 of c load=10 => serving, grant 1 for 16s capacity 10
			2s renewal 1 of e load=50 => serving, grant 1 for 16s capacity 40
			3s load 200 => serving
			3s renewal 1 of d load=50 => serving, grant 1 for 16s
			3s request 2 of a load=-5 => serving, grant 2 for 16s`},
	})
}

func TestWhatPeersCanMakeAServerRememberIsBounded(t *testing.T) {
	m := New("b", usual)
	m.Step(0, Fitness{Fit: true, AllPassed: true})
	grants := 0
	for i := range 3 * maxGiven {
		for _, a := range m.Step(time.Second, Requested{Request{From: ID(fmt.Sprint(i)), Number: 7, Lifetime: time.Second}}) {
			if a.(Answer).Granted {
				grants++
			}
		}
	}
	if grants != maxGiven || len(m.given) != maxGiven {
		t.Errorf("%d promises given, and %d remembered, want %d", grants, len(m.given), maxGiven)
	}
	for i := range 3 * maxGiven {
		m.Step(time.Second, Released{ID(fmt.Sprint("r", i)), 7})
	}
	if len(m.askers) != maxGiven {
		t.Errorf("%d askers are remembered, want %d", len(m.askers), maxGiven)
	}
	if got := m.highestNumber(ID(fmt.Sprint("r", 3*maxGiven-1))); got != 7 {
		t.Errorf("the number of the last asker is %d, want 7", got)
	}
}
