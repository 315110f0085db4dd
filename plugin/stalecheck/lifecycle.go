package stalecheck

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coredns/caddy"
)

// live are the instances that watch zones now, in the order in which they started. While
// CoreDNS reloads, a server block has two. The new one takes over what the old one saw, so
// that a reload does not make old data young.
var live liveInstances

type liveInstances struct {
	sync.Mutex
	instances []*StaleCheck
	shown     atomic.Pointer[[]*StaleCheck] // a copy, for whoever must not wait for the lock
}

// set replaces the instances. Called with the lock.
func (l *liveInstances) set(instances []*StaleCheck) {
	l.instances = instances
	l.shown.Store(new(slices.Clone(instances)))
}

// visible returns the instances without waiting for one that starts or stops.
func (l *liveInstances) visible() []*StaleCheck {
	if shown := l.shown.Load(); shown != nil {
		return *shown
	}
	return nil
}

// start begins to watch.
func (s *StaleCheck) start() {
	live.Lock()
	for _, z := range s.zones {
		if before := s.predecessor(z.name); before != nil {
			before.observing.Lock()
			z.history.Inherit(before.history)
			z.logged = s.stillLogged(&before.logged)
			before.observing.Unlock()
		}
	}
	s.takeOver()
	live.set(append(live.instances, s))
	live.Unlock()

	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	for i, z := range s.zones {
		s.watch(ctx, z, firstLook(i), s.spread(i, len(s.zones)))
	}
}

// spread is when to ask for zone i of n first: many zones are never asked for at once.
func (s *StaleCheck) spread(i, n int) time.Duration {
	return s.interval / time.Duration(n) * time.Duration(i)
}

// firstLook is when to look at the backend for zone i first: at once, and of ten thousand zones
// in half a second, so that there are never as many goroutines.
func firstLook(i int) time.Duration { return time.Duration(i) * 50 * time.Microsecond }

// predecessor returns the zone of this name that an instance of the Corefile before watches
// for the same server block or, if the block has changed, for the same view.
func (s *StaleCheck) predecessor(name string) *zone {
	var found *zone
	for _, other := range slices.Backward(live.instances) {
		z := other.zone(name)
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
	live.set(slices.DeleteFunc(live.instances, func(other *StaleCheck) bool { return other == s }))
	left := slices.Clone(live.instances)
	live.Unlock()
	if s.cancel != nil {
		s.cancel()
		for z := range s.watched {
			s.unwatch(z)
		}
		s.tasks.Wait()
		for _, line := range s.lines {
			line.Close()
		}
	}
	for z := range s.watched {
		if !slices.ContainsFunc(left, func(other *StaleCheck) bool { return other.zone(z.name) != nil }) {
			z.forgetCounts()
		}
	}
}

// beforeReload remembers which instances there are, so that afterFailedReload can stop the
// others: CoreDNS never calls the callbacks of those that a failed reload has started.
func (s *StaleCheck) beforeReload() {
	live.Lock()
	s.instancesBefore = slices.Clone(live.instances)
	live.Unlock()
	s.corefilesBefore = slices.Clone(caddy.Instances())
}

// afterFailedReload stops the instances that nobody else will. CoreDNS reports a failed
// reload in three cases: a plugin refused it before beforeReload was called, the new
// Corefile did not start, or the old one, already replaced, did not end.
func (s *StaleCheck) afterFailedReload() {
	before := s.instancesBefore
	s.instancesBefore = nil
	if before == nil {
		return
	}
	if slices.ContainsFunc(s.corefilesBefore, func(c *caddy.Instance) bool { return !slices.Contains(caddy.Instances(), c) }) {
		s.stop() // ours is the old one
		return
	}
	live.Lock()
	started := slices.DeleteFunc(slices.Clone(live.instances), func(other *StaleCheck) bool { return slices.Contains(before, other) })
	live.Unlock()
	for _, other := range started {
		other.stop()
	}
}
