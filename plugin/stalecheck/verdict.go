package stalecheck

import (
	"slices"
	"time"
)

type status int

const (
	unknown status = iota
	fresh
	stale
	statuses
)

var statusNames = [statuses]string{"unknown", "fresh", "stale"}

func (s status) String() string { return statusNames[s] }

// reason says what of a source made a zone stale or left it unknown.
type reason string

const (
	// A source with one of these knows the age.
	behind   reason = "behind"   // a reference has shown a newer serial
	reset    reason = "reset"    // ours is above that of every primary: it would never transfer again
	expired  reason = "expired"  // no primary has answered for longer than SOA EXPIRE
	old      reason = "old"      // the time in the heartbeat or in the serial
	unserved reason = "unserved" // the backend has stopped to serve the zone

	// A source with one of these does not.
	clock        reason = "clock"             // a time in the future
	noHeartbeat  reason = "no heartbeat"      // no TXT or CNAME record
	badHeartbeat reason = "bad heartbeat"     // a TXT record that holds no time
	badSerial    reason = "no date"           // a serial that is no date
	noAnswer     reason = "no answer"         // no reference gave a usable one
	undefined    reason = "incomparable"      // 2^31 apart (RFC 1982 section 3.2)
	notLoaded    reason = "no serial of ours" // the backend has not served the zone yet
	lost         reason = "our serial cannot be read"
	onlySelf     reason = "no server but this one"
	notAsked     reason = "not asked yet"
)

// verdict is what all sources say of a zone together. It is not changed once made.
type verdict struct {
	status   status
	source   source // of age, unless the status is unknown
	age      time.Duration
	why      reason
	text     string
	findings [sources]finding
	judged   time.Time
	due      time.Duration // the shortest of the findings; 0 if there is none

	// newerElsewhere: a primary or peer that answers now has a newer serial, so that
	// somebody else can answer in our place.
	newerElsewhere bool
	refusal        refusal
}

// refusal is whether the backend serves the zone.
type refusal int

const (
	served refusal = iota
	neverLoaded
	stopped // it was served, and is no more: expired
)

// rules are what the Corefile says of all zones of a stanza.
type rules struct {
	maxAge time.Duration
	asks   [sources]bool
	format serialFormat
}

// judge decides on a zone by what was seen of it until now. Any source that knows it to
// be too old makes it stale; it is unknown if no source can tell.
func (p *rules) judge(h *history, now time.Time) *verdict {
	v := &verdict{judged: now, refusal: h.refusal(), newerElsewhere: h.newerElsewhere()}
	v.findings = [sources]finding{
		primary:   p.judgeReferences(h, primary, now),
		peers:     p.judgeReferences(h, peers, now),
		heartbeat: p.judgeHeartbeat(h, now),
		serial:    p.judgeSerial(h, now),
		backend:   p.judgeBackend(h, now),
	}
	for s := range sources {
		f := v.findings[s]
		if !p.asks[s] && s != backend {
			v.findings[s] = finding{}
			continue
		}
		if f.due > 0 && (v.due == 0 || f.due < v.due) {
			v.due = f.due
		}
		is := unknown
		switch {
		case f.stale:
			is = stale
		case f.known:
			is = fresh
		}
		if is > v.status || (is == v.status && f.age > v.age) {
			v.status, v.source, v.age, v.why, v.text = is, s, f.age, f.why, f.text
		}
	}
	if v.status == fresh && v.refusal != served {
		// However new the zone is, there are no answers of it to be fresh.
		v.status, v.source, v.age, v.why = unknown, 0, 0, ""
	}
	if v.status == unknown {
		v.text = p.whyUnknown(v, h)
	}
	return v
}

func (h *history) refusal() refusal {
	switch {
	case h.own.failure != servfail:
		return served
	case h.own.loaded:
		return stopped
	}
	return neverLoaded
}

func (h *history) newerElsewhere() bool {
	if !h.own.loaded || h.own.mute() {
		return false // nobody knows what ours is now
	}
	return slices.ContainsFunc(h.references, func(r reference) bool { return r.up() && newerSerial(r.serial, h.own.serial) })
}

// whyUnknown names each source that cannot tell and why.
func (p *rules) whyUnknown(v *verdict, h *history) string {
	text := ""
	for s := range sources {
		if p.asks[s] && !v.findings[s].known {
			if text != "" {
				text += "; "
			}
			text += s.String() + ": " + string(v.findings[s].why)
			if v.findings[s].why == noAnswer {
				text += h.failures(s)
			}
		}
	}
	if h.own.failure != "" {
		if text != "" {
			text += "; "
		}
		text += "backend: " + string(h.own.failure)
	}
	return text
}

func (h *history) failures(of source) string {
	text := ""
	for i := range h.references {
		if r := &h.references[i]; r.source == of && r.failure != "" {
			text += " (" + r.address + ": " + string(r.failure) + ")"
		}
	}
	return text
}
