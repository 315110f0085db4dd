package roster

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
)

func TestWhoAnswersWithOurOwnIdIsNoPeer(t *testing.T) {
	r := New("me")
	r.Find(0, Source{Name: "a."}, addrs("10.0.0.1:8182", "10.0.0.2:8182", "10.0.0.3:8182"), nobody)
	r.Answered(0, addrs("10.0.0.2:8182")[0], "me", promise.Serving)
	r.Answered(0, addrs("10.0.0.3:8182")[0], "b", promise.Serving)
	candidates := r.Candidates(rand.New(rand.NewPCG(1, 1)))
	if got, want := r.text(), "10.0.0.1 10.0.0.2(self) 10.0.0.3"; got != want || r.KnownPeers(0) != 2 || len(candidates) != 2 {
		t.Errorf("%s, of which %d count and %v may be asked; want %s", got, r.KnownPeers(0), candidates, want)
	}
	r.Answered(time.Second, addrs("10.0.0.2:8182")[0], "c", promise.Serving) // somebody else got the address
	if got := r.KnownPeers(time.Second); got != 3 {
		t.Errorf("%d are known", got)
	}
	r.Answered(time.Second, addrs("10.0.0.2:8182")[0], "me", promise.Serving)
	r.Find(0, Source{Name: "a."}, nil, nobody)
	r.Forget(time.Second)
	if got := r.KnownPeers(time.Second); got != 1 || !r.HasIP(time.Second, netip.MustParseAddr("10.0.0.3")) {
		t.Errorf("%d are known, want only who answered as another", got)
	}
}

func TestAPeerThatRestartsAtItsAddressIsAnother(t *testing.T) {
	r := New("me")
	it := addrs("10.0.0.1:8182")
	r.Find(0, Source{Name: "a."}, it, nobody)
	r.Answered(0, it[0], "old", promise.Serving)
	r.Polled(0, "old", promise.Leaving)
	if got := r.Candidates(rand.New(rand.NewPCG(1, 1))); len(got) != 0 {
		t.Errorf("%v may be asked, and leaves", got)
	}
	r.Silent(it[0])
	r.Polled(0, "new", promise.Serving) // which is nobody that is known yet
	r.Answered(time.Second, it[0], "new", promise.Serving)
	r.Polled(2*time.Second, "old", promise.Leaving) // late
	if got := fmt.Sprint(r.Candidates(rand.New(rand.NewPCG(1, 1)))); got != "[{10.0.0.1:8182 new}]" {
		t.Error(got)
	}
	if p := r.peers[it[0]]; p.Status != "serving" || p.leaving || p.HeardAt != time.Second {
		t.Errorf("%+v", *p)
	}
}

// A peer that has restarted since it was last polled has another id than is known.
func TestAPromiseOfAPeerThatWasNotPolledSinceItsRestartCounts(t *testing.T) {
	r := New("me")
	it := addrs("10.0.0.1:8182", "10.0.0.2:8182")
	r.Find(0, Source{}, it, nobody)
	r.Answered(0, it[0], "old", promise.Serving)
	for _, address := range []string{"10.0.0.1:8182", "10.0.0.2:8182", "10.0.0.3:8182", "none"} {
		r.Promised(address, "new")
	}
	if a, b := r.peers[it[0]], r.peers[it[1]]; a.ID != "new" || b.ID != "" || len(r.peers) != 2 {
		t.Errorf("%+v %+v", *a, *b)
	}
}

// Who reaches us though we do not reach it is no good to ask, and is believed only that
// it leaves.
func TestWhatASilentPeerSays(t *testing.T) {
	r, rng := New("me"), rand.New(rand.NewPCG(1, 1))
	it := addrs("10.0.0.1:8182")
	r.Find(0, Source{Name: "a."}, it, nobody)
	r.Answered(0, it[0], "a", promise.Serving)
	r.Silent(it[0])
	r.Polled(0, "a", promise.Serving)
	if p := r.peers[it[0]]; p.Status != Unreachable || len(r.Candidates(rng)) != 1 {
		t.Errorf("%+v", *p)
	}
	r.Polled(0, "a", promise.Leaving)
	r.Polled(0, "a", promise.Serving) // late
	if got := r.Candidates(rng); len(got) != 0 {
		t.Errorf("%v may be asked, and leaves", got)
	}
}

func TestWhoFindsOnlyItselfIsAnsweredByNobody(t *testing.T) {
	r := New("me")
	it := addrs("10.0.0.1:8182", "10.0.0.2:8182")
	r.Find(0, Source{}, it, nobody)
	r.Answered(0, it[0], "me", promise.Serving)
	if got := r.Answering(); got != 0 {
		t.Errorf("%d peers answer", got)
	}
	r.Answered(0, it[1], "a", promise.Serving)
	if got := r.Answering(); got != 1 {
		t.Errorf("%d peers answer, want 1", got)
	}
	r.Silent(it[1])
	if got := r.Answering(); got != 0 {
		t.Errorf("%d peers answer, and the last was silent", got)
	}
}
