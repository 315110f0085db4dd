package stalecheck

import (
	"slices"
	"time"
)

// source is where an age comes from.
type source int

const (
	primary source = iota
	peers
	heartbeat
	serial
	backend // no property names it: that a zone is served at all
	sources
)

var sourceNames = [sources]string{"primary", "peers", "heartbeat", "serial", "backend"}

func (s source) String() string { return sourceNames[s] }

// history is what has been seen of a zone. It is changed by the observe methods alone,
// each with the time of the observation; judge reads it.
type history struct {
	keep       time.Duration // for how long a sighting is kept that no reference stands by
	references []reference   // in the order of the Corefile, primaries first
	sightings  []sighting    // of serials newer than ours, oldest first
	above      time.Time     // since when ours is above every primary's; zero while it is not
	silent     time.Time     // since when no primary has given a usable answer
	own        own
	beat       beat
}

// reference is a server that is asked for its serial.
type reference struct {
	source   source // primary or peers
	address  string
	self     bool // it is this server, and is not asked
	asked    bool
	failure  failure // of the last answer; "" if it was usable
	heard    bool    // there was a usable answer
	serial   uint32  // of the last usable answer
	answered time.Time
}

func (r *reference) up() bool { return r.asked && r.failure == "" }

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

// own is what this server's backend says of the zone.
type own struct {
	failure failure   // of the last answer; "" if the zone is served
	failing time.Time // since when there have only been failures
	loaded  bool      // it is known: it has been served since this instance started
	serial  uint32    // when it was last served
	since   time.Time // since when it is that
	expire  uint32    // its SOA EXPIRE then, in seconds
}

// lost reports whether the backend has given no answer at all for longer than limit:
// nobody knows whether the serial that it gave before is still ours.
func (o *own) lost(now time.Time, limit time.Duration) bool {
	return o.mute() && now.Sub(o.failing) > limit
}

// mute reports whether the last query got no answer, so that the one before it counts.
func (o *own) mute() bool {
	return o.failure == timeout || o.failure == malformed || o.failure == panicked
}

// beat is the last reading of the heartbeat.
type beat struct {
	asked bool
	at    time.Time
	why   reason // "" if at is the time in it
}

// observeReference takes what references[i] answered: its serial, or why that is not
// known.
func (h *history) observeReference(i int, serial uint32, failed failure, now time.Time) {
	h.rewind(now)
	r := &h.references[i]
	r.asked, r.failure = true, failed
	if failed == "" {
		r.heard, r.serial, r.answered = true, serial, now
		h.see(serial, now)
	}
	if r.source == primary && (failed == "" || h.silent.IsZero()) {
		h.silent = now
	}
	h.settle(now)
}

// observeOwn takes what the backend answered.
func (h *history) observeOwn(serial, expire uint32, failed failure, now time.Time) {
	h.rewind(now)
	if h.own.failure == "" {
		h.own.failing = now
	}
	h.own.failure = failed
	switch {
	case failed == "":
		if h.own.since.IsZero() || h.own.serial != serial {
			h.own.since = now
		}
		h.own.loaded, h.own.serial, h.own.expire = true, serial, expire
	case failed != servfail && !h.own.mute(): // else it is what it was when it was last served
		h.own.loaded = false // it is not ours: not configured, or taken out of a catalog
	}
	h.settle(now)
}

// observeHeartbeat takes the time in the heartbeat, or why it is not known.
func (h *history) observeHeartbeat(at time.Time, why reason, now time.Time) {
	h.rewind(now)
	h.beat = beat{asked: true, at: at, why: why}
}

// rewind keeps ages right when the clock has gone back, as one without a monotonic
// reading may: what was seen later than now was seen now at the latest.
func (h *history) rewind(now time.Time) {
	earlier := func(t *time.Time) {
		if t.After(now) {
			*t = now
		}
	}
	earlier(&h.above)
	earlier(&h.silent)
	earlier(&h.own.since)
	earlier(&h.own.failing)
	for i := range h.references {
		earlier(&h.references[i].answered)
	}
	for i := range h.sightings {
		earlier(&h.sightings[i].first)
	}
}

func (h *history) see(serial uint32, now time.Time) {
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
func (h *history) forgetOne() {
	drop, smallest := 1, time.Duration(0)
	for i := 1; i < len(h.sightings)-1; i++ {
		if gap := h.sightings[i+1].first.Sub(h.sightings[i-1].first); i == 1 || gap < smallest {
			drop, smallest = i, gap
		}
	}
	h.sightings = slices.Delete(h.sightings, drop, drop+1)
}

// settle drops sightings that say nothing any more: those that we have caught up with,
// and those that no reference has stood by for a while. One that goes back to an older
// serial and returns to this one, as several servers behind one address do, does not
// begin anew.
func (h *history) settle(now time.Time) {
	heard := slices.ContainsFunc(h.references, func(r reference) bool { return r.heard })
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
		return (h.own.loaded && !newerSerial(s.serial, h.own.serial)) || now.Sub(s.last) > h.keep
	})
	switch {
	case !h.own.loaded: // as after a reload, which does not end it
	case !h.abovePrimaries():
		h.above = time.Time{}
	case h.above.IsZero():
		h.above = now
	}
}

// standsBy reports whether the reference has serial or has gone past it. One that is
// down stands by what it said last: its silence has cured nothing.
func (r *reference) standsBy(serial uint32) bool {
	return r.heard && (r.serial == serial || newerSerial(r.serial, serial))
}

// abovePrimaries reports whether ours is newer than what every primary said last. What
// one said before ours was what it is does not count: ours may have come from it.
func (h *history) abovePrimaries() bool {
	heard := false
	for i := range h.references {
		if r := &h.references[i]; r.source == primary && r.heard {
			heard = newerSerial(h.own.serial, r.serial) && !r.answered.Before(h.own.since)
			if !heard {
				return false
			}
		}
	}
	return heard
}
