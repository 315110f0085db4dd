package roster

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
)

func TestPeersArePolledInTurnAndFewAtATime(t *testing.T) {
	r, rng, first := New("me"), rand.New(rand.NewPCG(1, 1)), map[netip.AddrPort]bool{}
	r.Find(0, Source{Name: "a."}, forty(), nobody)
	last := map[netip.AddrPort]int{}
	for turn := range 100 {
		picked := r.Pick(time.Duration(turn+1)*time.Second, rng, 16)
		if len(picked) != 16 {
			t.Errorf("%d at a time", len(picked))
		}
		first[picked[0]] = true
		for _, address := range picked {
			last[address] = turn
		}
		for address, polled := range last {
			if turn >= 2 && (len(last) < 40 || turn-polled >= 3) { // three times 16 are all
				t.Fatalf("of %d that were polled, %s was last in turn %d, and this is %d", len(last), address, polled, turn)
			}
		}
	}
	if len(first) < 20 {
		t.Errorf("only %d of 40 were ever the first: it is no order drawn at random", len(first))
	}
}

func TestTheLikeliestAreAskedFirst(t *testing.T) {
	r := New("me")
	all := forty()[:7]
	r.Find(0, Source{Name: "a."}, all, nobody)
	for i, state := range []promise.State{promise.Aside, promise.Starting, promise.Asking, promise.Serving, promise.Leaving} {
		r.Answered(0, all[i], promise.ID(fmt.Sprint(i)), state)
	}
	r.Silent(all[5])
	first := map[string]bool{}
	for seed := range uint64(20) {
		peers := r.Candidates(rand.New(rand.NewPCG(1, seed)))
		var order []string
		for _, p := range peers {
			order = append(order, strings.TrimSuffix(strings.TrimPrefix(p.Address, "10.0.0."), ":8182"))
		}
		if got := strings.Join(order, ""); got != "473612" && got != "473621" { // serving, unheard, asking, Unreachable
			t.Error(got)
		}
		first[order[4]] = true
	}
	if len(first) != 2 {
		t.Error("equals are always asked in the same order")
	}
}
