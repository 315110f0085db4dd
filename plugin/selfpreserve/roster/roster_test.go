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

// An address of this host at our port is taken for our own till another answers there.
func TestAnAddressThatMayBeOurOwn(t *testing.T) {
	r, rng := New("me"), rand.New(rand.NewPCG(1, 1))
	it := addrs("192.0.2.2:8182")
	mayBe := func(netip.AddrPort) Ownership { return MayBeOwn }
	told := func() string {
		return fmt.Sprintf("%d known, %d to ask, %d to poll, may ask: %v", r.KnownPeers(0), len(r.Candidates(rng)), len(r.Pick(0, rng, 9)), r.HasIP(0, it[0].Addr()))
	}
	for _, step := range []struct {
		name, want string
		do         func()
	}{
		{"found", "0 known, 0 to ask, 1 to poll, may ask: true", func() { r.Find(0, Source{}, it, mayBe) }},
		{"silent", "0 known, 0 to ask, 1 to poll, may ask: true", func() { r.Silent(it[0]) }},
		{"it is us", "0 known, 0 to ask, 1 to poll, may ask: false", func() { r.Answered(0, it[0], "me", promise.Serving) }},
		{"it is another", "1 known, 1 to ask, 1 to poll, may ask: true", func() { r.Answered(0, it[0], "b", promise.Serving) }},
		{"found again", "1 known, 1 to ask, 1 to poll, may ask: true", func() { r.Find(0, Source{}, it, mayBe) }},
	} {
		if step.do(); told() != step.want {
			t.Errorf("%s: %s, want %s", step.name, told(), step.want)
		}
	}
}

func TestAPeerOfTwoAddressesCountsOnce(t *testing.T) {
	r := New("me")
	r.Find(0, Source{"a.", 8182, 1}, addrs("10.0.0.1:8182", "10.0.0.2:8182"), nobody)
	r.Find(0, Source{"a.", 8182, 28}, addrs("[2001:db8::1]:8182", "[2001:db8::2]:8182"), nobody)
	if got := r.KnownPeers(0); got != 4 {
		t.Errorf("%d before one was heard", got)
	}
	for i, address := range addrs("10.0.0.1:8182", "[2001:db8::1]:8182", "10.0.0.2:8182", "[2001:db8::2]:8182") {
		r.Answered(0, address, promise.ID([]string{"a", "b"}[i/2]), promise.Serving)
	}
	if got := r.KnownPeers(0); got != 2 {
		t.Errorf("%d, want 2", got)
	}
	r.Answered(0, addrs("10.0.0.2:8182")[0], "a", promise.Serving) // two of one family
	r.Answered(0, addrs("[2001:db8::2]:8182")[0], "a", promise.Serving)
	if got := r.KnownPeers(0); got != 1 {
		t.Errorf("%d, want 1", got)
	}
}

// Four servers with an address of each family: 10.0.0.1 and 2001:db8::1 are the first's.
func TestAddressesBelongTogetherWhenOneProcessAnswersAtThem(t *testing.T) {
	for answers, want := range map[string]int{
		"":                                    8,
		"10.0.0.1":                            8,
		"10.0.0.1 2001:db8::1":                7,
		"10.0.0.1 2001:db8::2":                8,
		"10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4": 8, // the others may be servers of IPv6 alone
		"10.0.0.1 2001:db8::1 10.0.0.2 2001:db8::2 10.0.0.3 2001:db8::3 10.0.0.4 2001:db8::4": 4,
	} {
		r := New("me")
		var four, six []netip.AddrPort
		for i := range byte(4) {
			four = append(four, netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, i + 1}), 8182))
			six = append(six, netip.MustParseAddrPort(fmt.Sprintf("[2001:db8::%d]:8182", i+1)))
		}
		r.Find(0, Source{"a.", 8182, 1}, four, nobody)
		r.Find(0, Source{"a.", 8182, 28}, six, nobody)
		r.Find(0, Source{}, addrs("192.0.2.9:8182"), nobody)
		for _, ip := range strings.Fields(answers) {
			r.Answered(0, netip.AddrPortFrom(netip.MustParseAddr(ip), 8182), promise.ID(ip[len(ip)-1:]), promise.Serving)
		}
		if got := r.KnownPeers(0) - 1; got != want {
			t.Errorf("%d are known when those answer: %q, want %d", got, answers, want)
		}
	}
}

func TestWhoIsNotFoundAnyMoreIsRememberedForTenMinutes(t *testing.T) {
	r := New("me")
	r.Find(0, Source{Name: "a."}, addrs("10.0.0.1:8182", "10.0.0.2:8182", "10.0.0.3:8182"), nobody)
	r.Answered(time.Minute, addrs("10.0.0.1:8182")[0], "a", promise.Serving)
	r.Find(time.Minute, Source{Name: "a."}, addrs("10.0.0.1:8182", "10.0.0.3:8182"), nobody)
	r.Find(2*time.Minute, Source{Name: "a."}, addrs("10.0.0.4:8182"), nobody)
	r.Polled(9*time.Minute, "a", promise.Serving) // which it says, and is not found
	for _, c := range []struct {
		now  time.Duration
		want string
	}{
		{2 * time.Minute, "10.0.0.1 10.0.0.4"}, // 2 and 3 were never heard
		{11*time.Minute - 1, "10.0.0.1 10.0.0.4"},
		{11 * time.Minute, "10.0.0.4"},
	} {
		if got := r.KnownPeers(c.now); got != len(strings.Fields(c.want)) || r.text() != "10.0.0.4" {
			t.Errorf("at %s %d are known and %s is found, want %s", c.now, got, r.text(), c.want)
		}
		for _, ip := range []string{"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"} {
			if got := r.HasIP(c.now, netip.MustParseAddr(ip)); got != strings.Contains(c.want, ip) {
				t.Errorf("at %s %s is a peer: %v", c.now, ip, got)
			}
		}
	}
	r.Forget(11 * time.Minute)
	if len(r.peers) != 1 {
		t.Errorf("%d are kept", len(r.peers))
	}
}

func TestAReloadThatTakesOutAListOrANameKeepsTheRest(t *testing.T) {
	r, list := New("me"), addrs("10.0.0.1:8182", "10.0.0.9:8182")
	a, b := Source{"a.", 8182, 1}, Source{"b.", 8182, 28}
	sources := []Source{{}, a, b}
	r.Find(0, Source{}, list, nobody)
	r.Find(0, a, addrs("10.0.0.2:8182", "10.0.0.9:8182"), nobody)
	r.Find(0, b, addrs("[2001:db8::3]:8182"), nobody)
	for i, address := range addrs("10.0.0.1:8182", "10.0.0.2:8182", "10.0.0.9:8182", "[2001:db8::3]:8182") {
		r.Answered(0, address, promise.ID(fmt.Sprint(i)), promise.Serving)
	}
	for _, step := range []struct {
		name string
		take func()
		want string
	}{
		{"nothing", func() {}, "10.0.0.1 10.0.0.2 10.0.0.9 [2001:db8::3]"},
		{"a name", func() { sources = sources[:2] }, "10.0.0.1 10.0.0.2 10.0.0.9"},
		{"the list", func() { list = nil }, "10.0.0.2 10.0.0.9"},
	} {
		step.take()
		r.Keep(func(by Source, address netip.AddrPort) bool {
			return slices.Contains(sources, by) && (by != Source{} || slices.Contains(list, address))
		})
		r.Find(0, Source{}, list, nobody)
		if got := r.text(); got != step.want || r.KnownPeers(0) != len(strings.Fields(step.want)) {
			t.Errorf("after a reload that takes out %s: %s, and %d count; want %s", step.name, got, r.KnownPeers(0), step.want)
		}
	}
	for ip, want := range map[string]bool{"10.0.0.1": false, "10.0.0.2": true, "2001:db8::3": false} {
		if got := r.HasIP(0, netip.MustParseAddr(ip)); got != want {
			t.Errorf("%s may ask for promises: %v", ip, got)
		}
	}
}

func TestAReloadKeepsWhoIsRemembered(t *testing.T) {
	r, by, all := New("me"), Source{"a.", 8182, 1}, addrs("10.0.0.1:8182", "10.0.0.2:8182", "10.0.0.3:8182")
	r.Find(0, by, all, nobody)
	for i, address := range all {
		r.Answered(0, address, promise.ID(fmt.Sprint(i)), promise.Serving)
	}
	r.Find(time.Second, by, all[:1], nobody)
	r.Keep(func(found Source, _ netip.AddrPort) bool { return found == by })
	if got := r.KnownPeers(time.Second); got != 3 || !r.HasIP(time.Second, all[2].Addr()) {
		t.Errorf("%d are known after a reload of the same Corefile, want 3", got)
	}
}
