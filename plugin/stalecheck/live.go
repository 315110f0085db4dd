package stalecheck

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/coredns/caddy"
)

// live are the instances that watch zones now, in the order in which they started. Two
// of a server block are alive while CoreDNS reloads: the new one takes over what the
// old one saw, so that a reload does not make old data young.
var live struct {
	sync.Mutex
	instances []*StaleCheck
}

// start begins to watch.
func (s *StaleCheck) start() {
	live.Lock()
	for _, z := range s.zones {
		if before := s.before(z.name); before != nil {
			before.mu.Lock()
			z.history.Inherit(before.history)
			z.said = s.stillSaid(&before.said)
			before.mu.Unlock()
		}
	}
	live.instances = append(live.instances, s)
	live.Unlock()

	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	for i, z := range s.zones {
		// Spread over the first interval, so that many zones are never asked for at once.
		delay := s.interval / time.Duration(len(s.zones)) * time.Duration(i)
		s.tasks.Go(func() { s.watch(ctx, z, delay) })
	}
}

// before returns the zone of this name that an instance of another Corefile watches for
// the same server block or, if the block has changed, for the same view.
func (s *StaleCheck) before(name string) *zone {
	var found *zone
	for _, other := range slices.Backward(live.instances) {
		z := other.byName[name]
		switch {
		case z == nil || other.view != s.view || other.corefile == s.corefile:
		case other.block == s.block:
			return z
		case found == nil:
			found = z
		}
	}
	return found
}

// stop ends all that start began. It may be called more than once, and before start.
func (s *StaleCheck) stop() {
	live.Lock()
	live.instances = slices.DeleteFunc(live.instances, func(other *StaleCheck) bool { return other == s })
	live.Unlock()
	if s.cancel != nil {
		s.cancel()
		s.tasks.Wait()
	}
}

// beforeReload remembers who is there, so that afterFailedReload can stop who came: the
// callbacks of instances that a failed reload has started are never called.
func (s *StaleCheck) beforeReload() {
	live.Lock()
	s.beside = slices.Clone(live.instances)
	live.Unlock()
	s.corefiles = slices.Clone(caddy.Instances())
}

// afterFailedReload stops those whom nobody else will. CoreDNS speaks of a failed reload
// in three cases: before it has asked everybody to remember, when the new Corefile does
// not start, and when the old one, already replaced, does not end.
func (s *StaleCheck) afterFailedReload() {
	beside := s.beside
	s.beside = nil
	if beside == nil {
		return
	}
	if slices.ContainsFunc(s.corefiles, func(c *caddy.Instance) bool { return !slices.Contains(caddy.Instances(), c) }) {
		s.stop() // ours is the old one
		return
	}
	live.Lock()
	came := slices.DeleteFunc(slices.Clone(live.instances), func(other *StaleCheck) bool { return slices.Contains(beside, other) })
	live.Unlock()
	for _, other := range came {
		other.stop()
	}
}
