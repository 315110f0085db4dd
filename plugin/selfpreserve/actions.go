package selfpreserve

import (
	"context"
	"sync"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
)

// carryOut begins what the machine wants done, and returns its answer to a request.
func (n *node) carryOut(actions []promise.Action) promise.Reply {
	var replied promise.Reply
	var last sync.WaitGroup // what a leaver still says
	leaves := false
	for _, a := range actions {
		switch a := a.(type) {
		case promise.Answer:
			replied = a.Reply
		case promise.Ask:
			n.spawn(new(sync.WaitGroup), func(ctx context.Context) { n.sendAsk(ctx, a) })
		case promise.Release:
			n.spawn(&last, func(ctx context.Context) { n.sendRelease(ctx, a) })
		case promise.Departure:
			countDeparture(a)
			if a.Cause != promise.Termination || a.Outcome == promise.Refused || n.outcome != "" {
				continue
			}
			leaves, n.outcome = true, a.Outcome
			if !a.Observed {
				n.tellDeparture(a.Outcome, n.names(a.Promised))
			}
		}
	}
	if leaves {
		n.sayGoodbye(&last)
	}
	return replied
}

// promised are those on whose promise the server leaves by one of these actions, for people.
func (n *node) promised(actions []promise.Action) string {
	for _, a := range actions {
		if d, ok := a.(promise.Departure); ok && d.Outcome == promise.Granted {
			return n.names(d.Promised)
		}
	}
	return ""
}

// spawn does work of a group that talks to a peer. Called with the lock.
func (n *node) spawn(group *sync.WaitGroup, work func(context.Context)) {
	if n.cancel == nil { // paused: nobody would wait for it
		return
	}
	ctx, patience := n.ctx, n.conf.settings().Patience()
	group.Add(1)
	n.tasks.Go(func() {
		defer group.Done()
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		work(ctx)
	})
}

func (n *node) sendRelease(ctx context.Context, a promise.Release) {
	if err := n.client.release(ctx, a.To, n.id, a.Number); err != nil {
		log.Debugf("Could not tell peer %s that its promise is no longer needed: %s", a.To, err)
	}
}

// sendAsk asks, and tells the machine what comes of it. If a reload cuts that short it
// tells nothing: the machine gives up on the reply, and releases what was granted.
func (n *node) sendAsk(ctx context.Context, a promise.Ask) {
	r, err := n.client.ask(ctx, a.To, a.Request)
	if err != nil {
		if ctx.Err() != context.Canceled {
			n.step(promise.Failed{Sent: a.Sent, Why: err.Error()})
		}
		return
	}
	if r.Granted {
		n.mu.Lock()
		n.roster.Promised(a.To, r.From)
		n.mu.Unlock()
	}
	n.step(promise.Replied{Sent: a.Sent, To: a.To, Reply: r})
}
