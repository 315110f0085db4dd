package selfpreserve

import (
	"context"
	"sync"
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/roster"
)

// holdSIGTERM returns when this server may go.
func (n *node) holdSIGTERM() {
	begin := n.now()
	n.step(promise.Terminate{})
	if n.view.Load().Observe {
		return
	}
	for held := true; held; {
		select {
		case <-n.mayExit:
			held = false
		case <-time.After(holdTold):
			n.mu.Lock()
			n.tellHold()
			n.mu.Unlock()
		}
	}
	holdDuration.Observe((n.now() - begin).Seconds())
}

// holdTold is how often the log says how long SIGTERM will still be held.
const holdTold = 5 * time.Second

// end ends a node whose process ends now, after the lame duck. One that observes has not waited
// for promises, and its peers hear which it is: it had enough, or it would still be held and goes
// without them, as by force. Else they would find it silent, and count it as lost.
func (n *node) end() {
	if v := n.view.Load(); v.Observe && v.Terminating {
		if v.FailedRounds == 0 { // perhaps enough promise just now
			n.awaitExit(farewell)
		}
		n.mu.Lock()
		if n.outcome == "" {
			n.tellObservedEnd()
			n.outcome = promise.Forced
			n.sayGoodbye(new(sync.WaitGroup))
		}
		n.mu.Unlock()
		n.awaitExit(farewell)
	}
	n.pause()
}

// awaitExit waits until the server may go, for so long at most.
func (n *node) awaitExit(patience time.Duration) {
	select {
	case <-n.mayExit:
	case <-time.After(patience):
	}
}

// farewell bounds how long a leaver waits until who promised has been told.
const farewell = 500 * time.Millisecond

// goodbyesAtOnce is how many peers are told at a time that this server leaves.
const goodbyesAtOnce = 64

// sayGoodbye tells the peers that answer that this server leaves, and how: a poll in which it
// says so. Once that, and what else is last to be said, is told it may exit. Called with the
// lock.
func (n *node) sayGoodbye(last *sync.WaitGroup) {
	me, turns := n.me(), make(chan struct{}, goodbyesAtOnce)
	for _, p := range n.roster.Peers() {
		if p.ID == "" || p.Status == roster.Unreachable || p.Status == roster.Left {
			continue
		}
		n.spawn(last, func(ctx context.Context) {
			turns <- struct{}{}
			defer func() { <-turns }()
			if _, err := n.client.hello(ctx, p.Address.String(), me); err != nil {
				log.Debugf("Could not tell peer %s that this server is leaving: %s", p.Address, err)
			}
		})
	}
	go n.letExit(last)
}

// letExit lets the shutdown go on once who promised is told, or have not answered for long.
func (n *node) letExit(last *sync.WaitGroup) {
	told := make(chan struct{})
	go func() { last.Wait(); close(told) }()
	select {
	case <-told:
	case <-time.After(farewell):
	}
	close(n.mayExit)
}
