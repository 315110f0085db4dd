package stalecheck

import (
	"time"

	clog "github.com/coredns/coredns/plugin/pkg/log"
	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"
)

var log = clog.NewWithPlugin(pluginName)

// said is what the log says of a zone. It outlives a reload.
type said struct {
	any    bool // something of the status
	status verdict.Status
	held   bool                         // that answers are held back
	down   map[string]bool              // by a reference's address: that it is of no use
	cannot map[verdict.Source]bool      // that the source cannot tell
	since  map[verdict.Source]time.Time // since when it cannot, said or not
}

func newSaid() said {
	return said{down: make(map[string]bool), cannot: make(map[verdict.Source]bool), since: make(map[verdict.Source]time.Time)}
}

// stillSaid is what of that which was said before a reload is true of this instance.
func (s *StaleCheck) stillSaid(before *said) said {
	now := newSaid()
	now.any, now.status = before.any, before.status
	now.held = before.held && s.action != flag
	for _, r := range s.references {
		now.down[r.Address] = before.down[r.Address] && !r.Self
	}
	for of := range verdict.Backend {
		now.cannot[of] = before.cannot[of] && s.rules.Sources[of]
	}
	return now
}

// tell writes a line when the zone's status changes, when a reference goes or comes
// back, and when a source cannot tell any more or can again.
func (s *StaleCheck) tell(z *zone, v *verdict.Verdict, now time.Time) {
	s.tellReferences(z, now)
	s.tellAction(z, v, now)
	silent := true // all sources, and so that the log has it
	for of := range verdict.Backend {
		if s.rules.Sources[of] {
			s.tellSource(z, of, &v.Findings[of], now)
			silent = silent && z.said.cannot[of]
		}
	}
	said := &z.said
	if (said.any && v.Status == said.status) || (v.Status == verdict.Unknown && !silent) {
		return
	}
	first := !said.any
	said.any, said.status = true, v.Status
	switch v.Status {
	case verdict.Stale:
		s.log.zones.warningf(now, "Zone %s is stale: %s (%s, %s)", z.name, v.Text, v.Source, v.Reason)
	case verdict.Unknown:
		s.log.zones.warningf(now, "Zone %s is of unknown age: %s", z.name, v.Text)
	case verdict.Fresh:
		if !first {
			s.log.zones.infof(now, "Zone %s is fresh again", z.name)
		}
	}
}

// tellAction says when answers begin to be held back, and when they go out again.
func (s *StaleCheck) tellAction(z *zone, v *verdict.Verdict, now time.Time) {
	held := act(v, s.action) != flag
	if held == z.said.held {
		return
	}
	if z.said.held = held; held {
		s.log.zones.warningf(now, "Zone %s: answers are held back (%s), others have newer data: %s", z.name, actionNames[s.action], v.Text)
	} else {
		s.log.zones.infof(now, "Zone %s: answers are held back no longer", z.name)
	}
}

// tellSource says that a source cannot tell once that has lasted for two intervals: at
// the start, when a secondary loads its zone anew, and when a datagram is lost, it heals
// by itself.
func (s *StaleCheck) tellSource(z *zone, of verdict.Source, f *verdict.Finding, now time.Time) {
	said := &z.said
	switch {
	case f.Known:
		delete(said.since, of)
		if said.cannot[of] {
			delete(said.cannot, of)
			s.log.sources.infof(now, "Zone %s: its %s can tell its age again", z.name, of)
		}
		return
	case f.Reason == verdict.NotAsked:
		return
	case said.since[of].IsZero():
		said.since[of] = now
	}
	if !said.cannot[of] && now.Sub(said.since[of]) >= 2*s.interval {
		said.cannot[of] = true
		s.log.sources.warningf(now, "Zone %s: its %s cannot tell its age: %s", z.name, of, f.Reason)
	}
}

func (s *StaleCheck) tellReferences(z *zone, now time.Time) {
	for i, r := range s.references {
		report := z.history.Report(i)
		down := report.Failure != ""
		if !report.Asked || z.said.down[r.Address] == down {
			continue
		}
		if z.said.down[r.Address] = down; down {
			s.log.sources.warningf(now, "Zone %s: the answer of %s %s is of no use: %s", z.name, r.Source, r.Address, report.Failure)
		} else {
			s.log.sources.infof(now, "Zone %s: %s %s answers again", z.name, r.Source, r.Address)
		}
	}
}
