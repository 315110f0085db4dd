package stalecheck

import (
	"time"

	clog "github.com/coredns/coredns/plugin/pkg/log"

	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"
)

var log = clog.NewWithPlugin(pluginName)

// loggedState is what the log has said of a zone, so that it says no more than changes. It
// outlives a reload.
type loggedState struct {
	anyStatus  bool // else status means nothing yet
	status     verdict.Status
	heldBack   bool
	begin      time.Time       // of the zone's first observation
	down       map[string]bool // references, by address
	cannotTell [verdict.NumSources]bool
	silence    [verdict.NumSources]time.Time // since when a source cannot tell, logged or not
}

// stillLogged returns what of the log from before a reload concerns this instance, too.
func (s *StaleCheck) stillLogged(before *loggedState) loggedState {
	now := loggedState{begin: before.begin, anyStatus: before.anyStatus, status: before.status, down: make(map[string]bool)}
	now.heldBack = before.heldBack && s.action != flag
	for _, r := range s.references {
		now.down[r.Address] = before.down[r.Address]
	}
	for source, asked := range s.rules.Sources {
		now.cannotTell[source] = before.cannotTell[source] && asked
	}
	return now
}

// logChanges writes a line when the zone's status changes, when answers begin or cease to
// be held back, when a reference fails or answers again, and when a source can no longer
// tell the age or can again. What ends with the zone being of unknown age is one line,
// which names each source.
func (s *StaleCheck) logChanges(z *zone, v *verdict.Verdict, now time.Time) {
	l := &z.logged
	if l.begin.IsZero() {
		l.begin = now
	}
	// What heals by itself soon after the start is no news: servers that start together are not
	// there at the same instant, and a heartbeat is old till its writer comes by.
	starting := now.Sub(l.begin) < s.soon()
	s.logReferences(z, starting, now)
	starting = starting && !l.anyStatus
	if !starting {
		s.logAction(z, v, now)
	}
	noneCanTell := true // and the log has it
	var news []verdict.Source
	for source, asked := range s.rules.Sources {
		if asked {
			if s.logSource(z, verdict.Source(source), &v.Findings[source], now) {
				news = append(news, verdict.Source(source))
			}
			noneCanTell = noneCanTell && z.logged.cannotTell[source]
		}
	}
	same := (l.anyStatus && v.Status == l.status) || (v.Status == verdict.Unknown && !noneCanTell) || (v.Status == verdict.Stale && starting)
	if same || v.Status != verdict.Unknown {
		for _, source := range news {
			s.log.sources.warningf(now, "Zone %s: cannot tell its age from its %s: %s", z.name, source, v.Findings[source].Reason)
		}
	}
	if same {
		return
	}
	first := !l.anyStatus
	l.anyStatus, l.status = true, v.Status
	switch v.Status {
	case verdict.Stale:
		s.log.zones.warningf(now, "Zone %s is stale: %s (%s, %s)", z.name, v.Text, v.Source, v.Reason)
	case verdict.Unknown:
		s.log.zones.warningf(now, "Zone %s has an unknown age: %s", z.name, v.Text)
	case verdict.Fresh:
		if !first {
			s.log.zones.infof(now, "Zone %s is fresh again", z.name)
		}
	}
}

// soon is within what time a failure at the start, or of a source, may heal without a word.
func (s *StaleCheck) soon() time.Duration { return 2 * s.interval }

// logAction logs when answers begin to be held back, and when they go out again.
func (s *StaleCheck) logAction(z *zone, v *verdict.Verdict, now time.Time) {
	held := actionFor(v, s.action) != flag
	if held == z.logged.heldBack {
		return
	}
	if z.logged.heldBack = held; held {
		s.log.zones.warningf(now, "Zone %s: answers are held back (%s), because others have newer data: %s", z.name, actionNames[s.action], v.Text)
	} else {
		s.log.zones.infof(now, "Zone %s: answers are no longer held back", z.name)
	}
}

// logSource logs that a source can tell the age again, and reports whether it is news that
// it cannot: once that has lasted for two intervals. At the start, while a secondary loads its
// zone, and after a lost datagram it heals by itself.
func (s *StaleCheck) logSource(z *zone, source verdict.Source, f *verdict.Finding, now time.Time) (news bool) {
	cannotTell, since := &z.logged.cannotTell[source], &z.logged.silence[source]
	switch {
	case f.Known:
		if *cannotTell {
			s.log.sources.infof(now, "Zone %s: can tell its age from its %s again", z.name, source)
		}
		*cannotTell, *since = false, time.Time{}
		return false
	case f.Reason == verdict.NotAsked:
		return false
	case since.IsZero():
		*since = now
	}
	news = !*cannotTell && now.Sub(*since) >= s.soon()
	if news {
		*cannotTell = true
	}
	return news
}

// logReferences logs that a reference fails or answers again, and while the server starts only
// of those that have answered.
func (s *StaleCheck) logReferences(z *zone, starting bool, now time.Time) {
	for i, r := range s.references {
		report := z.history.Report(i)
		down := report.Failure != ""
		if !report.Asked || z.logged.down[r.Address] == down || (down && starting && !report.Heard) {
			continue
		}
		z.logged.down[r.Address] = down
		switch report.Failure {
		case "":
			s.log.sources.infof(now, "Zone %s: %s %s answers again", z.name, r.Source, r.Address)
		case verdict.Timeout, verdict.Unreachable:
			s.log.sources.warningf(now, "Zone %s: %s %s did not answer: %s", z.name, r.Source, r.Address, report.Failure)
		default:
			s.log.sources.warningf(now, "Zone %s: %s %s gave no usable answer: %s", z.name, r.Source, r.Address, report.Failure)
		}
	}
}
