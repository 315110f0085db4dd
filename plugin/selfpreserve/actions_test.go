package selfpreserve

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/roster"
)

// granter is a peer that has restarted, as id-new, and grants what it is asked for.
type granter struct{ peerClient }

func (granter) ask(_ context.Context, _ string, r promise.Request) (promise.Reply, error) {
	return promise.Reply{From: "id-new", Number: r.Number, Granted: true, Lifetime: r.Lifetime}, nil
}

func TestAGrantTellsWhoIsAtAnAddressNow(t *testing.T) {
	s := newStill(t)
	s.roster = roster.New(s.id)
	it := addrs("10.0.0.1:8182")
	s.roster.Find(0, roster.Source{Name: "a."}, it, nobody)
	s.roster.Answered(0, it[0], "id-old", promise.Serving)
	s.client = granter{s.client}
	s.sendAsk(t.Context(), promise.Ask{To: "10.0.0.1:8182", Sent: 1, Request: promise.Request{From: s.id, Number: 1, Lifetime: time.Second}})
	if id := s.roster.Peers()[0].ID; id != "id-new" {
		t.Errorf("it has %s", id)
	}
}

// The requests have arrived, and the replies have not, when a reload begins.
func TestAReloadInTheMidstOfARoundLeavesNobodyBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := startFleet(&fleet{t: t, delay: 50 * time.Millisecond}, 3, near(2))
		m := f.nodes[0]
		left := f.terminate(m)
		time.Sleep(75 * time.Millisecond)
		m.run(f.dependencies(m))
		<-left
		time.Sleep(time.Second)
		for _, other := range f.nodes[1:] {
			if n := other.given(); n > 0 {
				t.Errorf("%s is bound to who is gone: by %d", other.id, n)
			}
		}
	})
}
