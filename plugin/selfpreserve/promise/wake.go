package promise

import (
	"slices"
	"time"
)

// expire drops what has ended: a promise given, held, or asked for.
func (m *Machine) expire() {
	m.given = slices.DeleteFunc(m.given, func(g given) bool { return g.until <= m.now })
	m.held = slices.DeleteFunc(m.held, func(h held) bool { return h.until <= m.now })
	for i := 0; i < len(m.pending); {
		if p := m.pending[i]; p.at+m.settings.Patience() <= m.now {
			Failed{Sent: p.sent, Why: "no reply"}.apply(m)
			continue
		}
		i++
	}
}

// Wake returns when the next Tick is due at the latest, and false if none is needed.
func (m *Machine) Wake() (time.Duration, bool) {
	var at []time.Duration
	if m.state == Asking && m.terminating {
		at = append(at, m.deadline)
	}
	if m.wantsToLeave() && !m.recovering() && len(m.given) == 0 && m.settings.HasPeers && !m.round.open {
		due := max(m.round.due, m.startupWait)
		if !m.terminating {
			due = max(due, m.steadyUntil())
		}
		at = append(at, due)
	}
	if steady := m.steadyUntil(); m.now < steady && m.state == Aside && m.fitness.Fit {
		at = append(at, steady)
	}
	if m.sickFromStart() && !m.asksFromOutside() {
		at = append(at, m.readyFor(m.settings.Lifetime))
	}
	if m.asksFromOutside() && !m.round.open {
		at = append(at, m.round.due)
	}
	if m.round.open {
		at = append(at, m.round.until)
	}
	for _, g := range m.given {
		at = append(at, g.until)
	}
	for _, h := range m.held {
		at = append(at, h.until)
		if m.state == Aside && !m.awaitsReply(h.number) {
			at = append(at, h.renew)
		}
	}
	for _, p := range m.pending {
		at = append(at, p.at+m.settings.Patience())
	}
	if m.state == Aside && m.needsMore() && !m.round.open && m.override.Kind != Leave {
		at = append(at, m.round.due)
	}
	if len(at) == 0 {
		return 0, false
	}
	return slices.Min(at), true
}
