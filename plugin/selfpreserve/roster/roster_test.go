package roster

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
)

func addrs(texts ...string) (all []netip.AddrPort) {
	for _, text := range texts {
		all = append(all, netip.MustParseAddrPort(text))
	}
	return all
}

// isOneOf is the test of a server that has these addresses.
func isOneOf(texts ...string) func(netip.AddrPort) Ownership {
	own := addrs(texts...)
	return func(a netip.AddrPort) Ownership {
		if slices.Contains(own, a) {
			return IsOwn
		}
		return NotOwn
	}
}

var nobody = isOneOf()

// text is the roster as the addresses found, in order.
func (r *Roster) text() string {
	var all []string
	for _, p := range r.found() {
		text := strings.TrimSuffix(p.Address.String(), ":8182")
		if p.self {
			text += "(self)"
		}
		all = append(all, text)
	}
	return strings.Join(all, " ")
}

// forty are addresses of a fleet.
func forty() (all []netip.AddrPort) {
	for i := range 40 {
		all = append(all, netip.MustParseAddrPort(fmt.Sprintf("10.0.0.%d:8182", i+1)))
	}
	return all
}

func TestOwnAddressesAreLeftOutBeforeAnythingIsCounted(t *testing.T) {
	for i, own := range forty() {
		r := New("me")
		mapped := netip.AddrPortFrom(netip.AddrFrom16(own.Addr().As16()), own.Port())
		r.Find(0, Source{Name: "a."}, append(forty(), mapped), isOneOf(own.String()))
		if got := r.KnownPeers(0); got != 39 || strings.Contains(" "+r.text()+" ", " "+own.Addr().String()+" ") || r.HasIP(0, own.Addr()) {
			t.Errorf("self is %d: %d are known: %s", i, got, r.text())
		}
	}
	r := New("me")
	r.Find(0, Source{Name: "a."}, addrs("10.0.0.1:8182", "10.0.0.1:9", "10.0.0.2:8182", "[2001:db8::1]:8182", "[2001:db8::2]:8182"), isOneOf("10.0.0.1:8182", "[2001:db8::1]:8182"))
	if got, want := r.text(), "10.0.0.1:9 10.0.0.2 [2001:db8::2]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

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
