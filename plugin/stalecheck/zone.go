package stalecheck

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// zone is a zone that is watched. What was seen of it changes under mu; the verdict is
// for everybody to load.
type zone struct {
	name    string // lower case and with the final dot
	backend reader
	verdict atomic.Pointer[verdict]

	mu      sync.Mutex
	history history
	said    said
	asking  []atomic.Bool  // by reference: its answer is awaited
	late    []atomic.Int32 // by reference: how many of its last answers did not come in time

	counters sync.Map // server address -> *counters
}

func (s *StaleCheck) newZone(name string) *zone {
	z := &zone{name: name, asking: make([]atomic.Bool, len(s.references)), late: make([]atomic.Int32, len(s.references))}
	z.history.keep = 2 * s.rules.maxAge
	z.said = newSaid()
	z.history.references = slices.Clone(s.references)
	z.verdict.Store(s.rules.judge(&z.history, time.Time{}))
	return z
}

// observe takes what was seen of a zone, and publishes what follows from it.
func (s *StaleCheck) observe(z *zone, seen func(h *history, now time.Time)) {
	z.mu.Lock()
	defer z.mu.Unlock()
	now := s.now()
	seen(&z.history, now)
	v := s.rules.judge(&z.history, now)
	was := z.verdict.Swap(v)
	if v.marks() && !was.marks() {
		s.marking.Add(1)
	} else if was.marks() && !v.marks() {
		s.marking.Add(-1)
	}
	s.tell(z, v, now)
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
		if v := z.verdict.Load(); v.due > 0 {
			wait = min(wait, v.judged.Add(v.due).Sub(s.now()))
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
		if s.references[i].self || z.asking[i].Swap(true) {
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
	serial, expire, failed := z.backend.askOwn(reading, z.name)
	var at time.Time
	var why reason
	if s.heartbeat != "" {
		at, why = z.backend.askHeartbeat(reading, s.heartbeat, s.now())
	}
	if ctx.Err() != nil {
		return
	}
	countFailure("backend", string(failed))
	countFailure("heartbeat", string(why))
	s.observe(z, func(h *history, now time.Time) {
		h.observeOwn(serial, expire, failed, now)
		if s.heartbeat != "" {
			h.observeHeartbeat(at, why, now)
		}
	})
}

// probe asks a reference for its serial, once it is this zone's turn.
func (s *StaleCheck) probe(ctx context.Context, z *zone, i int) {
	address := s.references[i].address
	turn := s.turns[address].take(ctx, z.late[i].Load() > 1) // one may have been lost
	if turn == nil {
		return
	}
	asking, cancel := context.WithTimeout(ctx, probeTimeout)
	serial, failed := s.ask(asking, address, z.name)
	cancel()
	<-turn
	if failed == timeout {
		z.late[i].Add(1)
	} else {
		z.late[i].Store(0)
	}
	if ctx.Err() != nil {
		return // cut off by the end of this instance, which says nothing of the reference
	}
	countFailure(address, string(failed))
	s.observe(z, func(h *history, now time.Time) { h.observeReference(i, serial, failed, now) })
}
