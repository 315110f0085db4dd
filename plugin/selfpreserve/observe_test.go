package selfpreserve

import (
	"testing"
	"testing/synctest"
	"time"
)

// One that observes decides like the others, and SIGTERM and /ready are as without it.
func TestAServerThatObservesHoldsNothingAndSaysNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		set := near(1)
		set.observe = true
		f, changed := newFleet(t, 3, set), figures()
		f.nodes[0].fails("SERVFAIL")
		time.Sleep(10 * time.Second)
		if got := f.states(); got != "aside serving serving" || f.nodes[0].ready() != "200 OK" {
			t.Errorf("%s, and /ready of the sick one is %s", got, f.nodes[0].ready())
		}
		for _, m := range f.nodes {
			if held := <-f.terminate(m); held != 0 {
				t.Errorf("held for %s", held)
			}
			if got := m.ready(); got != "503 LEAVING" {
				t.Errorf("after SIGTERM /ready is %s", got)
			}
		}
		if got := changed(); got != "" {
			t.Errorf("departures that were only observed were counted: %s", got)
		}
	})
}

// What it promises would not keep it, so nobody who does not observe leans on it.
func TestNobodyLeansOnAServerThatObserves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := startFleet(&fleet{t: t, named: true}, 1, near(1))
		set := near(1)
		set.observe = true
		for range 2 {
			f.start(f.add(set))
		}
		f.ripen(set)
		f.nodes[1].fails("SERVFAIL")
		f.nodes[2].fails("SERVFAIL")
		time.Sleep(10 * time.Second)
		if given := f.nodes[0].given(); given != 0 || f.states() != "serving aside aside" {
			t.Errorf("%s, and who does not observe is bound by %d promises to those that do", f.states(), given)
		}
		f.nodes[2].heals()
		f.nodes[0].fails("SERVFAIL")
		time.Sleep(10 * time.Second)
		if got := f.states(); got != "asking aside serving" {
			t.Error(got)
		}
	})
}
