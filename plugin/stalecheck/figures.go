package stalecheck

import (
	"slices"
	"time"

	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"
)

// zoneFigures are what the gauges say of a zone. If several instances watch it, for several
// server blocks or during a reload, that is the worst of what they know.
type zoneFigures struct {
	status  verdict.Status
	known   [verdict.NumSources]bool
	ages    [verdict.NumSources]time.Duration
	heard   [verdict.NumSources]bool
	serials [verdict.NumSources]uint32 // the newest of each source, but the oldest of the backend
	up      map[string]bool            // by address, of the references that were asked
	success map[string]time.Time       // by address, of the references that have answered: the last
	maxAge  time.Duration              // the least
	expires bool
	left    time.Duration // until it expires, if it does: the least
}

// figures returns those of all zones that are watched, by name.
func figures() map[string]*zoneFigures {
	live.Lock()
	instances := slices.Clone(live.instances)
	live.Unlock()

	all := make(map[string]*zoneFigures)
	for _, s := range instances {
		for _, z := range s.zones {
			f := all[z.name]
			if f == nil {
				f = &zoneFigures{status: verdict.Fresh, up: make(map[string]bool), success: make(map[string]time.Time), maxAge: s.rules.MaxAge}
				all[z.name] = f
			}
			f.maxAge = min(f.maxAge, s.rules.MaxAge)
			v := z.verdict.Load()
			f.status = worse(f.status, v.Status)
			for source, finding := range v.Findings {
				if finding.Known {
					f.known[source] = true
					f.ages[source] = max(f.ages[source], finding.Age)
				}
			}
			z.mu.Lock()
			f.add(z.history, s.references)
			if left, known := z.history.ExpiresIn(s.now()); known && (!f.expires || left < f.left) {
				f.expires, f.left = true, left
			}
			z.mu.Unlock()
		}
	}
	return all
}

func (f *zoneFigures) add(h *verdict.History, references []verdict.Reference) {
	if own, known := h.Own(); known && (!f.heard[verdict.Backend] || verdict.NewerSerial(f.serials[verdict.Backend], own)) {
		f.heard[verdict.Backend], f.serials[verdict.Backend] = true, own
	}
	for i, r := range references {
		report := h.Report(i)
		if report.Asked {
			before, known := f.up[r.Address]
			f.up[r.Address] = report.Up() && (before || !known)
		}
		if at, ok := h.LastSuccess(i); ok && (f.success[r.Address].IsZero() || at.Before(f.success[r.Address])) {
			f.success[r.Address] = at
		}
		if report.Heard && (!f.heard[r.Source] || verdict.NewerSerial(report.Serial, f.serials[r.Source])) {
			f.heard[r.Source], f.serials[r.Source] = true, report.Serial
		}
	}
}

// worse returns what an operator has to know first: stale, then unknown, then fresh.
func worse(a, b verdict.Status) verdict.Status {
	if a == verdict.Stale || (a == verdict.Unknown && b == verdict.Fresh) {
		return a
	}
	return b
}
