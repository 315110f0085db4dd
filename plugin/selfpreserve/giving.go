package selfpreserve

import (
	"slices"
	"time"
)

// Request asks for a promise to stay in service, or to renew one.
type Request struct {
	From     ID            // who asks
	Number   uint64        // of the promise; each that From asks for has a higher one
	Renew    bool          // of a promise that was given
	Lifetime time.Duration // asked for
	Load     int           // queries a second that would come from From
}

// Reply is the answer to a Request.
type Reply struct {
	From     ID
	Number   uint64
	Granted  bool
	Lifetime time.Duration // from the sending of the request, if granted
	Capacity int           // queries a second set aside for who asked
	Why      string        // not granted, for people
}

type (
	// request is one that has come.
	request struct{ Request }
	// release ends a promise given, for who asked for it.
	release struct {
		from   ID
		number uint64
	}
)

// given is a promise to stay: this server does not leave before its end.
type given struct {
	to     ID
	number uint64
	until  time.Duration
	load   int // set aside for to
}

// asker is one from whom requests have come.
type asker struct {
	id     ID
	number uint64 // the highest yet: what comes late or twice has ended
}

// answer decides on a request, and says so.
func (m *machine) answer(e request) {
	r := Reply{From: m.id, Number: e.Number}
	if r.Why = m.refuses(e); r.Why == "" {
		g := m.give(e) // perhaps before, by the settings before a reload
		r.Granted, r.Lifetime, r.Capacity = true, min(e.Lifetime, m.set.promise, g.until-m.now), g.load
	}
	m.do(answer{r})
}

// refuses returns why a request is not granted, or "".
func (m *machine) refuses(e request) string {
	i := m.find(e.From, e.Number)
	lifetime := min(e.Lifetime, m.set.promise)
	switch {
	case e.From == m.id:
		return "it is this server"
	case e.Lifetime <= 0:
		return "a promise of no time"
	case !m.set.peers: // it would leave without asking
		return "has no peers"
	case !m.state.inService():
		return "is " + m.state.String()
	case !m.fit || !m.sound:
		return "is not fit"
	case e.Renew && m.state == Asking:
		return "wants to leave itself"
	case e.Renew && i < 0:
		return "has no such promise"
	case i >= 0:
		return ""
	case e.Number <= m.highest(e.From):
		return "has ended that promise"
	case m.state == Asking && e.From > m.id:
		return "wants to leave itself"
	case m.terminating && m.deadline < m.now+lifetime:
		return "has to leave before that"
	case len(m.given) >= maxGiven:
		return "has given too many"
	}
	return ""
}

// give gives or renews a promise and returns it. Who gives while it asks drops its own
// round: it cannot leave now, and others may need whom it holds.
func (m *machine) give(e request) given {
	i := m.find(e.From, e.Number)
	if i < 0 {
		if m.state == Asking {
			m.dropRound()
			m.round.due = m.now // again as soon as nobody leans on it
		}
		m.used(e.From, e.Number)
		m.given = append(m.given, given{to: e.From, number: e.Number})
		i = len(m.given) - 1
	}
	g := &m.given[i]
	if e.Renew || g.until == 0 { // a request that comes twice prolongs nothing
		g.until = max(g.until, m.now+min(e.Lifetime, m.set.promise)) // a reload may have made it shorter
		g.load = 0
		g.load = max(0, min(e.Load, m.spareCapacity()))
	}
	return *g
}

// spareCapacity is what this server could answer beside its load and its promises.
func (m *machine) spareCapacity() int {
	free := m.set.capacity - m.load
	for _, g := range m.given {
		free -= g.load
	}
	return free
}

func (m *machine) released(e release) {
	m.used(e.from, e.number) // its request may still be on the way
	if i := m.find(e.from, e.number); i >= 0 {
		m.given = slices.Delete(m.given, i, i+1)
	}
}

// find returns the index of a promise given, or -1.
func (m *machine) find(to ID, number uint64) int {
	return slices.IndexFunc(m.given, func(g given) bool { return g.to == to && g.number == number })
}

// highest returns the highest number that id has used, as far as is known.
func (m *machine) highest(id ID) uint64 {
	if i := slices.IndexFunc(m.askers, func(a asker) bool { return a.id == id }); i >= 0 {
		return m.askers[i].number
	}
	return 0
}

// used remembers that id has used a number. Whose is not known any more could only bind
// this server for a lifetime once more.
func (m *machine) used(id ID, number uint64) {
	number = max(number, m.highest(id))
	m.askers = slices.DeleteFunc(m.askers, func(a asker) bool { return a.id == id })
	if len(m.askers) >= maxGiven {
		m.askers = m.askers[1:] // unheard for longest
	}
	m.askers = append(m.askers, asker{id: id, number: number})
}
