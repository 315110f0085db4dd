package stalecheck

import (
	"time"

	clog "github.com/coredns/coredns/plugin/pkg/log"
)

var log = clog.NewWithPlugin(pluginName)

// said is what the log says of a zone. It outlives a reload.
type said struct {
	any    bool // something of the status
	status status
	held   bool                 // that answers are held back
	down   map[string]bool      // by a reference's address: that it is of no use
	cannot map[source]bool      // that the source cannot tell
	since  map[source]time.Time // since when it cannot, said or not
}

func newSaid() said {
	return said{down: make(map[string]bool), cannot: make(map[source]bool), since: make(map[source]time.Time)}
}

// stillSaid is what of that which was said before a reload is true of this instance.
func (s *StaleCheck) stillSaid(before *said) said {
	now := newSaid()
	now.any, now.status = before.any, before.status
	now.held = before.held && s.action != flag
	for _, r := range s.references {
		now.down[r.address] = before.down[r.address] && !r.self
	}
	for of := range backend {
		now.cannot[of] = before.cannot[of] && s.rules.asks[of]
	}
	return now
}

// tell writes a line when the zone's status changes, when a reference goes or comes
// back, and when a source cannot tell any more or can again. What ends with the zone
// being of unknown age is one line, which names each source.
func (s *StaleCheck) tell(z *zone, v *verdict, now time.Time) {
	s.tellReferences(z, now)
	s.tellAction(z, v, now)
	silent := true // all sources, and so that the log has it
	var news []source
	for of := range backend {
		if s.rules.asks[of] {
			if s.tellSource(z, of, &v.findings[of], now) {
				news = append(news, of)
			}
			silent = silent && z.said.cannot[of]
		}
	}
	said := &z.said
	same := (said.any && v.status == said.status) || (v.status == unknown && !silent)
	if same || v.status != unknown {
		for _, of := range news {
			s.log.sources.warningf(now, "Zone %s: its %s cannot tell its age: %s", z.name, of, v.findings[of].why)
		}
	}
	if same {
		return
	}
	first := !said.any
	said.any, said.status = true, v.status
	switch v.status {
	case stale:
		s.log.zones.warningf(now, "Zone %s is stale: %s (%s, %s)", z.name, v.text, v.source, v.why)
	case unknown:
		s.log.zones.warningf(now, "Zone %s is of unknown age: %s", z.name, v.text)
	case fresh:
		if !first {
			s.log.zones.infof(now, "Zone %s is fresh again", z.name)
		}
	}
}

// tellAction says when answers begin to be held back, and when they go out again.
func (s *StaleCheck) tellAction(z *zone, v *verdict, now time.Time) {
	held := v.act(s.action) != flag
	if held == z.said.held {
		return
	}
	if z.said.held = held; held {
		s.log.zones.warningf(now, "Zone %s: answers are held back (%s), others have newer data: %s", z.name, actionNames[s.action], v.text)
	} else {
		s.log.zones.infof(now, "Zone %s: answers are held back no longer", z.name)
	}
}

// tellSource says that a source can tell again, and reports whether it is news that it
// cannot: once that has lasted for two intervals. At the start, when a secondary loads its
// zone anew, and when a datagram is lost, it heals by itself.
func (s *StaleCheck) tellSource(z *zone, of source, f *finding, now time.Time) (news bool) {
	said := &z.said
	switch {
	case f.known:
		delete(said.since, of)
		if said.cannot[of] {
			delete(said.cannot, of)
			s.log.sources.infof(now, "Zone %s: its %s can tell its age again", z.name, of)
		}
		return false
	case f.why == notAsked:
		return false
	case said.since[of].IsZero():
		said.since[of] = now
	}
	news = !said.cannot[of] && now.Sub(said.since[of]) >= 2*s.interval
	if news {
		said.cannot[of] = true
	}
	return news
}

func (s *StaleCheck) tellReferences(z *zone, now time.Time) {
	for i := range z.history.references {
		r := &z.history.references[i]
		if !r.asked || z.said.down[r.address] == (r.failure != "") {
			continue
		}
		if z.said.down[r.address] = r.failure != ""; r.failure != "" {
			s.log.sources.warningf(now, "Zone %s: the answer of %s %s is of no use: %s", z.name, r.source, r.address, r.failure)
		} else {
			s.log.sources.infof(now, "Zone %s: %s %s answers again", z.name, r.source, r.address)
		}
	}
}
