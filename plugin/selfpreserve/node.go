package selfpreserve

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// startsFaster is how many times as often a server looks before it has come into service:
// its listener opens only after the plugins have started.
const startsFaster = 8

// node is the shell around a machine: it has the lock under which every decision is one
// step, the timer, and the goroutines that look at checks and peers.
type node struct {
	id  ID
	now func() time.Duration // since the process started, never back

	measured measured // of them, by check
	view     atomic.Pointer[view]
	left     chan struct{} // closed when the server may go on with its shutdown

	mu           sync.Mutex
	m            *machine
	roster       *roster
	surroundings               // by the Corefile in force
	since        time.Duration // in its state
	later        []letGo       // that could not be sent during a reload
	said         said
	timer        *time.Timer
	rng          *rand.Rand
	ctx          context.Context // of the goroutines
	cancel       context.CancelFunc
	tasks        sync.WaitGroup
}

// surroundings are what a Corefile gives a node.
type surroundings struct {
	conf   *config
	checks *checks
	peerOf peerClient
	lookUp lookup
	own    func() selfTest // made anew now and then: a host's addresses change

	queries *atomic.Uint64 // asked of its servers; the query path's one atomic add
	unsure  bool           // that they will ever be asked: till then there are no peers
}

// view is what can be said without the lock.
type view struct {
	state State
	ready bool
	text  string // of /ready
}

// peerClient talks to the peer at an address. An error is that the peer did not answer
// as it should; its text is for people.
type peerClient interface {
	hello(ctx context.Context, address string, me hello) (hello, error)
	ask(ctx context.Context, address string, r Request) (Reply, error)
	release(ctx context.Context, address string, from ID, number uint64) error
}

// newNode makes a node that runs as conf says, once it does: for that long it may have
// promised before its start.
func newNode(id ID, conf *config, now func() time.Duration, rng *rand.Rand) *node {
	n := &node{
		id: id, now: now, rng: rng, left: make(chan struct{}),
		m: newMachine(id, conf.settings), roster: newRoster(),
		surroundings: surroundings{conf: conf, checks: new(checks), queries: new(atomic.Uint64)},
	}
	n.view.Store(n.look())
	return n
}

// run begins, or goes on with another Corefile.
func (n *node) run(s surroundings) {
	n.pause()
	n.mu.Lock()
	s.checks.inherit(n.checks)
	n.surroundings = s
	n.measured.queries, n.measured.at = n.queries.Load(), n.now()
	n.roster.keepOnly(s.conf.finders(), s.conf.static)
	n.roster.find(n.now(), staticPeers, "", s.conf.static, s.own())
	ctx, cancel := context.WithCancel(context.Background())
	n.ctx, n.cancel = ctx, cancel
	for _, a := range n.later {
		n.sendRelease(new(sync.WaitGroup), a)
	}
	n.later = nil
	settings := s.conf.settings
	settings.peers = settings.peers && !s.unsure
	n.mu.Unlock()
	n.do(reload{settings})

	n.tasks.Go(func() { n.repeat(ctx, n.check, startsFaster) })
	if s.conf.peers {
		n.tasks.Go(func() { n.repeat(ctx, n.meet, 1) })
	}
}

// isInForce says that CoreDNS has put the Corefile in force: its peers count.
func (n *node) isInForce() {
	n.mu.Lock()
	if !n.unsure {
		n.mu.Unlock()
		return
	}
	n.unsure = false
	settings := n.conf.settings
	n.mu.Unlock()
	n.do(reload{settings})
}

// pause ends all that run began. What the machine knows stays, promises above all.
func (n *node) pause() {
	n.mu.Lock()
	if n.timer != nil {
		n.timer.Stop()
	}
	cancel := n.cancel
	n.cancel = nil
	n.mu.Unlock()
	if cancel != nil {
		cancel()
	}
	n.tasks.Wait()
}

// repeat does work now and then every interval, give or take a fifth so that servers do
// not fall into step, and faster by a factor while the server starts.
func (n *node) repeat(ctx context.Context, work func(context.Context), faster int) {
	for {
		work(ctx)
		n.mu.Lock()
		pause := time.Duration(float64(n.conf.interval) * (0.8 + 0.4*n.rng.Float64()))
		if n.m.state == Starting {
			pause /= time.Duration(faster)
		}
		n.mu.Unlock()
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
	}
}

// do lets the machine make one step, and carries out what it wants.
func (n *node) do(e event) Reply {
	n.mu.Lock()
	defer n.mu.Unlock()
	before := n.m.state
	actions := n.m.step(n.now(), e)
	if n.m.state != before {
		n.since = n.m.now
	}
	n.view.Store(n.look())
	n.tell(before)
	reply := n.carryOut(actions)
	n.wind()
	return reply
}

// look returns what the machine's state means to others. Called with the lock.
func (n *node) look() *view {
	v := &view{state: n.m.state, ready: n.m.state.inService()}
	switch n.m.state {
	case Serving:
		v.text = "OK"
	case Asking:
		v.text = "PRESERVED: " + n.m.why()
	case Starting:
		v.text = "STARTING"
	case Aside:
		v.text = "ASIDE: " + n.m.why()
	case Leaving:
		v.text = "LEAVING"
	}
	return v
}

// wind sets the timer to when the machine wants to be woken.
func (n *node) wind() {
	if n.timer != nil {
		n.timer.Stop()
	}
	if at, ok := n.m.wake(); ok && n.cancel != nil {
		n.timer = time.AfterFunc(max(0, at-n.m.now), func() { n.do(tick{}) })
	}
}

// hold is SIGTERM: it returns when this server may go.
func (n *node) hold() {
	begin := n.now()
	n.do(terminate{})
	<-n.left
	holdDuration.Observe((n.now() - begin).Seconds())
}
