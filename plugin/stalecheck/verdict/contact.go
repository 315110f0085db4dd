package verdict

import (
	"fmt"
	"time"
)

// contact is when this server was last in contact with where the zone comes from, by what its
// primaries answered. A primary that is itself a secondary may have lost its own: the EXPIRE
// option tells how long its copy still lasts (RFC 7314 section 3.2), and ours lasts no longer.
type contact struct {
	firstAsked time.Time // while none has answered, the zone lasts from here
	answered   time.Time // when a primary last gave a usable answer

	plain   time.Time     // when one last did so without the option: the zone lasts from here
	toldAt  time.Time     // when one said
	toldFor time.Duration // that its copy lasts so long: that of them which ends last
}

// note takes what a primary answered.
func (c *contact) note(a Answer, failure Failure, own *own, now time.Time) {
	if c.firstAsked.IsZero() {
		c.firstAsked = now
	}
	if failure != "" {
		return
	}
	c.answered = now
	if !a.TellsExpire {
		c.plain = now
		return
	}
	lasts := time.Duration(a.Expire) * time.Second
	if own.known {
		// No copy lasts longer than a new one. The option has 32 bits: some 136 years.
		lasts = min(lasts, own.lasts())
	}
	// The later of the two, as in RFC 7314 section 4: one that is older takes nothing away.
	if c.toldAt.IsZero() || now.Add(lasts).After(c.toldAt.Add(c.toldFor)) {
		c.toldAt, c.toldFor = now, lasts
	}
}

// asked reports whether there is anything to tell.
func (c *contact) asked() bool { return !c.firstAsked.IsZero() }

// last is when a primary last gave a usable answer or, if none has, was first asked.
func (c *contact) last() time.Time {
	if c.answered.IsZero() {
		return c.firstAsked
	}
	return c.answered
}

// since returns when the zone was last as good as transferred from its source, if a copy of it
// lasts so long, and whether a primary that is itself a secondary has answered since, without it.
func (c *contact) since(lasts time.Duration) (at time.Time, told bool) {
	switch {
	case c.answered.IsZero():
		return c.firstAsked, false
	case c.toldAt.IsZero():
		return c.plain, false
	}
	at = c.toldAt.Add(min(c.toldFor, lasts) - lasts)
	if c.plain.After(at) {
		return c.plain, false
	}
	return at, c.answered.After(at)
}

func (c *contact) rewind(earlier func(*time.Time)) {
	for _, t := range []*time.Time{&c.firstAsked, &c.answered, &c.plain, &c.toldAt} {
		earlier(t)
	}
}

// lasts is how long a copy of the zone lasts without contact: EXPIRE of its SOA record.
func (o *own) lasts() time.Duration { return time.Duration(o.expire) * time.Second }

// ExpiresIn returns how long it is at now until the zone expires by the EXPIRE of its SOA, or
// of RFC 7314, if no primary answers till then; below zero, since when it should have. It is
// false if nobody can tell: there is no primary, none was asked, or the zone is not ours.
func (h *History) ExpiresIn(now time.Time) (time.Duration, bool) {
	if !h.contact.asked() || !h.own.known {
		return 0, false
	}
	since, _ := h.contact.since(h.own.lasts())
	return h.own.lasts() - now.Sub(since), true
}

// judgeExpiry judges whether the zone has expired, while no primary answers.
func (h *History) judgeExpiry(now time.Time) Finding {
	since, told := h.contact.since(h.own.lasts())
	age := now.Sub(since)
	text := "zone expired, no primary answered for %s"
	if told {
		text = "zone expired, its source was last reached %s ago"
	}
	// With an EXPIRE below max_age, a zone would expire by one lost datagram.
	return aged(age, max(h.own.lasts(), h.rules.MaxAge), Expired, fmt.Sprintf(text, seconds(age)))
}
