package verdict

import (
	"slices"
	"time"
)

// History is what has been seen of a zone. It is changed by its Observe methods, each
// with the time of the observation, and by Inherit. It is not safe for concurrent use.
type History struct {
	rules       Rules
	references  []reference
	sightings   []sighting // of serials newer than ours, oldest first
	aboveSince  time.Time  // since when ours is above every primary's; zero while it is not
	silentSince time.Time  // since when no primary has given a usable answer
	own         own
	beat        beat
}

// Reference is a server that is asked for its serial.
type Reference struct {
	Source  Source // Primary or Peers
	Address string
	Self    bool // it is this server, and is not asked
}

// Report is what a reference has said.
type Report struct {
	Asked   bool
	Failure Failure // of the last answer; "" if it was usable
	Heard   bool    // there was a usable answer
	Serial  uint32  // of the last usable answer
}

// Up reports whether the last answer was usable.
func (r *Report) Up() bool { return r.Asked && r.Failure == "" }

type reference struct {
	Reference
	Report
	answered time.Time // when it gave Serial
}

// own is what this server's backend says of the zone.
type own struct {
	failure      Failure   // of the last answer; "" if the zone is served
	failingSince time.Time // since when there have only been failures
	known        bool      // it has been served since this history began
	serial       uint32    // when it was last served
	serialSince  time.Time // since when it is that
	expire       uint32    // its SOA EXPIRE then, in seconds
}

// unreadable reports whether the backend has given no answer at all for longer than
// limit: nobody knows whether the serial that it gave before is still ours.
func (o *own) unreadable(now time.Time, limit time.Duration) bool {
	return o.unanswered() && now.Sub(o.failingSince) > limit
}

// unanswered reports whether the last query got no answer, so that the one before it
// counts.
func (o *own) unanswered() bool {
	return o.failure == Timeout || o.failure == Malformed || o.failure == Panicked
}

// beat is the last reading of the heartbeat.
type beat struct {
	asked  bool
	at     time.Time
	reason Reason // "" if at is the time in it
}

// New returns the history of a zone of which nothing has been seen.
func New(rules Rules, references []Reference) *History {
	h := &History{rules: rules, references: make([]reference, len(references))}
	for i, r := range references {
		h.references[i].Reference = r
	}
	return h
}

// Report returns what the reference of this index, as given to New, has said.
func (h *History) Report(i int) Report { return h.references[i].Report }

// Own returns the serial that the backend had when it last served the zone, if that is
// known.
func (h *History) Own() (serial uint32, known bool) { return h.own.serial, h.own.known }

// ObserveReference takes what the reference of this index answered: its serial, or why
// that is not known.
func (h *History) ObserveReference(i int, serial uint32, failure Failure, now time.Time) {
	h.rewind(now)
	r := &h.references[i]
	r.Asked, r.Failure = true, failure
	if failure == "" {
		r.Heard, r.Serial, r.answered = true, serial, now
		h.see(serial, now)
	}
	if r.Source == Primary && (failure == "" || h.silentSince.IsZero()) {
		h.silentSince = now
	}
	h.settle(now)
}

// ObserveOwn takes what the backend answered: serial and SOA EXPIRE in seconds, or why
// they are not known.
func (h *History) ObserveOwn(serial, expire uint32, failure Failure, now time.Time) {
	h.rewind(now)
	if h.own.failure == "" {
		h.own.failingSince = now
	}
	h.own.failure = failure
	switch {
	case failure == "":
		if h.own.serialSince.IsZero() || h.own.serial != serial {
			h.own.serialSince = now
		}
		h.own.known, h.own.serial, h.own.expire = true, serial, expire
	case failure != ServFail && !h.own.unanswered(): // else it is what it was when it was last served
		h.own.known = false // it is not ours: not configured, or taken out of a catalog
	}
	h.settle(now)
}

// ObserveHeartbeat takes the time in the heartbeat, or why it is not known.
func (h *History) ObserveHeartbeat(at time.Time, reason Reason, now time.Time) {
	h.rewind(now)
	h.beat = beat{asked: true, at: at, reason: reason}
}

// rewind keeps ages right when the clock has gone back, as one without a monotonic
// reading may: what was seen later than now was seen now at the latest.
func (h *History) rewind(now time.Time) {
	earlier := func(t *time.Time) {
		if t.After(now) {
			*t = now
		}
	}
	earlier(&h.aboveSince)
	earlier(&h.silentSince)
	earlier(&h.own.serialSince)
	earlier(&h.own.failingSince)
	for i := range h.references {
		earlier(&h.references[i].answered)
	}
	for i := range h.sightings {
		earlier(&h.sightings[i].first)
	}
}

// Inherit takes over what a history from before a reload has of the references that are
// still asked. Of our own serial it takes over since when it is that, but not that we
// have it: whoever reloads has a new backend.
func (h *History) Inherit(before *History) {
	h.aboveSince, h.silentSince = before.aboveSince, before.silentSince
	h.own.serial, h.own.serialSince = before.own.serial, before.own.serialSince
	h.sightings = slices.Clone(before.sightings)
	for i := range h.references {
		r := &h.references[i]
		for _, was := range before.references {
			if was.Address == r.Address && !r.Self {
				r.Report, r.answered = was.Report, was.answered
			}
		}
	}
}
