package promise

import (
	"slices"
	"time"
)

func (m *Machine) settleStarting() {
	switch {
	case m.terminating: // it was never in service: there is nothing to preserve
		m.leave(Granted)
	case m.fitness.Fit && m.fitness.AllPassed && m.override.Kind != Leave:
		m.dropRound()
		m.enter(Serving)
	case !m.asksFromOutside():
		m.dropRound()
	case !m.settings.HasPeers, m.override.Kind == Stay:
		m.beginAsking()
	case m.suffice(m.held): // counted like one that steps aside, as its rounds in vain are
		m.depart(Granted)
		m.closeRound()
		m.enter(Aside)
	case m.now >= m.readyFor(m.settings.ColdStart):
		m.dropRound()
		m.enter(Asking)
	default:
		m.continueRound(m.giveUpOutside)
	}
}

// asksFromOutside is whether a server that starts asks peers to stay, so that it need not come
// into service sick: it has been as sick as this since its plugins got ready. If all are, as
// what they depend on is lost, staying out would leave nobody. But nobody misses it yet: till
// peers have replied it stays out.
func (m *Machine) asksFromOutside() bool {
	return m.sickFromStart() && m.now >= m.readyFor(m.settings.Lifetime)
}

// sickFromStart is whether a server that starts is unfit, and is not told to stay out.
func (m *Machine) sickFromStart() bool {
	return m.state == Starting && m.fitness.PluginsReady && !m.fitness.Fit && m.override.Kind != Leave
}

// readyFor is when plugins will have been ready for d.
func (m *Machine) readyFor(d time.Duration) time.Duration {
	if d > Never-m.readyFrom {
		return Never
	}
	return m.readyFrom + d
}

// sickRounds is how many rounds in a row have to find most of the others sick. One that is well
// may have failed a single look.
const sickRounds = 3

// giveUpOutside is that too few promise to a server that starts. If most that it asks say that
// they are sick too, it comes into service. If they are well, or silent, it cannot tell a
// fleet that is cold from a new Corefile that has broken its checks and its peers, with which
// a rollout must not go on. Other new servers with that Corefile may be all that reply.
func (m *Machine) giveUpOutside() {
	unanswered := len(slices.DeleteFunc(slices.Clone(m.pending), func(p pending) bool { return p.renew }))
	if m.sickRounds++; m.round.sick <= m.round.others+unanswered {
		m.sickRounds = 0
	}
	m.dropRound()
	if m.sickRounds >= sickRounds {
		m.enter(Asking)
	}
}
