package promise

import (
	"slices"
	"time"
)

type (
	// Requested is a request that has come.
	Requested struct{ Request }
	// Released ends a promise given, for who asked for it.
	Released struct {
		From   ID
		Number uint64
	}
)

// given is a promise to stay: this server does not leave before its end.
type given struct {
	to     ID
	number uint64
	until  time.Duration
	load   int // set aside for to
}

// asker is a process from which requests have come.
type asker struct {
	id     ID
	number uint64 // the highest yet: what comes late or twice has ended
}

// apply decides on a request, and says so.
func (e Requested) apply(m *Machine) {
	reply := Reply{From: m.id, Number: e.Number}
	if e.Observe && !m.settings.Observe {
		m.want(Answer{m.wouldReply(e.Request, reply)})
		return
	}
	if e.From != m.id && !e.Renew {
		m.comeBack()
	}
	if reply.Why = m.whyNot(e.Request); reply.Why == "" {
		g := m.give(e.Request) // perhaps before, by the settings before a reload
		reply.Granted, reply.Lifetime, reply.Capacity = true, min(e.Lifetime, m.settings.Lifetime, g.until-m.now), g.load
	}
	m.want(Answer{reply})
}

// wouldReply completes the reply to one that only observes: what this server would say, and
// does not: who stays in service whatever is said must not keep others from leaving.
func (m *Machine) wouldReply(r Request, reply Reply) Reply {
	r.Renew = false // it cannot have it: nothing is given
	if reply.Why = m.whyNot(r); reply.Why == "" {
		reply.Granted, reply.Lifetime = true, min(r.Lifetime, m.settings.Lifetime)
		reply.Capacity = max(0, min(r.Load, m.spareCapacity()))
	}
	return reply
}

// notFit is what a server says that is sick itself, to whom it does not promise. It and isA are
// for people, and for a server that starts sick, too.
const notFit = "is not fit"

func isA(s State) string { return "is " + s.String() }

// whyNot returns why a request is not granted, or "".
func (m *Machine) whyNot(r Request) string {
	i := m.findGiven(r.From, r.Number)
	lifetime := min(r.Lifetime, m.settings.Lifetime)
	switch {
	case r.From == m.id:
		return "is this server"
	case r.Lifetime <= 0:
		return "was asked for a promise that lasts no time"
	case m.settings.Observe && !r.Observe: // its promise would not bind
		return "is observing only"
	case !m.settings.HasPeers: // it would leave without asking
		return "has no peers"
	case !m.state.InService():
		return isA(m.state)
	case !m.fitness.Fit || !m.fitness.AllPassed:
		return notFit
	case r.Renew && m.terminating: // one that is unfit does not get here
		return "wants to leave too"
	case r.Renew && i < 0:
		return "has no such promise"
	case i >= 0:
		return ""
	case r.Number <= m.highestNumber(r.From):
		return "has ended that promise"
	case m.wantsToLeave() && (r.From > m.id || m.yielded && m.now >= m.startupWait):
		return "wants to leave too"
	case m.terminating && m.deadline < m.now+lifetime:
		return "must leave before then"
	case len(m.given) >= maxGiven:
		return "has given too many promises"
	}
	return ""
}

// give gives or renews a promise and returns it. A server that gives while it asks drops its
// own round: it cannot leave now, and others may need the promises that it holds.
func (m *Machine) give(r Request) given {
	i := m.findGiven(r.From, r.Number)
	if i < 0 {
		if m.state == Asking {
			m.dropRound()
			m.round.due = m.now // again as soon as nobody leans on it
			m.yielded = true    // and then it is its turn: one that never gets enough would come first for ever
		}
		m.noteNumber(r.From, r.Number)
		m.given = append(m.given, given{to: r.From, number: r.Number})
		i = len(m.given) - 1
	}
	g := &m.given[i]
	if r.Renew || g.until == 0 { // a request that comes twice prolongs nothing
		g.until = max(g.until, m.now+min(r.Lifetime, m.settings.Lifetime)) // a reload may have made it shorter
		g.load = 0
		g.load = max(0, min(r.Load, m.spareCapacity()))
	}
	return *g
}

// spareCapacity is what this server could answer beside its load and its promises.
func (m *Machine) spareCapacity() int {
	spare := m.settings.Capacity - m.load
	for _, g := range m.given {
		spare -= g.load
	}
	return spare
}

func (e Released) apply(m *Machine) {
	m.noteNumber(e.From, e.Number) // its request may still be on the way
	if i := m.findGiven(e.From, e.Number); i >= 0 {
		m.given = slices.Delete(m.given, i, i+1)
	}
}

// findGiven returns the index of a promise given, or -1.
func (m *Machine) findGiven(to ID, number uint64) int {
	return slices.IndexFunc(m.given, func(g given) bool { return g.to == to && g.number == number })
}

// highestNumber returns the highest that id has used, as far as is known.
func (m *Machine) highestNumber(id ID) uint64 {
	if i := slices.IndexFunc(m.askers, func(a asker) bool { return a.id == id }); i >= 0 {
		return m.askers[i].number
	}
	return 0
}

// noteNumber remembers that id has used a number. An asker that is forgotten could only
// bind this server for a lifetime once more.
func (m *Machine) noteNumber(id ID, number uint64) {
	number = max(number, m.highestNumber(id))
	m.askers = slices.DeleteFunc(m.askers, func(a asker) bool { return a.id == id })
	if len(m.askers) >= maxGiven {
		m.askers = m.askers[1:] // unheard for longest
	}
	m.askers = append(m.askers, asker{id: id, number: number})
}
