package selfpreserve

import (
	"slices"
	"time"
)

// expire drops what has ended: a promise given, held, or asked for.
func (m *machine) expire() {
	m.given = slices.DeleteFunc(m.given, func(g given) bool { return g.until <= m.now })
	m.held = slices.DeleteFunc(m.held, func(h held) bool { return h.until <= m.now })
	for i := 0; i < len(m.pending); {
		if p := m.pending[i]; p.at+m.set.patience() <= m.now {
			m.unanswered(failed{sent: p.sent, why: "no reply"})
			continue
		}
		i++
	}
}

// wake is when a tick is due at the latest, and false if nothing awaits one.
func (m *machine) wake() (time.Duration, bool) {
	var at []time.Duration
	if m.state == Asking && m.terminating {
		at = append(at, m.deadline)
	}
	if m.state == Asking && len(m.given) == 0 && m.set.peers && !m.round.open {
		at = append(at, max(m.round.due, m.free))
	}
	if m.state == Starting && m.able && !m.fit {
		at = append(at, m.ableFrom+m.set.promise)
	}
	if m.round.open {
		at = append(at, m.round.until)
	}
	for _, g := range m.given {
		at = append(at, g.until)
	}
	for _, h := range m.held {
		at = append(at, h.until)
		if m.state == Aside && !m.awaits(h.number) {
			at = append(at, h.renew)
		}
	}
	for _, p := range m.pending {
		at = append(at, p.at+m.set.patience())
	}
	if m.state == Aside && m.lacks() && !m.round.open {
		at = append(at, m.round.due)
	}
	if len(at) == 0 {
		return 0, false
	}
	return slices.Min(at), true
}
