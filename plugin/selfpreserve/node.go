package selfpreserve

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/roster"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire"
)

// startupSpeedup is how many times as often a server looks at its checks before it has come
// into service: its listener opens only after the plugins have started.
const startupSpeedup = 8

// node is the shell around a machine: it has the lock under which every decision is one
// step, the timer, and the goroutines that look at checks and peers.
type node struct {
	id  promise.ID
	now func() time.Duration // since the process started, never back

	measured measured                     // the load; only check has it
	view     atomic.Pointer[promise.View] // after the last step
	shown    atomic.Pointer[shown]        // to people
	mayExit  chan struct{}                // closed when the server may go on with its shutdown

	peerIPs   atomic.Pointer[map[netip.Addr]bool] // for the door, which waits for no lock
	droppedAt atomic.Int64                        // when the log last spoke of dropped connections
	readyAt   atomic.Int64                        // when /ready was last asked for; 0 is never

	mu           sync.Mutex
	machine      *promise.Machine
	roster       *roster.Roster
	dependencies // by the Corefile in force
	said         said
	fitness      promise.Fitness // by the last look
	outcome      promise.Outcome // of its leaving
	timer        *time.Timer
	rng          *rand.Rand
	ctx          context.Context // of the goroutines
	cancel       context.CancelFunc
	tasks        sync.WaitGroup
}

// dependencies are what a Corefile gives a node.
type dependencies struct {
	conf   *config
	checks *checks
	client peerClient
	lookUp lookup
	own    func() ownership // made anew now and then: a host's addresses change

	zones   []zoneTeller
	queries *atomic.Uint64 // asked of its servers; the query path's one atomic add
	onTrial bool           // it may not come into force, and nobody would say so: it has no peers yet
}

// peerClient talks to the peer at an address. An error is that the peer did not answer
// as it should; its text is for people.
type peerClient interface {
	hello(ctx context.Context, address string, me wire.Hello) (wire.Hello, error)
	ask(ctx context.Context, address string, r promise.Request) (promise.Reply, error)
	release(ctx context.Context, address string, from promise.ID, number uint64) error
}

// newNode makes a node that does not run yet. The machine has conf's lifetime of a promise
// from the start: for so long the process before it may have promised.
func newNode(id promise.ID, conf *config, now func() time.Duration, rng *rand.Rand) *node {
	n := &node{
		id: id, now: now, rng: rng, mayExit: make(chan struct{}),
		machine: promise.New(id, conf.settings()), roster: roster.New(id),
		said:         said{failing: make(map[string]bool), unnamed: make(map[string]int), certificates: make(map[netip.AddrPort]string)},
		dependencies: dependencies{conf: conf, checks: new(checks), queries: new(atomic.Uint64)},
	}
	view := n.machine.View()
	n.view.Store(&view)
	n.shown.Store(&shown{conf: conf, view: &view, me: n.machine.Server()})
	return n
}

// run begins, or goes on with another Corefile.
func (n *node) run(d dependencies) {
	n.pause()
	n.mu.Lock()
	if d.checks.inherit(n.checks); n.ctx != nil {
		n.record("reload", "")
	}
	n.dependencies = d
	n.showCorefile()
	n.measured.queries, n.measured.at = n.queries.Load(), n.now()
	n.roster.Keep(d.conf.finds)
	n.roster.Find(n.now(), staticPeers, d.conf.static, d.own())
	n.tellImpossible()
	ctx, cancel := context.WithCancel(context.Background())
	n.ctx, n.cancel = ctx, cancel
	settings := n.settings()
	n.mu.Unlock()
	n.step(promise.Reload{Settings: settings})

	n.tasks.Go(func() { n.repeat(ctx, n.check, startupSpeedup) })
	if d.conf.peers {
		n.tasks.Go(func() { n.repeat(ctx, n.discover, 1) })
	}
}

// settings are those of the Corefile in force. Called with the lock.
func (n *node) settings() promise.Settings {
	s := n.conf.settings()
	s.HasPeers = s.HasPeers && !n.onTrial
	return s
}

// endTrial says that CoreDNS has put the Corefile in force: its peers count.
func (n *node) endTrial() {
	n.mu.Lock()
	was := n.onTrial
	n.onTrial = false
	settings := n.settings()
	n.mu.Unlock()
	if was {
		n.step(promise.Reload{Settings: settings})
	}
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
		if n.view.Load().State == promise.Starting {
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

// step lets the machine take an event, and carries out what it wants.
func (n *node) step(e promise.Event) promise.Reply {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.take(e)
}

// take is a step of whoever has the lock.
func (n *node) take(e promise.Event) promise.Reply {
	before, now := n.view.Load(), n.now()
	actions := n.machine.Step(now, e)
	after := n.machine.View()
	n.view.Store(&after)
	n.showMachine(now, &after)
	n.tell(*before, after, n.promised(actions))
	reply := n.carryOut(actions)
	n.setTimer(now)
	return reply
}

// setTimer sets the timer to when the machine wants to be woken.
func (n *node) setTimer(now time.Duration) {
	if n.timer != nil {
		n.timer.Stop()
	}
	if at, ok := n.machine.Wake(); ok && n.cancel != nil {
		n.timer = time.AfterFunc(max(0, at-now), func() { n.step(promise.Tick{}) })
	}
}
