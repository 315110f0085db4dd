package selfpreserve

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
)

func TestAPeerOfTwoAddressesCountsOnce(t *testing.T) {
	r := newRoster()
	r.find(0, "a A", "", addrs("10.0.0.1:8182", "10.0.0.2:8182"), nobody)
	r.find(0, "a AAAA", "", addrs("[2001:db8::1]:8182", "[2001:db8::2]:8182"), nobody)
	if got := r.known(0); got != 4 {
		t.Errorf("%d before one was heard", got)
	}
	for i, address := range addrs("10.0.0.1:8182", "[2001:db8::1]:8182", "10.0.0.2:8182", "[2001:db8::2]:8182") {
		r.answered(0, address, "me", promise.ID([]string{"a", "b"}[i/2]), promise.Serving)
	}
	if got := r.known(0); got != 2 {
		t.Errorf("%d, want 2", got)
	}
	r.answered(0, addrs("10.0.0.2:8182")[0], "me", "a", promise.Serving) // two of one family
	r.answered(0, addrs("[2001:db8::2]:8182")[0], "me", "a", promise.Serving)
	if got := r.known(0); got != 1 {
		t.Errorf("%d, want 1", got)
	}
}

func TestWhoIsNotFoundAnyMoreIsRememberedForTenMinutes(t *testing.T) {
	r := newRoster()
	r.find(0, "a", "", addrs("10.0.0.1:8182", "10.0.0.2:8182", "10.0.0.3:8182"), nobody)
	r.answered(time.Minute, addrs("10.0.0.1:8182")[0], "me", "a", promise.Serving)
	r.find(time.Minute, "a", "", addrs("10.0.0.1:8182", "10.0.0.3:8182"), nobody)
	r.find(2*time.Minute, "a", "", addrs("10.0.0.4:8182"), nobody)
	r.told(9*time.Minute, "a", promise.Serving) // which it says, and is not found
	for _, c := range []struct {
		now  time.Duration
		want string
	}{
		{2 * time.Minute, "10.0.0.1 10.0.0.4"}, // 2 and 3 were never heard
		{11*time.Minute - 1, "10.0.0.1 10.0.0.4"},
		{11 * time.Minute, "10.0.0.4"},
	} {
		if got := r.known(c.now); got != len(strings.Fields(c.want)) || r.text() != "10.0.0.4" {
			t.Errorf("at %s %d are known and %s is found, want %s", c.now, got, r.text(), c.want)
		}
		for _, ip := range []string{"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"} {
			if got := r.has(c.now, netip.MustParseAddr(ip)); got != strings.Contains(c.want, ip) {
				t.Errorf("at %s %s is a peer: %v", c.now, ip, got)
			}
		}
	}
	r.forget(11 * time.Minute)
	if len(r.peers) != 1 {
		t.Errorf("%d are kept", len(r.peers))
	}
}

// Four servers with an address of each family: 10.0.0.1 and 2001:db8::1 are the first's.
func TestServersOfANameCountOnceWhoeverOfThemAnswers(t *testing.T) {
	for answers, want := range map[string]int{
		"":                                    8, // nobody knows which belong together
		"10.0.0.1":                            4,
		"10.0.0.1 2001:db8::1":                4,
		"10.0.0.1 2001:db8::2":                4,
		"10.0.0.1 10.0.0.2":                   4,
		"2001:db8::3 2001:db8::4":             4,
		"10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4": 4,
	} {
		r, name := newRoster(), peerName{"a.", 8182}
		var four, six []netip.AddrPort
		for i := range byte(4) {
			four = append(four, netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, i + 1}), 8182))
			six = append(six, netip.MustParseAddrPort(fmt.Sprintf("[2001:db8::%d]:8182", i+1)))
		}
		r.find(0, name.finder(dns.TypeA), "a", four, nobody)
		r.find(0, name.finder(dns.TypeAAAA), "a", six, nobody)
		r.find(0, staticPeers, "", addrs("192.0.2.9:8182"), nobody)
		for _, ip := range strings.Fields(answers) {
			r.answered(0, netip.AddrPortFrom(netip.MustParseAddr(ip), 8182), "me", promise.ID(ip[len(ip)-1:]), promise.Serving)
		}
		if got := r.known(0) - 1; got != want {
			t.Errorf("%d are known when those answer: %q, want %d", got, answers, want)
		}
	}
}

// An address of this host at our port is taken for our own till another answers there.
func TestAnAddressThatMayBeOurOwn(t *testing.T) {
	r, rng := newRoster(), rand.New(rand.NewPCG(1, 1))
	it := addrs("192.0.2.2:8182")
	mayBe := func(netip.AddrPort) ownership { return mayBeOwn }
	told := func() string {
		return fmt.Sprintf("%d known, %d to ask, %d to poll, may ask: %v", r.known(0), len(r.candidates(rng)), len(r.pick(0, rng, 9)), r.has(0, it[0].Addr()))
	}
	for _, step := range []struct {
		name, want string
		do         func()
	}{
		{"found", "0 known, 0 to ask, 1 to poll, may ask: true", func() { r.find(0, staticPeers, "", it, mayBe) }},
		{"silent", "0 known, 0 to ask, 1 to poll, may ask: true", func() { r.silent(it[0]) }},
		{"it is us", "0 known, 0 to ask, 1 to poll, may ask: false", func() { r.answered(0, it[0], "me", "me", promise.Serving) }},
		{"it is another", "1 known, 1 to ask, 1 to poll, may ask: true", func() { r.answered(0, it[0], "me", "b", promise.Serving) }},
		{"found again", "1 known, 1 to ask, 1 to poll, may ask: true", func() { r.find(0, staticPeers, "", it, mayBe) }},
	} {
		if step.do(); told() != step.want {
			t.Errorf("%s: %s, want %s", step.name, told(), step.want)
		}
	}
}

// Who reaches us though we do not reach it is no good to ask, and is believed only that
// it leaves.
func TestWhatASilentPeerSays(t *testing.T) {
	r, rng := newRoster(), rand.New(rand.NewPCG(1, 1))
	it := addrs("10.0.0.1:8182")
	r.find(0, "a", "", it, nobody)
	r.answered(0, it[0], "me", "a", promise.Serving)
	r.silent(it[0])
	r.told(0, "a", promise.Serving)
	if p := r.peers[it[0]]; p.status != unreachable || len(r.candidates(rng)) != 1 {
		t.Errorf("%+v", *p)
	}
	r.told(0, "a", promise.Leaving)
	r.told(0, "a", promise.Serving) // late
	if got := r.candidates(rng); len(got) != 0 {
		t.Errorf("%v may be asked, and leaves", got)
	}
}

func TestAReloadThatTakesOutAListOrANameKeepsTheRest(t *testing.T) {
	r := newRoster()
	conf := &config{static: addrs("10.0.0.1:8182", "10.0.0.9:8182"), names: []peerName{{"a.", 8182}, {"b.", 8182}}}
	r.find(0, staticPeers, "", conf.static, nobody)
	r.find(0, conf.names[0].finder(dns.TypeA), "a", addrs("10.0.0.2:8182", "10.0.0.9:8182"), nobody)
	r.find(0, conf.names[1].finder(dns.TypeAAAA), "b", addrs("[2001:db8::3]:8182"), nobody)
	for i, address := range addrs("10.0.0.1:8182", "10.0.0.2:8182", "10.0.0.9:8182", "[2001:db8::3]:8182") {
		r.answered(0, address, "me", promise.ID(fmt.Sprint(i)), promise.Serving)
	}
	for _, step := range []struct {
		name string
		take func()
		want string
	}{
		{"nothing", func() {}, "10.0.0.1 10.0.0.2 10.0.0.9 [2001:db8::3]"},
		{"a name", func() { conf.names = conf.names[:1] }, "10.0.0.1 10.0.0.2 10.0.0.9"},
		{"the list", func() { conf.static = nil }, "10.0.0.2 10.0.0.9"},
	} {
		step.take()
		r.keepOnly(conf.finders(), conf.static)
		r.find(0, staticPeers, "", conf.static, nobody)
		if got := r.text(); got != step.want || r.known(0) != len(strings.Fields(step.want)) {
			t.Errorf("after a reload that takes out %s: %s, and %d count; want %s", step.name, got, r.known(0), step.want)
		}
	}
	for ip, want := range map[string]bool{"10.0.0.1": false, "10.0.0.2": true, "2001:db8::3": false} {
		if got := r.has(0, netip.MustParseAddr(ip)); got != want {
			t.Errorf("%s may ask for promises: %v", ip, got)
		}
	}
}

func TestAReloadKeepsWhoIsRemembered(t *testing.T) {
	r, conf := newRoster(), &config{names: []peerName{{"a.", 8182}}}
	by, all := conf.names[0].finder(dns.TypeA), addrs("10.0.0.1:8182", "10.0.0.2:8182", "10.0.0.3:8182")
	r.find(0, by, "a", all, nobody)
	for i, address := range all {
		r.answered(0, address, "me", promise.ID(fmt.Sprint(i)), promise.Serving)
	}
	r.find(time.Second, by, "a", all[:1], nobody)
	r.keepOnly(conf.finders(), nil)
	if got := r.known(time.Second); got != 3 || !r.has(time.Second, all[2].Addr()) {
		t.Errorf("%d are known after a reload of the same Corefile, want 3", got)
	}
}
