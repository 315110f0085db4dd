package verdict

import (
	"slices"
	"time"
)

// History is what has been seen of a zone. Only its Observe methods, each with the time of
// the observation, and Inherit change it. It is not safe for concurrent use.
type History struct {
	rules      Rules
	references []reference
	sightings  []sighting // of serials newer than ours, oldest first
	aboveSince time.Time  // when ours came to be above every primary's; zero while it is not
	contact    contact
	own        own
	heartbeat  heartbeat
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
	Heard   bool    // there has been a usable answer
	Serial  uint32  // of the last usable answer
}

// Up reports whether the last answer was usable.
func (r *Report) Up() bool { return r.Asked && r.Failure == "" }

type reference struct {
	Reference
	Report
	heardAt time.Time // when it gave Serial
}

// own is what this server's backend says of the zone.
type own struct {
	failure      Failure   // of the last answer; "" if the zone was served
	failingSince time.Time // the first of the failures in a row
	known        bool      // the zone is ours: serial and expire are known
	serial       uint32
	serialSince  time.Time
	expire       uint32 // SOA EXPIRE in seconds
}

// unanswered reports whether the last query got no answer. Then the answer before counts.
func (o *own) unanswered() bool {
	return o.failure == Timeout || o.failure == Malformed || o.failure == Panicked
}

// heartbeat is what was read last.
type heartbeat struct {
	asked  bool
	at     time.Time
	reason Reason // "" if at is the time in it
}

// New returns the history of a zone of which nothing has been seen yet.
func New(rules Rules, references []Reference) *History {
	h := &History{rules: rules, references: make([]reference, len(references))}
	for i, r := range references {
		h.references[i].Reference = r
	}
	return h
}

// Report returns what reference i of those given to New has said.
func (h *History) Report(i int) Report { return h.references[i].Report }

// LastSuccess returns when reference i of those given to New last gave a usable answer, and
// false if it never has.
func (h *History) LastSuccess(i int) (time.Time, bool) {
	return h.references[i].heardAt, h.references[i].Heard
}

// Own returns our own serial: the backend's when it last served the zone.
func (h *History) Own() (serial uint32, known bool) { return h.own.serial, h.own.known }

// Answer is what a reference says about the zone.
type Answer struct {
	Serial      uint32
	TellsExpire bool   // it has the EXPIRE option of RFC 7314
	Expire      uint32 // if so: in how many seconds the reference's own copy expires
}

// ObserveReference takes what reference i answered, its serial alone, or why that is not known.
func (h *History) ObserveReference(i int, serial uint32, failure Failure, now time.Time) {
	h.ObserveAnswer(i, Answer{Serial: serial}, failure, now)
}

// ObserveAnswer takes what reference i answered, or why that is unusable.
func (h *History) ObserveAnswer(i int, a Answer, failure Failure, now time.Time) {
	h.rewind(now)
	r := &h.references[i]
	r.Asked, r.Failure = true, failure
	if failure == "" {
		r.Heard, r.Serial, r.heardAt = true, a.Serial, now
		h.see(a.Serial, now)
	}
	if r.Source == Primary {
		h.contact.note(a, failure, &h.own, now)
	}
	h.settle(now)
}

// ObserveOwn takes what this server's backend answered: serial and SOA EXPIRE in seconds, or
// why they are not known.
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
	case failure != ServFail && !h.own.unanswered(): // with these it may still be as it was
		h.own.known = false // it is not configured, or no longer: taken out of a catalog
	}
	h.settle(now)
}

// ObserveHeartbeat takes the time in the heartbeat, or why it is not known.
func (h *History) ObserveHeartbeat(at time.Time, reason Reason, now time.Time) {
	h.rewind(now)
	h.heartbeat = heartbeat{asked: true, at: at, reason: reason}
}

// rewind keeps ages right when the clock has gone back, as it may without a monotonic
// reading. What seems to have been seen later than now was seen now at the latest.
func (h *History) rewind(now time.Time) {
	earlier := func(t *time.Time) {
		if t.After(now) {
			*t = now
		}
	}
	earlier(&h.aboveSince)
	h.contact.rewind(earlier)
	earlier(&h.own.serialSince)
	earlier(&h.own.failingSince)
	for i := range h.references {
		earlier(&h.references[i].heardAt)
	}
	for i := range h.sightings {
		earlier(&h.sightings[i].first)
	}
}

// Inherit takes over what the history from before a reload has of the references that are
// still asked, and since when our own serial has been what it is. That the zone is served
// it does not take over: the backend is new.
func (h *History) Inherit(before *History) {
	h.aboveSince, h.contact = before.aboveSince, before.contact
	h.own.serial, h.own.serialSince = before.own.serial, before.own.serialSince
	h.sightings = slices.Clone(before.sightings)
	for i := range h.references {
		r := &h.references[i]
		for _, was := range before.references {
			if was.Address == r.Address && !r.Self {
				r.Report, r.heardAt = was.Report, was.heardAt
			}
		}
	}
}
