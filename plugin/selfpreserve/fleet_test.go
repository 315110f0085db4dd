package selfpreserve

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
)

// near are settings of a small fleet, in seconds that are easily counted.
func near(minPeers int) config {
	return config{minPeers: promise.Quota{Number: minPeers}, maxHold: 20 * time.Second, promise: 6 * time.Second, interval: time.Second}
}

// fleet are nodes that talk through their HTTP handlers, without sockets: in a synctest
// bubble, where time passes only when all of them wait.
type fleet struct {
	t     *testing.T
	named bool                // nodes find each other by a name, and not by a list
	sick  string              // why each node's check fails from the start
	look  func(*member) error // in place of that check

	mu       sync.Mutex
	nodes    []*member
	at       map[string]int          // of them, by address
	delay    time.Duration           // of a request, and of its reply
	cut      func(from, to int) bool // whether what from sends does not reach to
	requests map[string]int          // by method and path
	octets   int                     // of requests and replies
}

// member is a node of a fleet, with a check that the test sets.
type member struct {
	*node
	conf    *config
	place   int // in its fleet
	address netip.AddrPort
	serves  http.Handler
	begin   time.Time
	sick    atomic.Pointer[string]
	gone    atomic.Bool // its process has ended
	queries atomic.Uint64
}

// newFleet starts n nodes with these settings and waits until they are in service and
// may leave.
func newFleet(t *testing.T, n int, set config) *fleet { return startFleet(&fleet{t: t}, n, set) }

func startFleet(f *fleet, n int, set config) *fleet {
	f.at, f.requests, f.cut = make(map[string]int), make(map[string]int), func(int, int) bool { return false }
	for range n {
		f.add(set)
	}
	for _, m := range f.nodes {
		f.start(m)
	}
	f.ripen(set)
	return f
}

// ripen waits until who has just started may leave, and has met the others.
func (f *fleet) ripen(set config) { time.Sleep(set.promise + 2*set.interval) }

func (f *fleet) add(set config) *member {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := len(f.nodes)
	address := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i / 250), byte(i%250 + 1)}), defaultPort)
	f.at[address.String()] = i
	m := &member{place: i, address: address, begin: time.Now()}
	set.peers = true
	set.address = address.String()
	m.conf = &set
	m.node = newNode(promise.ID(fmt.Sprintf("id-%03d", i)), m.conf, func() time.Duration { return time.Since(m.begin) }, rand.New(rand.NewPCG(1, uint64(i))))
	m.serves = m.handler()
	if f.sick != "" {
		m.fails(f.sick)
	}
	f.nodes = append(f.nodes, m)
	return m
}

// move gives m, which has not started, the address of one that has gone.
func (f *fleet) move(m *member, address netip.AddrPort) {
	f.mu.Lock()
	defer f.mu.Unlock()
	m.address, m.conf.address = address, address.String()
	f.at[address.String()] = m.place
}

// start runs a node, which knows all others by their addresses, and its own.
func (f *fleet) start(m *member) {
	if f.named {
		m.conf.names = []peerName{{"peers.test.", defaultPort}}
	}
	for _, other := range f.nodes {
		if !f.named {
			m.conf.static = append(m.conf.static, other.address)
		}
	}
	m.run(f.dependencies(m))
	f.t.Cleanup(m.pause)
}

func (f *fleet) dependencies(m *member) dependencies {
	all := new(checks)
	if f.look != nil {
		all.add("canary test. A", twice(time.Millisecond, func(context.Context) error { return f.look(m) }))
		return f.dependenciesWith(m, all)
	}
	all.add("canary test. A", func(context.Context) error {
		if why := m.sick.Load(); why != nil {
			return errors.New(*why)
		}
		return nil
	})
	return f.dependenciesWith(m, all)
}

func (f *fleet) dependenciesWith(m *member, all *checks) dependencies {
	return dependencies{
		conf: m.conf, checks: all, queries: &m.queries, own: func() ownership { return isOneOf(m.address.String()) },
		client: &client{http: &http.Client{Transport: link{f, m}}}, lookUp: f.lookUp,
	}
}

// terminate sends SIGTERM to a member, whose process ends when it may.
func (f *fleet) terminate(m *member) (left chan time.Duration) {
	left = make(chan time.Duration, 1)
	go func() {
		begin := time.Now()
		m.holdSIGTERM()
		held := time.Since(begin)
		f.kill(m) // before it is said: whoever hears of it looks at the states
		left <- held
	}()
	return left
}

// kill is SIGKILL.
func (f *fleet) kill(m *member) {
	m.gone.Store(true)
	m.pause()
}

func (m *member) fails(why string) { m.sick.Store(&why) }
func (m *member) heals()           { m.sick.Store(nil) }

// states are those of all members, in order, such as "serving aside gone".
func (f *fleet) states() string {
	var states []string
	for _, m := range f.nodes {
		if m.gone.Load() {
			states = append(states, "gone")
		} else {
			states = append(states, m.view.Load().State.String())
		}
	}
	return strings.Join(states, " ")
}

// throughout fails the test if at some time within d fewer than n members are in service.
func (f *fleet) throughout(d time.Duration, n int) {
	f.t.Helper()
	for range d / (50 * time.Millisecond) {
		time.Sleep(50 * time.Millisecond)
		if states := f.states(); strings.Count(states, "serving")+strings.Count(states, "asking") < n {
			f.t.Fatalf("%s: fewer than %d are in service", states, n)
		}
	}
}

// given is how many promises m has given that are in force.
func (m *member) given() int { return m.view.Load().Given }

// ready is what GET /ready of m says.
func (m *member) ready() string {
	recorder := httptest.NewRecorder()
	m.serves.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/ready", http.NoBody))
	return fmt.Sprint(recorder.Code, " ", recorder.Body)
}
