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
	s.peerOf = granter{s.peerOf}
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
		s.peerOf = it
		s.run(s.surroundings)
		s.node.mu.Lock()
		s.sendRelease(new(sync.WaitGroup), promise.Release{To: "10.0.0.1:8182", Number: 7})
		s.node.mu.Unlock()
		synctest.Wait()
		s.run(s.surroundings)
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

func TestAReloadBeginsToCountQueriesAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSurveyor(t, nobody)
		s.queries.Add(1000)
		s.run(s.surroundings)
		time.Sleep(3 * time.Second)
		s.node.mu.Lock()
		after := s.surroundings
		s.node.mu.Unlock()
		after.checks, after.queries = new(checks), new(atomic.Uint64)
		s.run(after)
		after.queries.Add(30)
		most := 0
		for range 30 {
			time.Sleep(100 * time.Millisecond)
			most = max(most, s.view.Load().Load)
		}
		if most < 15 || most > 30 {
			t.Errorf("up to %d queries a second, want those of the new servers: 30 in a second or so", most)
		}
	})
}
