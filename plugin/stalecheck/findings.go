package stalecheck

import (
	"fmt"
	"time"
)

// finding is what one source says of a zone.
type finding struct {
	known bool
	age   time.Duration
	stale bool
	due   time.Duration // until it is stale, if nothing happens; 0 if it will not be
	why   reason
	text  string // for EXTRA-TEXT and the log
}

// aged is what a source says that knows the age of a zone which grows older and may be
// as old as limit.
func aged(age, limit time.Duration, why reason, text string) finding {
	f := finding{known: true, age: age, stale: age > limit, why: why, text: text}
	if !f.stale {
		f.due = limit - age + 1
	}
	return f
}

// summary is what the references of a source have answered.
type summary struct {
	others           bool // than this server itself
	asked, heard, up bool
	comparable       bool   // with ours, at least one that is up
	latest           uint32 // serial
}

func (h *history) summarise(of source) summary {
	var s summary
	for i := range h.references {
		r := &h.references[i]
		if r.source != of {
			continue
		}
		s.others = s.others || !r.self
		s.asked = s.asked || r.asked
		if !r.heard {
			continue
		}
		if !s.heard || newerSerial(r.serial, s.latest) {
			s.latest = r.serial
		}
		s.heard = true
		if r.up() {
			s.up = true
			s.comparable = s.comparable || !incomparable(r.serial, h.own.serial)
		}
	}
	return s
}

// judgeReferences compares our serial with those of the primaries, or of the peers.
func (p *rules) judgeReferences(h *history, of source, now time.Time) finding {
	s := h.summarise(of)
	switch {
	case !s.others:
		return finding{why: onlySelf}
	case !s.asked:
		return finding{why: notAsked}
	case !h.own.loaded:
		return finding{why: notLoaded}
	case h.own.lost(now, p.maxAge):
		return finding{why: lost}
	}
	f := p.compare(h, of, &s, now)
	if of != primary || s.up || h.silent.IsZero() {
		return f
	}
	// A zone whose EXPIRE is less than max_age would expire by a datagram that was lost.
	silence, limit := now.Sub(h.silent), max(time.Duration(h.own.expire)*time.Second, p.maxAge)
	expiry := aged(silence, limit, expired,
		fmt.Sprintf("zone expired, no primary answered for %s", seconds(silence)))
	switch {
	case expiry.stale:
		return expiry
	case !f.stale && (f.due == 0 || expiry.due < f.due):
		f.due = expiry.due
	}
	return f
}

func (p *rules) compare(h *history, of source, s *summary, now time.Time) finding {
	if first, ok := h.firstNewer(of); ok {
		age := now.Sub(first)
		return aged(age, p.maxAge, behind, fmt.Sprintf("%s behind, serial %d < %d", seconds(age), h.own.serial, s.latest))
	}
	if of == primary && !h.above.IsZero() {
		age := now.Sub(h.above)
		return aged(age, p.maxAge, reset, fmt.Sprintf("above the primary for %s, serial %d > %d", seconds(age), h.own.serial, s.latest))
	}
	switch {
	case !s.up:
		return finding{why: noAnswer}
	case !s.comparable:
		return finding{why: undefined}
	}
	return finding{known: true, why: behind}
}

// firstNewer returns when the oldest serial newer than ours that a reference of a source
// has, or has gone past, was first seen by anybody (RSSAC047 section 5.4).
func (h *history) firstNewer(of source) (first time.Time, ok bool) {
	for _, s := range h.sightings { // all newer than ours, see settle
		for i := range h.references {
			if r := &h.references[i]; r.source == of && !s.gone && r.standsBy(s.serial) {
				return s.first, true
			}
		}
	}
	return time.Time{}, false
}

func (p *rules) judgeHeartbeat(h *history, now time.Time) finding {
	switch {
	case !h.beat.asked:
		return finding{why: notAsked}
	case h.beat.why != "":
		return finding{why: h.beat.why}
	}
	return p.judgeTime(h.beat.at, clockTolerance, now, "heartbeat is %s old")
}

func (p *rules) judgeSerial(h *history, now time.Time) finding {
	switch {
	case !h.own.loaded:
		return finding{why: notLoaded}
	case h.own.lost(now, p.maxAge):
		return finding{why: lost}
	}
	at, tolerance, ok := p.format.readTime(h.own.serial)
	if !ok {
		return finding{why: badSerial}
	}
	return p.judgeTime(at, tolerance, now, fmt.Sprintf("serial %d is %%s old", h.own.serial))
}

func (p *rules) judgeTime(at time.Time, tolerance time.Duration, now time.Time, text string) finding {
	age, ahead := now.Sub(at), max(at.Sub(now), 0)
	f := aged(max(age, 0), p.maxAge, old, fmt.Sprintf(text, seconds(age)))
	if !f.stale {
		f.due += ahead
	}
	if ahead > tolerance {
		return finding{why: clock, due: f.due}
	}
	return f
}

// judgeBackend speaks up only of a zone that was served and is no more. The other
// sources cannot see it: a secondary of CoreDNS 1.15 that has expired answers SERVFAIL
// for ever when its primary returns with the same serial.
func (p *rules) judgeBackend(h *history, now time.Time) finding {
	if h.refusal() != stopped {
		return finding{}
	}
	age := now.Sub(h.own.failing)
	f := aged(age, p.maxAge, unserved, fmt.Sprintf("not served for %s", seconds(age)))
	if !f.stale {
		return finding{due: f.due}
	}
	return f
}

// seconds writes whole seconds, as a TTL counts.
func seconds(d time.Duration) string { return fmt.Sprintf("%ds", d/time.Second) }
