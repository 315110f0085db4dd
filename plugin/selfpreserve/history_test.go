package selfpreserve

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestTheLastHundredChangesAreTheNewestFirst(t *testing.T) {
	s := newStill(t)
	for i := range 150 {
		s.clock += time.Second
		s.mu.Lock()
		s.record(fmt.Sprint("change ", i), "")
		s.mu.Unlock()
	}
	got := s.status(time.Unix(1000, 0)).Changes
	if len(got) != 100 || got[0].What != "change 149" || got[99].What != "change 50" || got[0].Time.Unix() != 1000 || got[99].Time.Unix() != 901 {
		t.Errorf("%d changes, from %+v to %+v", len(got), got[0], got[len(got)-1])
	}
}

// whatChanged are the changes in order, without times.
func (n *node) whatChanged() (all []string) {
	for _, c := range n.shown.Load().changes {
		text := c.what
		if c.why != "" {
			text += ": " + c.why
		}
		all = append([]string{text}, all...)
	}
	return all
}

func TestTheHistoryHasWhatHappenedToAServerAndItsPeers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 2, near(1))
		m := f.nodes[0]
		m.fails("SERVFAIL")
		time.Sleep(5 * time.Second)
		f.kill(f.nodes[1])
		time.Sleep(11 * time.Second)
		m.heals()
		time.Sleep(6 * time.Second)
		m.run(f.dependencies(m)) // a reload
		name := hostName()
		want := []string{
			"peer 10.0.0.2:8182 (" + name + ") serving",
			"state serving",
			`check "canary test. A" fails: SERVFAIL`,
			"state asking: canary test. A: SERVFAIL",
			"state aside: canary test. A: SERVFAIL, with 1 of 1 promises",
			"peer 10.0.0.2:8182 (" + name + ") unreachable",
			"state asking: canary test. A: SERVFAIL",
			"stays in service: canary test. A: SERVFAIL",
			"no peer answers",
			`check "canary test. A" passes`,
			"state serving",
			"reload",
		}
		got := slices.DeleteFunc(m.whatChanged(), func(what string) bool { // as fast as the peer starts
			return strings.HasSuffix(what, "starting")
		})
		if len(got) != len(want) {
			t.Fatalf("%q", got)
		}
		slices.Sort(got[:2]) // either comes first
		for i := range got {
			if !strings.HasPrefix(got[i], want[i]) {
				t.Errorf("%d: %q, want %q", i, got[i], want[i])
			}
		}
	})
}

func TestOnePollInVainIsNoChangeOfAPeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 2, near(1))
		before := len(f.nodes[0].whatChanged())
		f.sever(between(1))
		time.Sleep(1300 * time.Millisecond)
		if got := f.nodes[0].status(time.Now()).Peers[0].State; got != "unreachable" {
			t.Errorf("the last poll has failed, and the peer is %s", got)
		}
		f.sever(func(int, int) bool { return false })
		time.Sleep(5 * time.Second)
		if got := f.nodes[0].whatChanged()[before:]; len(got) != 0 {
			t.Errorf("%q", got)
		}
	})
}
