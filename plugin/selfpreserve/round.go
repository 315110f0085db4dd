package selfpreserve

import (
	"fmt"
	"hash/fnv"
	"slices"
	"time"
)

// round is one try to get enough promises.
type round struct {
	open     bool
	until    time.Duration
	left     []string      // addresses that are not asked yet
	due      time.Duration // when the next may begin
	failures int           // rounds in a row
}

func (m *machine) minPeers() int { return m.set.minPeers.of(m.known) }

// stay is whether promises are as many as have to stay.
func (m *machine) stay(promises []held) bool { return len(promises) >= m.minPeers() }

// enough is whether they also have the capacity that this server's load needs. Once it
// is aside its load has gone to them.
func (m *machine) enough(promises []held) bool {
	capacity := 0
	for _, h := range promises {
		capacity += h.capacity
	}
	return m.stay(promises) && (m.set.capacity == 0 || m.state == Aside || capacity >= m.load)
}

// lasting are the promises held that have been renewed when they should.
func (m *machine) lasting() []held {
	return slices.DeleteFunc(slices.Clone(m.held), func(h held) bool { return h.ending })
}

// lacks is whether others have to be asked, to get or to go on holding enough.
func (m *machine) lacks() bool { return !m.enough(m.lasting()) }

// ask goes on with a round, or begins one when it is due.
func (m *machine) ask() {
	if len(m.given) > 0 || m.now < m.free {
		m.dropRound()
		return
	}
	m.goOn(m.dropRound)
}

// keep keeps enough promises while the server is aside.
func (m *machine) keep() {
	for i := range m.held {
		h := &m.held[i]
		if h.renew <= m.now && !m.awaits(h.number) {
			h.renew = m.now + renewal(h.lifetime)/2 // sooner, should this one fail
			m.send(h.address, h.number, true)
		}
	}
	if m.lacks() {
		m.goOn(m.closeRound)
	} else {
		m.closeRound()
		m.dropSurplus()
	}
}

// goOn asks as many peers as are still needed, a few at a time. A round that cannot get
// enough is given up, and the next waits.
func (m *machine) goOn(giveUp func()) {
	if !m.round.open {
		if m.now < m.round.due || !m.set.peers {
			return
		}
		m.round.open, m.round.until, m.round.left = true, m.now+m.set.roundTime(), nil
		for _, p := range m.peers {
			if !slices.ContainsFunc(m.held, func(h held) bool { return h.address == p.Address }) {
				m.round.left = append(m.round.left, p.Address)
			}
		}
		// Who needs many may ask many: else what a round costs would grow with the fleet.
		m.round.left = m.round.left[:min(len(m.round.left), max(atOnce, 2*m.minPeers()))]
		if len(m.peers) == 0 {
			m.refusal = "nobody else to ask"
		}
	}
	asked := 0
	for _, p := range m.pending {
		if !p.renew {
			asked++
		}
	}
	wanted := max(1, m.minPeers()-len(m.lasting())) + spare
	for ; asked < min(wanted, atOnce) && len(m.round.left) > 0; asked++ {
		m.number++
		m.send(m.round.left[0], m.number, false)
		m.round.left = m.round.left[1:]
	}
	if asked == 0 || m.now >= m.round.until {
		m.do(departure{m.cause(), refused})
		m.round.failures = min(m.round.failures+1, maxFailures)
		m.round.due = m.now + m.backoff()
		giveUp()
	}
}

// closeRound ends a round and keeps what it got. What is still asked for is not needed.
func (m *machine) closeRound() {
	m.round.open = false
	m.pending = slices.DeleteFunc(m.pending, func(p pending) bool {
		if !p.renew {
			m.do(letGo{p.address, p.number})
		}
		return !p.renew
	})
	if m.state == Asking {
		m.dropSurplus()
	}
}

// dropRound ends a round and releases all that is held.
func (m *machine) dropRound() {
	m.closeRound()
	for _, h := range m.held {
		m.do(letGo{h.address, h.number})
	}
	m.held, m.pending = nil, nil
}

// dropSurplus releases the promises that are not needed: first those that are ending,
// then those of the least capacity. Who is aside goes on leaning on all that its load
// has gone to.
func (m *machine) dropSurplus() {
	slices.SortStableFunc(m.held, func(a, b held) int {
		switch {
		case a.ending != b.ending && a.ending:
			return 1
		case a.ending != b.ending:
			return -1
		}
		return b.capacity - a.capacity
	})
	for n := len(m.held) - 1; n >= 0 && m.enough(m.held[:n]) && (m.state != Aside || m.held[n].ending); n-- {
		m.do(letGo{m.held[n].address, m.held[n].number})
		m.held = m.held[:n]
	}
}

// maxFailures is where the pause between rounds stops to double: at two intervals.
const maxFailures = 4

// backoff is the pause after a round that failed, from a quarter of an interval to two
// intervals, and up to half of it less: by the server's id, so that two differ.
func (m *machine) backoff() time.Duration {
	pause := m.set.interval / 8 << m.round.failures
	h := fnv.New32a()
	fmt.Fprint(h, m.id, m.round.failures)
	return pause - pause/2*time.Duration(h.Sum32()%256)/256
}
