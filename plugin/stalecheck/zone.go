package stalecheck

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"
)

// zone is a zone that is watched. What was seen of it changes under mu; the verdict is
// for everybody to load.
type zone struct {
	name    string // lower case and with the final dot
	backend reader
	verdict atomic.Pointer[verdict.Verdict]

	mu      sync.Mutex
	history *verdict.History
	said    said
	asking  []atomic.Bool  // by reference: its answer is awaited
	late    []atomic.Int32 // by reference: how many of its last answers did not come in time

	counters sync.Map // server address -> *counters
}

func (s *StaleCheck) newZone(name string) *zone {
	z := &zone{name: name, asking: make([]atomic.Bool, len(s.references)), late: make([]atomic.Int32, len(s.references))}
	z.said = newSaid()
	z.history = verdict.New(s.rules, s.references)
	v := z.history.Judge(time.Time{})
	z.verdict.Store(&v)
	return z
}

// observe takes what was seen of a zone, and publishes what follows from it.
func (s *StaleCheck) observe(z *zone, seen func(h *verdict.History, now time.Time)) {
	z.mu.Lock()
	defer z.mu.Unlock()
	now := s.now()
	seen(z.history, now)
	v := z.history.Judge(now)
	was := z.verdict.Swap(&v)
	if marks(&v) && !marks(was) {
		s.marking.Add(1)
	} else if marks(was) && !marks(&v) {
		s.marking.Add(-1)
	}
	s.tell(z, &v, now)
}

// watch looks inside at once, everywhere after delay, and then about every interval,
// until ctx is done. In between it looks inside at the moment at which the zone turns
// stale if nothing has happened: what was true at the last look may have been cured.
func (s *StaleCheck) watch(ctx context.Context, z *zone, delay time.Duration) {
	next := s.now().Add(delay)
	s.lookInside(ctx, z)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		wait := next.Sub(s.now())
		if v := z.verdict.Load(); !v.Due.IsZero() {
			wait = min(wait, v.Due.Sub(s.now()))
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		if s.now().Before(next) {
			s.lookInside(ctx, z)
			continue
		}
		next = s.now().Add(scattered(s.interval))
		s.look(ctx, z)
	}
}

// scattered returns d give or take a fifth, so that neither the zones of a server nor
// the servers of a fleet keep asking in step.
func scattered(d time.Duration) time.Duration {
	return d - d/5 + rand.N(2*(d/5)+1) // #nosec G404 -- not a secret
}

// look asks the backend and then all references at once. Each answer counts when it
// comes: none that is late keeps the others waiting.
func (s *StaleCheck) look(ctx context.Context, z *zone) {
	s.lookInside(ctx, z)
	for i := range z.asking {
		if s.references[i].Self || z.asking[i].Swap(true) {
			continue // the last round's is still on its way
		}
		s.tasks.Go(func() {
			defer z.asking[i].Store(false)
			s.probe(ctx, z, i)
		})
	}
}

// lookInside asks the backend. All that it says is taken at once, so that a new serial
// is not judged by an old heartbeat.
func (s *StaleCheck) lookInside(ctx context.Context, z *zone) {
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
}

// probe asks a reference for its serial, once it is this zone's turn.
func (s *StaleCheck) probe(ctx context.Context, z *zone, i int) {
	address := s.references[i].Address
	turn := s.turns[address].take(ctx, z.late[i].Load() > 1) // one may have been lost
	if turn == nil {
		return
	}
	asking, cancel := context.WithTimeout(ctx, probeTimeout)
	serial, failure := s.ask(asking, address, z.name)
	cancel()
	<-turn
	if failure == verdict.Timeout {
		z.late[i].Add(1)
	} else {
		z.late[i].Store(0)
	}
	if ctx.Err() != nil {
		return // cut off by the end of this instance, which says nothing of the reference
	}
	countFailure(address, string(failure))
	s.observe(z, func(h *verdict.History, now time.Time) { h.ObserveReference(i, serial, failure, now) })
}
