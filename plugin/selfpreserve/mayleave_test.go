package selfpreserve

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/roster"
)

// As many as /status says get SIGTERM at one instant, whichever they are, and all go on
// promises. One more is held till max_hold.
func TestAsManyLeaveAsMayLeaveSays(t *testing.T) {
	for seed := range uint64(12) {
		rng := rand.New(rand.NewPCG(1, seed))
		n, minPeers, sick := 2+rng.IntN(5), 1+rng.IntN(3), rng.IntN(2)
		t.Run(fmt.Sprintf("%d servers, %d sick, min_peers %d", n, sick, minPeers), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				set := near(minPeers)
				set.maxHold = 2 * time.Minute // so that it is no matter of time
				f := newFleet(t, n, set)
				well := slices.Clone(f.nodes[sick:])
				for _, m := range f.nodes[:sick] {
					m.fails("SERVFAIL")
				}
				time.Sleep(20 * time.Second) // it is aside, if it can
				may := max(0, n-sick-minPeers)
				for _, m := range f.nodes {
					got := m.status(time.Now())
					if got.MayLeave != may {
						t.Fatalf("%s says that %d may leave, want %d", m.id, got.MayLeave, may)
					}
					// One that a sick server leans on would not go at once, and others would.
					if slices.Contains(well, m) && got.Departure.OK != (may > 0 && m.given() == 0) {
						t.Fatalf("%s says of its departure: %+v, and %d may leave", m.id, got.Departure, may)
					}
				}
				rng.Shuffle(len(well), func(i, j int) { well[i], well[j] = well[j], well[i] })
				var left []chan time.Duration
				for _, m := range well[:may] {
					left = append(left, f.terminate(m))
				}
				for i, l := range left {
					if held := <-l; held >= set.maxHold {
						t.Errorf("%s was held for %s", well[i].id, held)
					}
				}
				if held := <-f.terminate(well[may]); held < set.maxHold {
					t.Errorf("one more leaves after %s", held)
				}
			})
		})
	}
}

func TestWhoIsSilentOrOnlyObservesDoesNotMakeOthersFree(t *testing.T) {
	peer := func(status string, observes bool) roster.Peer {
		return roster.Peer{ID: "a", Status: status, About: &roster.About{Server: promise.Server{ID: "a", Promises: true, Observes: observes}}}
	}
	me := promise.Server{ID: "me", Promises: true}
	observer := promise.Server{ID: "me", Promises: true, Observes: true}
	for _, c := range []struct {
		me   promise.Server
		peer roster.Peer
		want int
	}{
		{me, peer("serving", false), 1},
		{me, peer(roster.Unreachable, false), 0},
		{me, peer(roster.Left, false), 0},
		{me, peer("asking", false), 0},
		{me, peer("serving", true), 0},
		{observer, peer("serving", true), 1},
		{observer, peer("serving", false), 1},
		{me, roster.Peer{ID: "a", Status: "serving"}, 0},
	} {
		s := shown{view: &promise.View{State: promise.Serving, HasPeers: true, MinPeers: 1}, me: c.me, peers: []roster.Peer{c.peer}}
		if got := s.mayLeave(); got != c.want {
			t.Errorf("beside %+v %d may leave, want %d", c.peer, got, c.want)
		}
	}
	alone := shown{view: &promise.View{State: promise.Serving}, me: me}
	if got := alone.mayLeave(); got != 1 {
		t.Errorf("alone by choice %d may leave", got)
	}
	alone.me.Bound = true
	if got := alone.mayLeave(); got != 0 {
		t.Errorf("alone by choice, and bound, %d may leave", got)
	}
}

// What keeps a server from stepping aside again and again does not keep it from leaving.
func TestOfAServerThatIsDampedItsPeersDecide(t *testing.T) {
	for name, test := range map[string]struct {
		view promise.View
		want string
	}{
		"damped":     {promise.View{}, "only 0 of 1 required peers would promise to stay"},
		"refused":    {promise.View{FailedRounds: 1}, "SIGTERM, with 0 of 1 promises"},
		"told to go": {promise.View{Terminating: true}, "SIGTERM, with 0 of 1 promises"},
	} {
		v := test.view
		v.State, v.Why, v.HasPeers, v.MinPeers = promise.Asking, "SIGTERM, with 0 of 1 promises", true, 1
		if got := (&shown{view: &v}).whyNotLeave(); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}
