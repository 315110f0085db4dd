package check

import (
	"fmt"
	"strings"
	"time"

	"github.com/holdfastdns/holdfast/internal/span"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire"
)

// liveFit: one that leaves, as in each rollout, is no finding.
func liveFit(l *Live, say sayer) bool {
	for _, s := range l.answered() {
		if what := unfit(s.Status); what != "" {
			say("%s: %s", s.name(), strings.TrimSuffix(what+": "+s.Status.Reason, ": "))
		}
	}
	return len(l.answered()) > 0
}

// unfit is what a server does in place of serving, or "".
func unfit(s *wire.Status) string {
	switch {
	case s.State == promise.Serving, s.State == promise.Leaving:
		return ""
	case s.Observe:
		return fmt.Sprintf("would be %s if it were not observing only", s.State)
	case s.HoldDeadline != nil:
		return "got SIGTERM, but too few peers promise to stay"
	case s.State == promise.Asking:
		return "wants to step aside, but stays in service"
	case s.State == promise.Aside:
		return "has stepped aside"
	}
	return "has not come into service yet"
}

func liveReady(l *Live, say sayer) (applies bool) {
	for _, s := range l.answered() {
		applies = applies || s.Status.Ready != nil && len(s.Status.Peers) > 0
		if what := s.Status.ReadyUnread(s.Now); what != "" {
			say("%s: %s", s.name(), what)
		}
	}
	return applies
}

func liveStale(l *Live, say sayer) (applies bool) {
	return zonesThatAre(l, "stale", say, "%s: zone %s is stale: %s")
}

// liveZones: of one that is stale liveStale speaks.
func liveZones(l *Live, say sayer) (applies bool) {
	return zonesThatAre(l, "unknown", say, "%s: the age of zone %s is unknown: %s")
}

// zonesThatAre says format of each zone with that verdict: its server, its name and the reason.
func zonesThatAre(l *Live, verdict string, say sayer, format string) (applies bool) {
	for _, s := range l.answered() {
		for _, z := range s.Status.Zones {
			applies = true
			if z.Verdict == verdict {
				say(format, s.name(), z.Name, z.Reason)
			}
		}
	}
	return applies
}

// livePrimaries: a zone may be fresh by another source for as long as its EXPIRE lasts.
func livePrimaries(l *Live, say sayer) (applies bool) {
	for _, s := range l.answered() {
		for _, z := range s.Status.Zones {
			applies = applies || z.PrimarySilence != nil
			if z.NoPrimaryAnswers() {
				say("%s: no primary has given a usable answer about zone %s for %s", s.name(), z.Name, forSeconds(*z.PrimarySilence))
			}
		}
	}
	return applies
}

// forSeconds writes a time that is given in seconds.
func forSeconds(s float64) string { return span.Short(time.Duration(s * float64(time.Second))) }
