package stalecheck

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"
)

// zone is a zone that is watched.
type zone struct {
	name     string // lower case and with the final dot
	backend  backend
	verdict  atomic.Pointer[verdict.Verdict] // the last one, for everybody to load
	asking   []atomic.Bool                   // by reference: whether its answer is awaited
	timeouts []atomic.Int32                  // by reference: how many there were in a row
	counters sync.Map                        // server address -> *counters

	observing sync.Mutex // one observation after the other, in the log as in the history
	logged    loggedState

	mu      sync.Mutex // for the moment of a change: never held while the log is written
	history *verdict.History

	next   time.Time // when everything is looked at next; between two looks, as hurry
	sooner *hurry
	waking sync.Mutex
	alarm  *time.Timer // of the next look; with waking

	cancel context.CancelFunc // of one that a catalog has brought
	gone   bool               // and taken away; with observing
}

func (s *StaleCheck) newZone(name string) *zone {
	n := len(s.references)
	z := &zone{name: name, asking: make([]atomic.Bool, n), timeouts: make([]atomic.Int32, n)}
	z.logged.down = make(map[string]bool)
	z.history = verdict.New(s.rules, s.references)
	v := z.history.Judge(time.Time{})
	z.verdict.Store(&v)
	return z
}

// observe adds what was seen of a zone to its history, publishes the new verdict, and logs
// what has changed.
func (s *StaleCheck) observe(z *zone, seen func(h *verdict.History, now time.Time)) {
	z.observing.Lock()
	defer z.observing.Unlock()
	if z.gone {
		return
	}
	z.mu.Lock()
	now := s.now()
	seen(z.history, now)
	v := z.history.Judge(now)
	z.mu.Unlock()
	was := z.verdict.Swap(&v)
	if needsMark(&v) && !needsMark(was) {
		s.marked.Add(1)
	} else if needsMark(was) && !needsMark(&v) {
		s.marked.Add(-1)
	}
	s.logChanges(z, &v, now)
}

// scattered returns d give or take a fifth, so that neither the zones of a server nor the
// servers of a fleet ask in step.
func scattered(d time.Duration) time.Duration {
	return d - d/5 + rand.N(2*(d/5)+1) // #nosec G404 -- not a secret
}

// look asks the backend and then all references at once. Each answer counts when it comes:
// no late one keeps the others waiting.
func (s *StaleCheck) look(ctx context.Context, z *zone) {
	s.lookAtBackend(ctx, z)
	for i := range z.asking {
		if s.references[i].Self || z.asking[i].Swap(true) {
			continue // the last answer is still awaited
		}
		s.tasks.Go(func() {
			defer z.asking[i].Store(false)
			s.probe(ctx, z, i)
		})
	}
}

// lookAtBackend asks the backend. Its serial and its heartbeat are observed together, so
// that no verdict is made of a new serial and an old heartbeat.
func (s *StaleCheck) lookAtBackend(ctx context.Context, z *zone) {
	reading, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	serial, expire, failure := z.backend.askOwn(reading, z.name)
	var at time.Time
	var reason verdict.Reason
	if s.heartbeat != "" {
		at, reason = z.backend.askHeartbeat(reading, s.heartbeat, s.now())
	}
	if ctx.Err() != nil {
		return
	}
	countFailure("backend", string(failure))
	countFailure("heartbeat", string(reason))
	s.observe(z, func(h *verdict.History, now time.Time) {
		h.ObserveOwn(serial, expire, failure, now)
		if s.heartbeat != "" {
			h.ObserveHeartbeat(at, reason, now)
		}
	})
	s.follow(ctx, z)
}

// probe asks a reference for its serial, once it is this zone's turn.
func (s *StaleCheck) probe(ctx context.Context, z *zone, i int) {
	address := s.references[i].Address
	turn := s.turns[address].take(ctx, z.timeouts[i].Load() > 1) // a single datagram may get lost
	if turn == nil {
		return
	}
	asking, cancel := context.WithTimeout(ctx, probeTimeout)
	answer, failure := s.ask(asking, address, z.name)
	cancel()
	<-turn
	if failure == verdict.Timeout {
		z.timeouts[i].Add(1)
	} else {
		z.timeouts[i].Store(0)
	}
	if ctx.Err() != nil {
		return // cut off by the end of this instance: no fault of the reference
	}
	countFailure(address, string(failure))
	s.observe(z, func(h *verdict.History, now time.Time) { h.ObserveAnswer(i, answer, failure, now) })
}
