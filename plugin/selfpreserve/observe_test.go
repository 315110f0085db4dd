package selfpreserve

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
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

// A server that observes says goodbye when SIGTERM ends it: on promises if it had enough, and
// as by force if it would still be held.
func TestAServerThatObservesSaysGoodbye(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		set := near(0)
		set.minPeers = promise.Quota{Percent: 50}
		set.observe = true
		f := startFleet(&fleet{t: t, named: true, delay: 5 * time.Millisecond}, 6, set)
		watching := func() *promise.View { return f.nodes[5].view.Load() }
		ends := func(m *member, lameduck time.Duration) {
			m.holdSIGTERM()
			time.Sleep(lameduck)
			begin := time.Now()
			m.end()
			if took := time.Since(begin); took > 2*farewell {
				t.Errorf("it ends after %s", took)
			}
			f.kill(m)
		}
		for i, m := range f.nodes[:3] {
			ends(m, time.Duration(i)*time.Second) // also when there is no time to get promises before
			time.Sleep(time.Minute)
			if known, want := watching().KnownPeers, 4-i; known != want {
				t.Errorf("%d have gone on promises, and one knows %d others, want %d", i+1, known, want)
			}
		}
		held := f.nodes[3]
		held.order(promise.Override{Kind: promise.Stay, Reason: "a test"}, "127.0.0.1:1")
		ends(held, time.Second)
		f.nodes[5].mu.Lock()
		for _, p := range f.nodes[5].roster.Peers() {
			if p.ID == held.id && p.Said != promise.Leaving {
				t.Errorf("one that has gone without promises says that it is %s", p.Said)
			}
		}
		f.nodes[5].mu.Unlock()
		time.Sleep(time.Minute)
		if known := watching().KnownPeers; known != 2 {
			t.Errorf("one that would still be held has gone, and %d are known, want 2", known)
		}
	})
}

// Nobody answers it any more, and its end waits no longer than that of others.
func TestTheGoodbyeOfAServerThatObservesIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		set := near(1)
		set.observe = true
		f := newFleet(t, 3, set)
		f.sever(func(from, _ int) bool { return from == 0 })
		f.nodes[0].holdSIGTERM()
		begin := time.Now()
		f.nodes[0].end()
		if took := time.Since(begin); took != 2*farewell {
			t.Errorf("it ends after %s, want %s", took, 2*farewell)
		}
	})
}
