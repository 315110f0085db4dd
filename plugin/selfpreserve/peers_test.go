package selfpreserve

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
func isOneOf(texts ...string) selfTest {
	own := addrs(texts...)
	return func(a netip.AddrPort) ownership {
		if slices.Contains(own, a) {
			return isOwn
		}
		return notOwn
	}
}

var nobody = isOneOf()

// text is the roster as the addresses found, in order.
func (r *roster) text() string {
	var all []string
	for _, p := range r.sorted() {
		text := strings.TrimSuffix(p.address.String(), ":8182")
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
		r := newRoster()
		mapped := netip.AddrPortFrom(netip.AddrFrom16(own.Addr().As16()), own.Port())
		r.find(0, "a", "", append(forty(), mapped), isOneOf(own.String()))
		if got := r.known(0); got != 39 || strings.Contains(" "+r.text()+" ", " "+own.Addr().String()+" ") || r.has(0, own.Addr()) {
			t.Errorf("self is %d: %d are known: %s", i, got, r.text())
		}
	}
	r := newRoster()
	r.find(0, "a", "", addrs("10.0.0.1:8182", "10.0.0.1:9", "10.0.0.2:8182", "[2001:db8::1]:8182", "[2001:db8::2]:8182"), isOneOf("10.0.0.1:8182", "[2001:db8::1]:8182"))
	if got, want := r.text(), "10.0.0.1:9 10.0.0.2 [2001:db8::2]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestWhoAnswersWithOurOwnIdIsNoPeer(t *testing.T) {
	r := newRoster()
	r.find(0, "a", "", addrs("10.0.0.1:8182", "10.0.0.2:8182", "10.0.0.3:8182"), nobody)
	r.answered(0, addrs("10.0.0.2:8182")[0], "me", "me", promise.Serving)
	r.answered(0, addrs("10.0.0.3:8182")[0], "me", "b", promise.Serving)
	candidates := r.candidates(rand.New(rand.NewPCG(1, 1)))
	if got, want := r.text(), "10.0.0.1 10.0.0.2(self) 10.0.0.3"; got != want || r.known(0) != 2 || len(candidates) != 2 {
		t.Errorf("%s, of which %d count and %v may be asked; want %s", got, r.known(0), candidates, want)
	}
	r.answered(time.Second, addrs("10.0.0.2:8182")[0], "me", "c", promise.Serving) // somebody else got the address
	if got := r.known(time.Second); got != 3 {
		t.Errorf("%d are known", got)
	}
	r.answered(time.Second, addrs("10.0.0.2:8182")[0], "me", "me", promise.Serving)
	r.find(0, "a", "", nil, nobody)
	r.forget(time.Second)
	if got := r.known(time.Second); got != 1 || !r.has(time.Second, netip.MustParseAddr("10.0.0.3")) {
		t.Errorf("%d are known, want only who answered as another", got)
	}
}

func TestAPeerThatRestartsAtItsAddressIsAnother(t *testing.T) {
	r := newRoster()
	it := addrs("10.0.0.1:8182")
	r.find(0, "a", "", it, nobody)
	r.answered(0, it[0], "me", "old", promise.Serving)
	r.told(0, "old", promise.Leaving)
	if got := r.candidates(rand.New(rand.NewPCG(1, 1))); len(got) != 0 {
		t.Errorf("%v may be asked, and leaves", got)
	}
	r.silent(it[0])
	r.told(0, "new", promise.Serving) // which is nobody that is known yet
	r.answered(time.Second, it[0], "me", "new", promise.Serving)
	r.told(2*time.Second, "old", promise.Leaving) // late
	if got := fmt.Sprint(r.candidates(rand.New(rand.NewPCG(1, 1)))); got != "[{10.0.0.1:8182 new}]" {
		t.Error(got)
	}
	if p := r.peers[it[0]]; p.status != "serving" || p.silent != 0 || p.left || p.heard != time.Second {
		t.Errorf("%+v", *p)
	}
}

func TestPeersArePolledInTurnAndFewAtATime(t *testing.T) {
	r, rng, first := newRoster(), rand.New(rand.NewPCG(1, 1)), map[netip.AddrPort]bool{}
	r.find(0, "a", "", forty(), nobody)
	last := map[netip.AddrPort]int{}
	for turn := range 100 {
		picked := r.pick(time.Duration(turn+1)*time.Second, rng, polledAtOnce)
		if len(picked) != 16 {
			t.Errorf("%d at a time", len(picked))
		}
		first[picked[0].address] = true
		for _, p := range picked {
			last[p.address] = turn
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
	r := newRoster()
	all := forty()[:7]
	r.find(0, "a", "", all, nobody)
	for i, state := range []promise.State{promise.Aside, promise.Starting, promise.Asking, promise.Serving, promise.Leaving} {
		r.answered(0, all[i], "me", promise.ID(fmt.Sprint(i)), state)
	}
	r.silent(all[5])
	first := map[string]bool{}
	for seed := range uint64(20) {
		peers := r.candidates(rand.New(rand.NewPCG(1, seed)))
		var order []string
		for _, p := range peers {
			order = append(order, strings.TrimSuffix(strings.TrimPrefix(p.Address, "10.0.0."), ":8182"))
		}
		if got := strings.Join(order, ""); got != "473612" && got != "473621" { // serving, unheard, asking, unreachable
			t.Error(got)
		}
		first[order[4]] = true
	}
	if len(first) != 2 {
		t.Error("equals are always asked in the same order")
	}
}
