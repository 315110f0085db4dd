package promise

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A world is a fleet of machines, a network between them that may lose, delay, double
// and reorder, and the faults that befall them. It is told step by step what happens
// and says when the rule is broken (see rule_test.go).
type world struct {
	now     time.Duration // true time; each server has a clock of its own
	servers []*server
	shared  uint16 // bit i: server i belongs to another world too, and is copied before it changes
	net     []*message
	wild    bool // clocks have any rate, and nobody waits at its start: only the floor holds
	floor   int  // no departure may leave fewer in service than that; 0 before the fleet is in service

	send  func(*message) // if it is not just to lie in net
	said  *[]line        // a transcript, if wanted
	moved map[[2]State]bool
}

type server struct {
	m         *Machine
	address   string
	born      time.Duration // true time
	rate      float64       // of its clock
	ahead     time.Duration // of true time, besides
	up        bool
	restarts  int
	fit       bool
	allPassed bool
	gone      bool   // killed or forced out of service, and not back in it
	lost      []lost // promises to it
}

func newWorld(n int, set Settings) *world {
	return newWorldOf(&world{}, n, set)
}

func newWorldOf(w *world, n int, set Settings) *world {
	w.moved = map[[2]State]bool{}
	for i := range n {
		s := &server{address: fmt.Sprintf("s%d", i), rate: 1, up: true, fit: true, allPassed: true}
		s.m = w.newMachine(w.id(i, s), set)
		w.servers = append(w.servers, s)
	}
	return w
}

func (w *world) newMachine(id ID, set Settings) *Machine {
	m := New(id, set)
	if w.wild {
		m.startupWait = 0
	}
	return m
}

// clone returns a world that goes on by itself. Servers are copied when they change.
func (w *world) clone() *world {
	c := *w
	c.servers, c.net = slices.Clone(w.servers), slices.Clone(w.net)
	c.shared = 1<<len(w.servers) - 1
	return &c
}

// own returns server i, to be changed.
func (w *world) own(i int) *server {
	if w.shared&(1<<i) == 0 {
		return w.servers[i]
	}
	w.shared &^= 1 << i
	s, m := *w.servers[i], *w.servers[i].m
	m.given, m.askers = slices.Clone(m.given), slices.Clone(m.askers)
	m.held, m.pending = slices.Clone(m.held), slices.Clone(m.pending)
	m.round.toAsk = slices.Clone(m.round.toAsk)
	s.m, s.lost = &m, slices.Clone(s.lost)
	w.servers[i] = &s
	return &s
}

// id has the letter of the server behind one by which ids are ordered: as the servers are, and
// the other way round after every other restart.
func (w *world) id(i int, s *server) ID {
	order := 'a' + i
	if s.restarts%2 == 1 {
		order = 'z' - i
	}
	return ID(fmt.Sprintf("%c%c%s", order, 'a'+i, strings.Repeat("'", s.restarts)))
}

// others are the peers of server i, the next one first.
func (w *world) others(i int) []Peer {
	var peers []Peer
	for k := 1; k < len(w.servers); k++ {
		peers = append(peers, Peer{Address: w.servers[(i+k)%len(w.servers)].address})
	}
	return peers
}

// seen is that server i sees all others. Each has its own jitter.
func (w *world) seen(i int) PeersSeen {
	n := len(w.servers)
	return PeersSeen{Peers: w.others(i), KnownPeers: n - 1, Jitter: float64(i) / float64(n)}
}

// index is the server at an address.
func (w *world) index(address string) int { return int(address[1] - '0') }

// clock is what server s's clock says: the time since it started.
func (w *world) clock(s *server) time.Duration {
	if s.rate == 1 { // exact
		return w.now - s.born + s.ahead
	}
	return time.Duration(float64(w.now-s.born) * s.rate)
}

// truth is when server s's clock will say at.
func (w *world) truth(s *server, at time.Duration) time.Duration {
	if s.rate == 1 {
		return s.born + at
	}
	return s.born + time.Duration(float64(at)/s.rate) + 2
}

// tell lets server i make one step and sends what it wants sent.
func (w *world) tell(i int, e Event) error {
	if !w.servers[i].up {
		return nil
	}
	s := w.own(i)
	before := s.m.state
	var asker *message
	fresh := false
	if r, ok := e.(arrived); ok {
		asker, e = r.message, Requested{r.message.request}
		fresh = s.m.findGiven(asker.request.From, asker.request.Number) < 0
	}
	actions := s.m.Step(w.clock(s), e)
	s.m.actions = nil
	if w.said != nil && (e != Event(Tick{}) || before != s.m.state || len(actions) > 0) {
		*w.said = append(*w.said, line{w.now, s.m.id, e, before, s.m.state, actions})
	}
	if s.m.state != before {
		w.moved[[2]State{before, s.m.state}] = true
	}
	if fresh && asker.request.Observe && !s.m.settings.Observe && s.m.findGiven(asker.request.From, asker.request.Number) >= 0 {
		return fmt.Errorf("%s has promised something to one that only observes", s.m.id)
	}
	for _, a := range actions {
		switch a := a.(type) {
		case Ask:
			w.post(&message{from: i, fromID: s.m.id, to: w.index(a.To), asks: true, sent: a.Sent, request: a.Request})
		case Release:
			w.post(&message{from: i, fromID: s.m.id, to: w.index(a.To), release: a.Number})
		case Answer:
			w.post(&message{from: i, fromID: s.m.id, to: asker.from, toID: asker.fromID, replies: true, sent: asker.sent, reply: a.Reply})
		}
	}
	return w.judge(i, before, fresh, actions)
}
