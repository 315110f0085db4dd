package selfpreserve

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/roster"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire"
)

func addrs(texts ...string) (all []netip.AddrPort) {
	for _, text := range texts {
		all = append(all, netip.MustParseAddrPort(text))
	}
	return all
}

// isOneOf is the test of a server that has these addresses.
func isOneOf(texts ...string) ownership {
	own := addrs(texts...)
	return func(a netip.AddrPort) roster.Ownership {
		if slices.Contains(own, a) {
			return roster.IsOwn
		}
		return roster.NotOwn
	}
}

var nobody = isOneOf()

// surveyor is a node that finds peers by a name, and may not reach them.
type surveyor struct {
	*node
	mu      sync.Mutex
	a, aaaa string // what the name has: addresses, or why the lookup fails
	slow    bool   // the lookup takes its time
	up      string // who answers polls, or * for all
	polled  map[string]int
	atOnce  int // polls now
	most    int
	asked   []time.Time // for promises, in vain
}

func newSurveyor(t *testing.T, own ownership) *surveyor {
	begin := time.Now()
	s := &surveyor{polled: make(map[string]int)}
	set := near(1)
	set.address, set.peers, set.promise = defaultAddress, true, time.Minute // so that it is starting for as long
	conf := &set
	conf.names = []peerName{{"peers.test.", 8182}}
	s.node = newNode("id-me", conf, func() time.Duration { return time.Since(begin) }, rand.New(rand.NewPCG(1, 2)))
	t.Cleanup(s.pause)
	s.dependencies = dependencies{
		conf: conf, checks: new(checks), queries: s.queries,
		client: s, lookUp: s.lookUpName, own: func() ownership { return own },
	}
	return s
}

func (s *surveyor) lookUpName(ctx context.Context, name string, qtype uint16) (ips []netip.Addr, err error) {
	s.mu.Lock()
	text, slow := s.a, s.slow
	if qtype == dns.TypeAAAA {
		text = s.aaaa
	}
	s.mu.Unlock()
	if slow {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	for _, one := range strings.Fields(text) {
		ip, err := netip.ParseAddr(one)
		if err != nil || name != "peers.test." {
			return nil, errors.New(text)
		}
		ips = append(ips, ip)
	}
	return ips, nil
}

// hello takes 100 ms.
func (s *surveyor) hello(_ context.Context, address string, me wire.Hello) (wire.Hello, error) {
	s.mu.Lock()
	s.polled[address]++
	s.atOnce++
	s.most = max(s.most, s.atOnce)
	answers := s.up == "*" || slices.Contains(strings.Fields(s.up), strings.TrimSuffix(address, ":8182"))
	s.mu.Unlock()
	time.Sleep(100 * time.Millisecond)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.atOnce--
	if !answers || me.ID != "id-me" {
		return wire.Hello{}, errors.New("connection refused")
	}
	return wire.Hello{ID: promise.ID("id of " + address), State: promise.Serving}, nil
}

func (s *surveyor) ask(context.Context, string, promise.Request) (promise.Reply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, time.Now())
	return promise.Reply{}, errors.New("connection refused")
}

func (s *surveyor) release(context.Context, string, promise.ID, uint64) error { return nil }

func (s *surveyor) set(set func()) { s.mu.Lock(); defer s.mu.Unlock(); set() }

// peersNow are those that the roster and the machine know.
func (s *surveyor) peersNow() string {
	s.node.mu.Lock()
	defer s.node.mu.Unlock()
	var found []string
	for _, p := range s.roster.Peers() {
		found = append(found, strings.TrimSuffix(p.Address.String(), ":8182"))
	}
	return fmt.Sprintf("%s: %d known, %d to ask", strings.Join(found, " "), s.view.Load().KnownPeers, len(s.roster.Candidates(s.rng)))
}

// send releases a promise that was never given, and returns the status.
func (s *surveyor) send(from string) string {
	still := &still{node: s.node}
	status, _, _ := strings.Cut(still.send("DELETE", "/promise", from, `{"id":"id-a","number":1}`), " ")
	return status
}
