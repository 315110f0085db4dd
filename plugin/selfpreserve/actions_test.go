package selfpreserve

import (
	"context"
	"sync"
	"sync/atomic"
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

// mute is a peer that answers no release before its asker gives up.
type mute struct {
	peerClient
	releases atomic.Int32
}

func (m *mute) release(ctx context.Context, _ string, _ promise.ID, _ uint64) error {
	m.releases.Add(1)
	<-ctx.Done()
	return ctx.Err()
}

func TestAReleaseThatAReloadCutsShortIsSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSurveyor(t, nobody)
		it := &mute{peerClient: s}
		s.client = it
		s.run(s.dependencies)
		s.node.mu.Lock()
		s.sendRelease(new(sync.WaitGroup), promise.Release{To: "10.0.0.1:8182", Number: 7})
		s.node.mu.Unlock()
		synctest.Wait()
		s.run(s.dependencies)
		synctest.Wait()
		if n := it.releases.Load(); n != 2 {
			t.Errorf("it was sent %d times", n)
		}
		time.Sleep(10 * time.Second) // in vain, and that is all
		if n := it.releases.Load(); n != 2 {
			t.Errorf("it was sent %d times in the end", n)
		}
	})
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
