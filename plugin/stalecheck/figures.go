package stalecheck

import (
	"cmp"
	"slices"
	"time"

	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"
)

// zoneFigures are what the gauges say of a zone. If several instances watch it, for several
// server blocks or during a reload, that is the worst of what they know.
type zoneFigures struct {
	name    string
	status  verdict.Status
	known   [verdict.NumSources]bool
	ages    [verdict.NumSources]time.Duration
	heard   [verdict.NumSources]bool
	serials [verdict.NumSources]uint32 // the newest of each source, but the oldest of the backend
	maxAge  time.Duration              // the least
	expires bool
	left    time.Duration // until it expires, if it does: the least
	silence time.Duration // of all primaries; -1 without any

	references []referenceFigures
}

// referenceFigures are what the gauges say of a reference's answers for one zone.
type referenceFigures struct {
	source    verdict.Source
	address   string
	asked, up bool
	heard     bool
	last      time.Time // if heard: when it last gave a usable answer
}

// figures returns those of all zones that are watched, by name. It waits for nobody who asks,
// logs or reloads.
func figures() []*zoneFigures {
	var all []*zoneFigures
	byName := make(map[string]*zoneFigures)
	for _, s := range live.visible() {
		for z := range s.watched {
			f := byName[z.name]
			if f == nil {
				f = &zoneFigures{name: z.name, status: verdict.Fresh, maxAge: s.rules.MaxAge, silence: -1}
				f.references = make([]referenceFigures, 0, len(s.references))
				byName[z.name], all = f, append(all, f)
			}
			f.add(s, z)
		}
	}
	slices.SortFunc(all, func(a, b *zoneFigures) int { return cmp.Compare(a.name, b.name) })
	return all
}

// add takes in what an instance knows of the zone.
func (f *zoneFigures) add(s *StaleCheck, z *zone) {
	f.maxAge = min(f.maxAge, s.rules.MaxAge)
	v := z.verdict.Load()
	f.status = worse(f.status, v.Status)
	for source, finding := range v.Findings {
		if finding.Known {
			f.known[source] = true
			f.ages[source] = max(f.ages[source], finding.Age)
		}
	}
	f.silence = max(f.silence, s.silence(v))
	z.mu.Lock()
	defer z.mu.Unlock()
	if left, known := z.history.ExpiresIn(s.now()); known && (!f.expires || left < f.left) {
		f.expires, f.left = true, left
	}
	if own, known := z.history.Own(); known && (!f.heard[verdict.Backend] || verdict.NewerSerial(f.serials[verdict.Backend], own)) {
		f.heard[verdict.Backend], f.serials[verdict.Backend] = true, own
	}
	others := len(f.references) // of other instances
	for i, r := range s.references {
		report := z.history.Report(i)
		it := referenceFigures{source: r.Source, address: r.Address, asked: report.Asked, up: report.Up()}
		it.last, it.heard = z.history.LastSuccess(i)
		f.addReference(others, it)
		if report.Heard && (!f.heard[r.Source] || verdict.NewerSerial(report.Serial, f.serials[r.Source])) {
			f.heard[r.Source], f.serials[r.Source] = true, report.Serial
		}
	}
}

// addReference takes in a reference that may be one of the first others.
func (f *zoneFigures) addReference(others int, it referenceFigures) {
	for i := range f.references[:others] {
		was := &f.references[i]
		if was.address != it.address {
			continue
		}
		was.up = (was.up || !was.asked) && (it.up || !it.asked)
		was.asked = was.asked || it.asked
		if it.heard && (!was.heard || it.last.Before(was.last)) {
			was.heard, was.last = true, it.last
		}
		return
	}
	f.references = append(f.references, it)
}

// worse returns what an operator has to know first: stale, then unknown, then fresh.
func worse(a, b verdict.Status) verdict.Status {
	if a == verdict.Stale || (a == verdict.Unknown && b == verdict.Fresh) {
		return a
	}
	return b
}
