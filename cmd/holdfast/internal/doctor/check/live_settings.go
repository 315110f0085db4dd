package check

import (
	"fmt"
	"slices"
	"strings"
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
		say("%s: fine during a rollout", strings.Join(each, "; "))
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
		say("observe is set on %s but not on the other servers, to which an observing server gives no promises", some(observing))
	}
	return len(all) > 1
}
