package check

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/holdfastdns/holdfast/internal/span"
)

func liveVersions(l *Live, say sayer) bool {
	by := make(map[string][]string)
	for _, s := range l.answered() {
		version := "CoreDNS " + s.Status.Version
		if s.Status.Holdfast != "" {
			version = "Holdfast " + s.Status.Holdfast + ", " + version
		}
		by[version] = append(by[version], s.name())
	}
	if len(by) > 1 {
		var each []string
		for version, names := range by {
			each = append(each, fmt.Sprintf("%s on %s", version, some(names)))
		}
		slices.Sort(each)
		say("%s: fine while a rollout lasts", strings.Join(each, "; "))
	}
	return len(l.answered()) > 1
}

func liveObserve(l *Live, say sayer) bool {
	all := l.answered()
	var observing []string
	for _, s := range all {
		if s.Status.Observe {
			observing = append(observing, s.name())
		}
	}
	if n := len(observing); n > 0 && n < len(all) {
		say("observe is set on %s and not on the other servers, which get no promise from there", some(observing))
	}
	return len(all) > 1
}

// liveZones: a zone that is old is status' to show, and heals.
func liveZones(l *Live, say sayer) (applies bool) {
	for _, s := range l.answered() {
		for _, z := range s.Status.Zones {
			applies = true
			if z.Verdict == "unknown" {
				say("%s: the age of zone %s is unknown: %s", s.name(), z.Name, z.Reason)
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
