package promise

import (
	"slices"
	"time"
)

// round is one try to get enough promises.
type round struct {
	open     bool
	until    time.Duration
	toAsk    []string      // addresses
	due      time.Duration // when the next may begin
	failures int           // rounds in a row
	sick     int           // of those asked, how many say that they are sick too
	others   int           // and how many do not: they are well, or silent
}

// count counts what one of those that were asked says.
func (r *round) count(reply Reply) {
	switch reply.Why {
	case notFit, isA(Starting), isA(Aside):
		r.sick++
	default:
		r.others++
	}
}

// seekPromises goes on with a round, or begins one when it is due.
func (m *Machine) seekPromises() {
	if m.bound() {
		m.dropRound()
		return
	}
	m.continueRound(m.dropRound)
}

// keepPromises keeps enough of them while the server is aside.
func (m *Machine) keepPromises() {
	for i := range m.held {
		h := &m.held[i]
		if h.renew <= m.now && !m.awaitsReply(h.number) {
			h.renew = m.now + renewal(h.lifetime)/2 // sooner, should this one fail
			m.sendRequest(h.address, h.number, true)
		}
	}
	if m.needsMore() {
		m.continueRound(m.closeRound)
	} else {
		m.closeRound()
		m.dropSurplus()
	}
}

// continueRound asks as many peers as are still needed, a few at a time. A round that
// cannot get enough is given up, and the next waits.
func (m *Machine) continueRound(giveUp func()) {
	if !m.round.open {
		if m.now < m.round.due || !m.settings.HasPeers {
			return
		}
		m.openRound()
	}
	asked := 0
	for _, p := range m.pending {
		if !p.renew {
			asked++
		}
	}
	wanted := max(1, m.minPeers()-len(m.notLapsing())) + spare
	for ; asked < min(wanted, atOnce) && len(m.round.toAsk) > 0; asked++ {
		m.number++
		m.sendRequest(m.round.toAsk[0], m.number, false)
		m.round.toAsk = m.round.toAsk[1:]
	}
	if asked == 0 || m.now >= m.round.until {
		m.depart(Refused)
		m.round.failures = min(m.round.failures+1, maxFailures)
		m.yielded = false
		m.round.due = m.now + m.pause()
		giveUp()
	}
}

// openRound begins a round with the peers whose promise is not held yet. A server that needs
// many promises may ask many peers, but what a round costs must not grow with the fleet.
func (m *Machine) openRound() {
	m.round.open, m.round.until, m.round.toAsk = true, m.now+m.settings.roundTime(), nil
	m.round.sick, m.round.others = 0, 0
	var again []string // other addresses of servers that are asked already, should those fail
	ids := map[ID]bool{}
	for _, p := range m.peers {
		switch {
		case slices.ContainsFunc(m.held, func(h held) bool { return h.address == p.Address || h.giver == p.ID }):
		case p.ID != "" && ids[p.ID]:
			again = append(again, p.Address)
		default:
			ids[p.ID] = true
			m.round.toAsk = append(m.round.toAsk, p.Address)
		}
	}
	m.round.toAsk = append(m.round.toAsk, again...)
	m.round.toAsk = m.round.toAsk[:min(len(m.round.toAsk), max(atOnce, 2*m.minPeers()))]
	if len(m.peers) == 0 {
		m.refusal = "nobody else to ask"
	}
}

// closeRound ends a round and keeps what it got. What is still asked for is not needed.
func (m *Machine) closeRound() {
	m.round.open = false
	m.pending = slices.DeleteFunc(m.pending, func(p pending) bool {
		if !p.renew {
			m.want(Release{p.address, p.number})
		}
		return !p.renew
	})
	if m.state == Asking {
		m.dropSurplus()
	}
}

// dropRound ends a round and releases all that is held.
func (m *Machine) dropRound() {
	m.closeRound()
	for _, h := range m.held {
		m.want(Release{h.address, h.number})
	}
	m.held, m.pending = nil, nil
}

// dropSurplus releases the promises that are not needed: first those that are lapsing,
// then those of the least capacity. A server that is aside goes on leaning on all that its
// load has gone to.
func (m *Machine) dropSurplus() {
	slices.SortStableFunc(m.held, func(a, b held) int { return b.capacity - a.capacity })
	slices.SortStableFunc(m.held, func(a, b held) int { return a.rank() - b.rank() })
	for n := len(m.held) - 1; n >= 0 && m.suffice(m.held[:n]) && (m.state != Aside || m.held[n].lapsing); n-- {
		m.want(Release{m.held[n].address, m.held[n].number})
		m.held = m.held[:n]
	}
}

// maxFailures is where the pause between rounds stops to double: at two intervals.
const maxFailures = 4

// pause is that after a round that failed, from a quarter of an interval to two
// intervals, and up to half of it less so that two servers do not fall into step.
func (m *Machine) pause() time.Duration {
	pause := m.settings.Interval / 8 << m.round.failures
	return pause - time.Duration(m.jitter*float64(pause/2))
}
