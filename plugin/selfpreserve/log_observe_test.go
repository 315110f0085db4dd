package selfpreserve

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// While it observes a server says what it would do, and does not.
func TestAnObserverSaysWhatItWouldDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		set := near(1)
		set.observe = true
		host := " (" + hostName() + ")"
		var f *fleet
		var got []string
		say := func(do func(), want ...string) {
			t.Helper()
			got = logged(t, func() { do(); time.Sleep(5 * time.Second); synctest.Wait() })
			slices.Sort(got)
			slices.Sort(want)
			if strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Errorf("%q\nwant\n%q", got, want)
			}
		}
		say(func() { f = newFleet(t, 2, set) },
			"[INFO] In service as id-000, at 10.0.0.1:8182, observing only", "[INFO] In service as id-001, at 10.0.0.2:8182, observing only")
		const cause = "canary test. A: SERVFAIL"
		say(func() { f.nodes[0].fails("SERVFAIL") },
			`[WARNING] Check "canary test. A" has failed 3 times in a row: SERVFAIL`,
			"[INFO] Observing: unfit; would ask peers to stay so that this server can step aside: "+cause,
			"[INFO] Observing: would step aside, with /ready at 503: "+cause+", with 1 of 1 promises: 10.0.0.2:8182"+host)
		if ready := f.nodes[0].ready(); ready != "200 OK" {
			t.Error(ready)
		}
		say(func() { f.nodes[0].heals() }, `[INFO] Check "canary test. A" passes again`, "[INFO] Observing: fit again, would be back in service")
		const held = "[INFO] Observing: SIGTERM would be held until enough peers promise to stay (min_peers 1, 1 known)"
		say(func() { f.nodes[0].holdSIGTERM() }, held, "[INFO] Observing: would leave service now: enough peers have promised to stay: 10.0.0.2:8182"+host)
		f.kill(f.nodes[0])
		say(func() { f.nodes[1].holdSIGTERM() }, held,
			"[INFO] Observing: would stay in service: SIGTERM, with 0 of 1 promises; nobody else to ask",
			"[WARNING] The only known peer does not answer: this server stays in service until it does, or until max_hold is over")
		say(func() { time.Sleep(15 * time.Second) }, "[INFO] Observing: would leave service now: by force, because max_hold is over")
	})
}

func TestAnObserverThatEndsSaysThatItWouldBeHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		set := near(1)
		set.observe = true
		f := newFleet(t, 1, set)
		got := logged(t, func() { f.nodes[0].holdSIGTERM(); time.Sleep(5 * time.Second); f.nodes[0].end() })
		const want = "[WARNING] Observing: SIGTERM would now be held for at most 15s: SIGTERM, with 0 of 1 promises; nobody else to ask"
		if got[len(got)-1] != want {
			t.Errorf("%q, want %q", got, want)
		}
	})
}
