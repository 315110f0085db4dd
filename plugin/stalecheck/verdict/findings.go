package verdict

import (
	"fmt"
	"time"
)

// Finding is what one source says about a zone.
type Finding struct {
	Known  bool // the source can tell the age
	Age    time.Duration
	Stale  bool
	Reason Reason
	Text   string        // the age and its reason, such as "95s behind, serial 1 < 2"
	due    time.Duration // until it is stale if nothing happens; 0 if it will not be
}

// aged is the finding of a source that can tell the age. The zone grows older with time, and
// is stale above limit.
func aged(age, limit time.Duration, reason Reason, text string) Finding {
	f := Finding{Known: true, Age: age, Stale: age > limit, Reason: reason, Text: text}
	if !f.Stale {
		f.due = limit - age + 1
	}
	return f
}

// summary is what the references of a source have answered: whether any of them did.
type summary struct {
	others           bool // there is one that is not this server itself
	asked, heard, up bool
	comparable       bool   // one that is up has a serial that compares with ours
	latest           uint32 // serial
}

func (h *History) summarise(source Source) summary {
	var s summary
	for i := range h.references {
		r := &h.references[i]
		if r.Source != source {
			continue
		}
		s.others = s.others || !r.Self
		s.asked = s.asked || r.Asked
		if !r.Heard {
			continue
		}
		if !s.heard || NewerSerial(r.Serial, s.latest) {
			s.latest = r.Serial
		}
		s.heard = true
		if r.Up() {
			s.up = true
			s.comparable = s.comparable || !incomparable(r.Serial, h.own.serial)
		}
	}
	return s
}

// judgeReferences compares our serial with those of the primaries, or of the peers. While
// no primary answers, it also judges whether the zone has expired.
func (h *History) judgeReferences(source Source, now time.Time) Finding {
	s := h.summarise(source)
	switch {
	case !s.others:
		return Finding{Reason: OnlySelf}
	case !s.asked:
		return Finding{Reason: NotAsked}
	case h.whyOwnUnknown(now) != "":
		return Finding{Reason: h.whyOwnUnknown(now)}
	}
	f := h.compareSerials(source, &s, now)
	if source != Primary || s.up || !h.contact.asked() {
		return f
	}
	switch expiry := h.judgeExpiry(now); {
	case expiry.Stale:
		return expiry
	case !f.Stale && (f.due == 0 || expiry.due < f.due):
		f.due = expiry.due
	}
	return f
}

func (h *History) compareSerials(source Source, s *summary, now time.Time) Finding {
	if first, ok := h.firstNewer(source); ok {
		age := now.Sub(first)
		return aged(age, h.rules.MaxAge, Behind, fmt.Sprintf("%s behind, serial %d < %d", seconds(age), h.own.serial, s.latest))
	}
	if source == Primary && !h.aboveSince.IsZero() {
		age := now.Sub(h.aboveSince)
		return aged(age, h.rules.MaxAge, Reset, fmt.Sprintf("above the primary for %s, serial %d > %d", seconds(age), h.own.serial, s.latest))
	}
	switch {
	case !s.up:
		return Finding{Reason: NoAnswer}
	case !s.comparable:
		return Finding{Reason: Incomparable}
	}
	return Finding{Known: true}
}

// whyOwnUnknown returns why nobody knows what our serial is, or "".
func (h *History) whyOwnUnknown(now time.Time) Reason {
	switch {
	case !h.own.known:
		return OwnUnknown
	case h.own.unanswered() && now.Sub(h.own.failingSince) > h.rules.MaxAge:
		return OwnUnreadable // it may have changed since
	}
	return ""
}

func (h *History) judgeHeartbeat(now time.Time) Finding {
	switch {
	case !h.heartbeat.asked:
		return Finding{Reason: NotAsked}
	case h.heartbeat.reason != "":
		return Finding{Reason: h.heartbeat.reason}
	}
	return h.judgeTime(h.heartbeat.at, clockTolerance, now, "heartbeat is %s old")
}

func (h *History) judgeSerial(now time.Time) Finding {
	if reason := h.whyOwnUnknown(now); reason != "" {
		return Finding{Reason: reason}
	}
	at, tolerance, ok := h.rules.SerialFormat.readTime(h.own.serial)
	if !ok {
		return Finding{Reason: NoDate}
	}
	return h.judgeTime(at, tolerance, now, fmt.Sprintf("serial %d is %%s old", h.own.serial))
}

func (h *History) judgeTime(at time.Time, tolerance time.Duration, now time.Time, text string) Finding {
	age, ahead := now.Sub(at), max(at.Sub(now), 0)
	f := aged(max(age, 0), h.rules.MaxAge, Old, fmt.Sprintf(text, seconds(age)))
	if !f.Stale {
		f.due += ahead
	}
	if ahead > tolerance {
		return Finding{Reason: Clock, due: f.due}
	}
	return f
}

// judgeBackend judges only a zone that was served and no longer is, which the other sources
// cannot see: an expired secondary of CoreDNS 1.15 answers SERVFAIL for ever if its primary
// returns with the same serial.
func (h *History) judgeBackend(now time.Time) Finding {
	if h.service() != NoLongerServed {
		return Finding{}
	}
	age := now.Sub(h.own.failingSince)
	f := aged(age, h.rules.MaxAge, Unserved, fmt.Sprintf("not served for %s", seconds(age)))
	if !f.Stale {
		return Finding{due: f.due}
	}
	return f
}

// seconds writes whole seconds, as a TTL counts.
func seconds(d time.Duration) string { return fmt.Sprintf("%ds", d/time.Second) }
