package promise

import "time"

// Machine decides for one server whether it may leave service.
type Machine struct {
	id       ID
	settings Settings
	now      time.Duration

	state       State
	since       time.Duration // in that state
	fitness     Fitness       // by the last look
	readyFrom   time.Duration // since when every plugin has been ready, if they are
	readyOnce   bool          // every plugin was ready at once
	terminating bool          // SIGTERM has come
	override    Override      // by the operator
	deadline    time.Duration // then the server goes, come what may
	startupWait time.Duration // till then others may lean on what it promised before it restarted

	sickRounds int     // of asking while it starts, in a row, in which most others were sick
	peers      []Peer  // others, best first
	knownPeers int     // how many others, for a percentage
	jitter     float64 // of the pauses between rounds, from 0 to 1
	load       int     // queries a second of this server

	given   []given
	askers  []asker
	yielded bool // gave to a lower id while asking, and has not tried a round of its own since
	asking       // promises of others, and the round that is to get them

	steadiness // of a server that steps aside again and again

	actions []Action
}

// New makes the machine of a process that has just started.
func New(id ID, settings Settings) *Machine {
	return &Machine{id: id, settings: settings, startupWait: settings.Lifetime}
}

// Step is the transition function. It takes one event with the time since the process
// started, by a clock that never goes back, and returns what is to be done.
func (m *Machine) Step(now time.Duration, e Event) []Action {
	m.now = max(m.now, now)
	m.expire()
	e.apply(m)
	m.settle()
	actions := m.actions
	m.actions = nil
	return actions
}

func (m *Machine) want(a Action) { m.actions = append(m.actions, a) }

// settle goes from state to state until nothing follows from what is known.
func (m *Machine) settle() {
	for before := Leaving; before != m.state; {
		before = m.state
		switch m.state {
		case Starting:
			m.settleStarting()
		case Serving:
			if m.terminating || !m.fitness.Fit || m.override.Kind == Leave {
				m.refusal = "" // of the last time
				m.beginAsking()
			}
		case Asking:
			m.settleAsking()
		case Aside:
			m.settleAside()
		}
	}
}

func (m *Machine) enter(s State) { m.state, m.since = s, m.now }

func (m *Machine) beginAsking() {
	m.enter(Asking)
	m.round.due, m.round.failures = m.now, 0
	m.yielded = false
}

func (m *Machine) settleAsking() {
	stays := m.override.Kind == Stay
	switch {
	case m.override.Kind == Leave:
		m.stepOut()
	case m.terminating && !m.settings.HasPeers && len(m.given) == 0 && !stays: // alone by choice
		m.leave(Granted)
	case m.terminating && m.now >= m.deadline:
		m.leave(Forced)
	case !m.terminating && m.fitness.Fit:
		m.depart(Cancelled)
		m.dropRound()
		m.enter(Serving)
	case stays, m.recovering(), !m.terminating && m.now < m.steadyUntil():
		m.dropRound()
	case m.canLeave() && m.terminating:
		m.leave(Granted)
	case m.canLeave():
		m.depart(Granted)
		m.closeRound()
		m.enter(Aside)
		m.countAside(m.now)
	default:
		m.seekPromises()
	}
}

func (m *Machine) settleAside() {
	switch {
	case m.override.Kind == Leave && m.terminating:
		m.leave(Overridden)
	case m.override.Kind == Leave: // it leans on nobody
		m.dropRound()
	case m.terminating && m.canExitAside():
		m.leave(Granted)
	case m.fitness.Fit && (m.now >= m.steadyUntil() || m.needsMore()):
		m.dropRound()
		m.enter(Serving)
	case m.terminating, m.override.Kind == Stay, !m.canStayAside():
		m.dropRound()
		m.beginAsking()
	default:
		m.keepPromises()
	}
}

// leave ends the machine. It releases what it holds: this server is going, and whoever goes
// next needs promises of servers that are still there.
func (m *Machine) leave(o Outcome) {
	m.depart(o)
	m.dropRound()
	m.enter(Leaving)
}

// depart says what came of a try to leave.
func (m *Machine) depart(o Outcome) {
	d := Departure{Cause: m.cause(), Outcome: o, Observed: m.settings.Observe}
	if o == Granted {
		for _, h := range m.held {
			d.Promised = append(d.Promised, Peer{Address: h.address, ID: h.giver})
		}
	}
	m.want(d)
}

// cause is why this server would leave.
func (m *Machine) cause() Cause {
	switch {
	case m.terminating:
		return Termination
	case m.fitness.Fit && m.override.Kind == Leave:
		return Operator
	}
	return Unfit
}
