package stalecheck

import (
	"slices"
	"time"
)

// zoneFigures are what the metrics say of a zone. If several server blocks have a zone,
// or two instances of one during a reload, it is the worst of what they know.
type zoneFigures struct {
	status  status
	known   [sources]bool
	ages    [sources]time.Duration
	heard   [sources]bool
	serials [sources]uint32 // the newest by source; that of backend is our oldest
	up      map[string]bool // by the reference's address, of those that were asked
}

// figures returns those of all zones that are watched, by zone.
func figures() map[string]*zoneFigures {
	live.Lock()
	instances := slices.Clone(live.instances)
	live.Unlock()

	all := make(map[string]*zoneFigures)
	for _, s := range instances {
		for _, z := range s.zones {
			f := all[z.name]
			if f == nil {
				f = &zoneFigures{status: fresh, up: make(map[string]bool)}
				all[z.name] = f
			}
			v := z.verdict.Load()
			f.status = worse(f.status, v.status)
			for source, finding := range v.findings {
				if finding.known {
					f.known[source] = true
					f.ages[source] = max(f.ages[source], finding.age)
				}
			}
			z.mu.Lock()
			f.add(&z.history)
			z.mu.Unlock()
		}
	}
	return all
}

func (f *zoneFigures) add(h *history) {
	if h.own.loaded && (!f.heard[backend] || newerSerial(f.serials[backend], h.own.serial)) {
		f.heard[backend], f.serials[backend] = true, h.own.serial
	}
	for i := range h.references {
		r := &h.references[i]
		if r.asked {
			before, known := f.up[r.address]
			f.up[r.address] = r.up() && (before || !known)
		}
		if r.heard && (!f.heard[r.source] || newerSerial(r.serial, f.serials[r.source])) {
			f.heard[r.source], f.serials[r.source] = true, r.serial
		}
	}
}

// worse orders what an operator has to know: stale, then unknown, then fresh.
func worse(a, b status) status {
	if a == stale || b == stale {
		return stale
	}
	if a == unknown || b == unknown {
		return unknown
	}
	return fresh
}
