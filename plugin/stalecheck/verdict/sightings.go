package verdict

import (
	"slices"
	"time"
)

// sighting is when a serial was first seen, at any reference, and when one last stood by it.
type sighting struct {
	serial    uint32
	first     time.Time
	last      time.Time
	takenBack bool // no reference stands by it: one that goes past it now has other data
}

// maxSightings bounds what is remembered of a reference that moves ahead round after round.
// What is forgotten makes the age after a partial catch-up too small, by at most the time
// between two sightings that are left: about a thirtieth of the whole.
const maxSightings = 64

func (h *History) see(serial uint32, now time.Time) {
	if i := slices.IndexFunc(h.sightings, func(s sighting) bool { return s.serial == serial }); i >= 0 {
		h.sightings[i].takenBack = false
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

// settle drops the sightings that we have caught up with, and those that no reference has
// stood by for twice max_age. Within that time a reference that goes back to an older serial
// and returns, as several servers behind one address do, does not make the age start anew.
// It also notes since when ours is above every primary's.
func (h *History) settle(now time.Time) {
	heard := slices.ContainsFunc(h.references, func(r reference) bool { return r.Heard })
	for i := range h.sightings {
		s := &h.sightings[i]
		switch stands := slices.ContainsFunc(h.references, func(r reference) bool { return r.standsBy(s.serial) }); {
		case stands && !s.takenBack:
			s.last = now
		case !stands:
			s.takenBack = heard // else they are new, from a reload
		}
	}
	h.sightings = slices.DeleteFunc(h.sightings, func(s sighting) bool {
		return (h.own.known && !NewerSerial(s.serial, h.own.serial)) || now.Sub(s.last) > 2*h.rules.MaxAge
	})
	switch {
	case !h.own.known: // as after a reload, which leaves it as it was
	case !h.abovePrimaries():
		h.aboveSince = time.Time{}
	case h.aboveSince.IsZero():
		h.aboveSince = now
	}
}

// standsBy reports whether the reference has serial or has gone past it. One that is down
// stands by what it said last: its silence cures nothing.
func (r *reference) standsBy(serial uint32) bool {
	return r.Heard && (r.Serial == serial || NewerSerial(r.Serial, serial))
}

// abovePrimaries reports whether ours is newer than what every primary said last. A primary
// that was last heard before ours became what it is does not count: ours may be from it.
func (h *History) abovePrimaries() bool {
	heard := false
	for i := range h.references {
		if r := &h.references[i]; r.Source == Primary && r.Heard {
			heard = NewerSerial(h.own.serial, r.Serial) && !r.heardAt.Before(h.own.serialSince)
			if !heard {
				return false
			}
		}
	}
	return heard
}

// firstNewer returns when the oldest serial newer than ours that a reference of source
// stands by was first seen at any reference (RSSAC047 section 5.4).
func (h *History) firstNewer(source Source) (first time.Time, ok bool) {
	for _, s := range h.sightings { // all newer than ours, see settle
		for i := range h.references {
			if r := &h.references[i]; r.Source == source && !s.takenBack && r.standsBy(s.serial) {
				return s.first, true
			}
		}
	}
	return time.Time{}, false
}
