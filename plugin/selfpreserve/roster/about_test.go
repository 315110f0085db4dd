package roster

import (
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
)

func TestSinceWhenAPeerIsInItsStateDoesNotMoveWithThePolls(t *testing.T) {
	r := New("me")
	it := addrs("10.0.0.1:8182")[0]
	r.Find(0, Source{}, addrs("10.0.0.1:8182"), nobody)
	describe := func(id promise.ID, state promise.State, since time.Duration) {
		r.Describe(it, About{Server: promise.Server{ID: id}, State: state, Since: since, Dated: true})
	}
	since := func(want time.Duration) {
		t.Helper()
		if got := r.Peers()[0].AboutItself(); got == nil || got.Since != want {
			t.Errorf("it says %+v, want since %s", got, want)
		}
	}
	describe("a", promise.Serving, time.Second)
	if got := r.Peers()[0].AboutItself(); got != nil {
		t.Errorf("before it has answered it says %+v", got)
	}
	r.Answered(2*time.Second, it, "a", promise.Serving)
	describe("a", promise.Serving, 1000*time.Millisecond)
	describe("a", promise.Serving, 1300*time.Millisecond) // the reply took its time
	since(1000 * time.Millisecond)
	describe("a", promise.Serving, 900*time.Millisecond)
	since(900 * time.Millisecond)
	describe("a", promise.Serving, 5*time.Second) // it was another state meanwhile
	since(5 * time.Second)
	describe("a", promise.Aside, 5100*time.Millisecond)
	since(5100 * time.Millisecond)
	describe("b", promise.Aside, 9*time.Second) // another process, that has not answered here
	since(5100 * time.Millisecond)
	r.Answered(10*time.Second, it, "b", promise.Starting)
	if got := r.Peers()[0].AboutItself(); got != nil {
		t.Errorf("of the process before, it says %+v", got)
	}
}
