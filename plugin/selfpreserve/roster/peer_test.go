package roster

import (
	"testing"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
)

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
