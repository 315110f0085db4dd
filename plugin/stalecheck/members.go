package stalecheck

import (
	"context"
	"slices"

	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"
)

// maxMembers bounds the zones that catalogs bring: whoever writes these writes no Corefile.
const maxMembers = 10_000

// legacy is what is handed over to a member that comes after a reload.
type legacy struct {
	history *verdict.History
	logged  loggedState
}

// members are the zones that catalogs have brought. They are replaced as a whole.
type members struct {
	all    []*zone
	byName map[string]*zone
}

// setMembers makes the zones that are watched those of the catalogs. Called with their lock.
func (s *StaleCheck) setMembers(ctx context.Context, of *zone) {
	was := s.members.Load()
	now := &members{byName: make(map[string]*zone)}
	var added []*zone
	for _, origin := range s.catalogs.names {
		state := s.catalogs.read[origin]
		if state == nil {
			continue
		}
		state.waiting = false
		for _, name := range state.members {
			z := was.zone(name)
			switch {
			case s.byName[name] != nil || now.byName[name] != nil:
				continue
			case len(now.all) == maxMembers:
				s.log.zones.warningf(s.now(), "Catalog %s: only %d of the zones that catalogs bring are watched", origin, maxMembers)
				continue
			case z == nil:
				z = s.newZone(name)
				z.backend.entry = of.backend.entry
				if !s.catalogs.served(ctx, z) {
					state.waiting = true
					continue
				}
				s.inherit(z)
				added = append(added, z)
			}
			now.all, now.byName[name] = append(now.all, z), z
		}
	}
	s.members.Store(now)
	for i, z := range added {
		s.log.zones.infof(s.now(), "Zone %s is watched: it is in a catalog", z.name)
		watching, cancel := context.WithCancel(ctx)
		z.cancel = cancel
		s.watch(watching, z, firstLook(i), s.spread(i, len(added)))
	}
	if was != nil {
		for _, z := range was.all {
			if now.byName[z.name] == nil {
				s.log.zones.infof(s.now(), "Zone %s is not watched any more: it is in no catalog", z.name)
				s.forget(z)
			}
		}
	}
}

// inherit gives a member what was seen of it before a reload.
func (s *StaleCheck) inherit(z *zone) {
	if l, ok := s.catalogs.before[z.name]; ok {
		z.history.Inherit(l.history)
		z.logged = s.stillLogged(&l.logged)
		delete(s.catalogs.before, z.name)
	}
}

// forget ends the watch of a zone.
func (s *StaleCheck) forget(z *zone) {
	z.cancel()
	s.unwatch(z)
	z.observing.Lock()
	z.gone = true
	if needsMark(z.verdict.Load()) {
		s.marked.Add(-1)
	}
	z.observing.Unlock()
	if !slices.ContainsFunc(live.visible(), func(other *StaleCheck) bool { return other.zone(z.name) != nil }) {
		z.forgetCounts()
	}
}

// takeOver keeps what instances before have seen of members, until these are there again.
// Called with the lock of live.
func (s *StaleCheck) takeOver() {
	if len(s.catalogs.names) == 0 {
		return
	}
	for _, other := range live.instances {
		if other.view != s.view || other.corefile == s.corefile {
			continue
		}
		other.catalogs.mu.Lock()
		for name, l := range other.catalogs.before {
			s.catalogs.before[name] = l
		}
		other.catalogs.mu.Unlock()
		for _, z := range other.members.Load().zones() {
			z.observing.Lock()
			l := legacy{verdict.New(s.rules, s.references), s.stillLogged(&z.logged)}
			l.history.Inherit(z.history)
			z.observing.Unlock()
			s.catalogs.before[z.name] = l
		}
	}
}

// zones are all of them; a nil m has none.
func (m *members) zones() []*zone {
	if m == nil {
		return nil
	}
	return m.all
}

// zone returns the one with this name, or nil.
func (m *members) zone(name string) *zone {
	if m == nil {
		return nil
	}
	return m.byName[name]
}

// zone returns the zone with this name that is watched, or nil.
func (s *StaleCheck) zone(name string) *zone {
	if z := s.byName[name]; z != nil {
		return z
	}
	return s.members.Load().zone(name)
}

// watched calls for each zone that is watched, those that are named first.
func (s *StaleCheck) watched(yield func(*zone) bool) {
	for _, zones := range [2][]*zone{s.zones, s.members.Load().zones()} {
		for _, z := range zones {
			if !yield(z) {
				return
			}
		}
	}
}
