package verdict

import (
	"slices"
	"time"
)

// sighting is when a serial was first seen, anywhere, and when somebody last stood by it.
type sighting struct {
	serial uint32
	first  time.Time
	last   time.Time
	gone   bool // nobody stands by it; who goes past it now has other data
}

// maxSightings bounds what a zone remembers of a reference that moves ahead round after
// round. What is forgotten makes the age after a partial catch-up too small, by at most
// the time between two sightings that are left: about a thirtieth of the whole.
const maxSightings = 64

func (h *History) see(serial uint32, now time.Time) {
	if i := slices.IndexFunc(h.sightings, func(s sighting) bool { return s.serial == serial }); i >= 0 {
		h.sightings[i].gone = false
		return
	}
	h.sightings = append(h.sightings, sighting{serial: serial, first: now, last: now})
	if len(h.sightings) > maxSightings {
		h.forgetOne()
	}
}

// forgetOne drops the sighting that leaves the smallest gap in time. The oldest and the
// newest stay.
func (h *History) forgetOne() {
	drop, smallest := 1, time.Duration(0)
	for i := 1; i < len(h.sightings)-1; i++ {
		if gap := h.sightings[i+1].first.Sub(h.sightings[i-1].first); i == 1 || gap < smallest {
			drop, smallest = i, gap
		}
	}
	h.sightings = slices.Delete(h.sightings, drop, drop+1)
}

// settle drops sightings that say nothing any more: those that we have caught up with,
// and those that no reference has stood by for twice max_age. One that goes back to an
// older serial and returns to this one, as several servers behind one address do, does
// not begin anew.
func (h *History) settle(now time.Time) {
	heard := slices.ContainsFunc(h.references, func(r reference) bool { return r.Heard })
	for i := range h.sightings {
		s := &h.sightings[i]
		switch stands := slices.ContainsFunc(h.references, func(r reference) bool { return r.standsBy(s.serial) }); {
		case stands && !s.gone:
			s.last = now
		case !stands:
			s.gone = heard // else a reload has brought other references
		}
	}
	h.sightings = slices.DeleteFunc(h.sightings, func(s sighting) bool {
		return (h.own.known && !NewerSerial(s.serial, h.own.serial)) || now.Sub(s.last) > 2*h.rules.MaxAge
	})
	switch {
	case !h.own.known: // as after a reload, which does not end it
	case !h.abovePrimaries():
		h.aboveSince = time.Time{}
	case h.aboveSince.IsZero():
		h.aboveSince = now
	}
}

// standsBy reports whether the reference has serial or has gone past it. One that is
// down stands by what it said last: its silence has cured nothing.
func (r *reference) standsBy(serial uint32) bool {
	return r.Heard && (r.Serial == serial || NewerSerial(r.Serial, serial))
}

// abovePrimaries reports whether ours is newer than what every primary said last. What
// one said before ours was what it is does not count: ours may have come from it.
func (h *History) abovePrimaries() bool {
	heard := false
	for i := range h.references {
		if r := &h.references[i]; r.Source == Primary && r.Heard {
			heard = NewerSerial(h.own.serial, r.Serial) && !r.answered.Before(h.own.serialSince)
			if !heard {
				return false
			}
		}
	}
	return heard
}

// firstNewer returns when the oldest serial newer than ours that a reference of a source
// has, or has gone past, was first seen by anybody (RSSAC047 section 5.4).
func (h *History) firstNewer(of Source) (first time.Time, ok bool) {
	for _, s := range h.sightings { // all newer than ours, see settle
		for i := range h.references {
			if r := &h.references[i]; r.Source == of && !s.gone && r.standsBy(s.serial) {
				return s.first, true
			}
		}
	}
	return time.Time{}, false
}
