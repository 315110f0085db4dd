package selfpreserve

import (
	"fmt"
	"time"
)

// ID names a process. It is random and made when the process starts, so that one that
// has restarted, and has forgotten what it promised, is another.
type ID string

// State is what a server is doing about its own place in service.
type State uint8

// The states; the table in the package comment says what leads from one to another.
const (
	Starting State = iota
	Serving
	Asking
	Aside
	Leaving
)

var stateNames = [...]string{"starting", "serving", "asking", "aside", "leaving"}

func (s State) String() string { return stateNames[s] }

// inService reports whether clients are sent to a server in state s.
func (s State) inService() bool { return s == Serving || s == Asking }

// machine decides for one server whether it may leave. It has no goroutine, clock,
// socket or log: step takes one event with the time since the process started, by a
// clock that never goes back, and returns what is to be done. The half that gives
// promises is in giving.go, the half that asks for them in asking.go.
type machine struct {
	id  ID
	set settings
	now time.Duration

	state       State
	fit         bool          // no check has failed three times in a row
	sound       bool          // no check failed when it was last made
	able        bool          // every plugin is ready: it answers what it can
	ableFrom    time.Duration // since when
	unfit       string        // why, for people
	terminating bool          // SIGTERM has come
	deadline    time.Duration // then the server goes, come what may
	free        time.Duration // by then what it promised before its start, if anything, has ended

	peers []Peer // others, best first
	known int    // how many others, for a percentage
	load  int    // queries a second of this server

	given  []given
	askers []asker
	asking // promises of others, and the round that is to get them

	actions []action
}

func newMachine(id ID, set settings) *machine {
	return &machine{id: id, set: set, free: set.promise}
}

// step is the transition function.
func (m *machine) step(now time.Duration, e event) []action {
	m.now, m.actions = max(m.now, now), nil
	m.expire()
	switch e := e.(type) {
	case fitness:
		if !m.able {
			m.ableFrom = m.now
		}
		m.fit, m.sound, m.able, m.unfit = e.fit, e.sound, e.able, e.why
	case peersSeen:
		m.peers, m.known = e.peers, e.known
		m.forgetRestarted()
	case loadSeen:
		m.load = e.qps
	case terminate:
		if !m.terminating {
			m.terminating, m.deadline = true, m.now+m.set.maxHold
			m.round.due, m.round.failures = m.now, 0
		}
	case reload:
		m.set = e.set
	case request:
		m.answer(e)
	case release:
		m.released(e)
	case reply:
		m.replied(e)
	case failed:
		m.unanswered(e)
	}
	m.settle()
	return m.actions
}

func (m *machine) do(a action) { m.actions = append(m.actions, a) }

// settle goes from state to state until nothing follows from what is known.
func (m *machine) settle() {
	for before := Leaving; before != m.state; {
		before = m.state
		switch m.state {
		case Starting:
			switch {
			case m.terminating: // it was never in service: there is nothing to preserve
				m.leave(granted)
			case m.fit && m.sound:
				m.state = Serving
			case m.able && !m.fit && m.now >= m.ableFrom+m.set.promise:
				// It is as sick as it was when its plugins got ready. If all are, because
				// what they depend on is lost, staying out would leave nobody: ask.
				m.begin()
			}
		case Serving:
			if m.terminating || !m.fit {
				m.refusal = "" // of the last time
				m.begin()
			}
		case Asking:
			m.settleAsking()
		case Aside:
			m.settleAside()
		}
	}
}

// begin begins to ask.
func (m *machine) begin() {
	m.state = Asking
	m.round.due, m.round.failures = m.now, 0
}

func (m *machine) settleAsking() {
	switch {
	case m.terminating && !m.set.peers && len(m.given) == 0: // alone by choice
		m.leave(granted)
	case m.terminating && m.now >= m.deadline:
		m.leave(forced)
	case !m.terminating && m.fit:
		m.do(departure{unfitness, cancelled})
		m.dropRound()
		m.state = Serving
	case m.mayLeave() && m.terminating:
		m.leave(granted)
	case m.mayLeave():
		m.do(departure{unfitness, granted})
		m.closeRound()
		m.state = Aside
	default:
		m.ask()
	}
}

func (m *machine) settleAside() {
	switch {
	case m.terminating && m.stay(m.lasting()):
		m.leave(granted)
	case m.fit && !m.terminating:
		m.dropRound()
		m.state = Serving
	case m.terminating, !m.set.peers, !m.stay(m.held): // an unfit server beats too few
		m.dropRound()
		m.begin()
	default:
		m.keep()
	}
}

// mayLeave is the rule: a server leaves only while enough others have promised to stay,
// and while it has promised nobody. Within a lifetime of its own start it may have
// promised, and not know.
func (m *machine) mayLeave() bool {
	return len(m.given) == 0 && m.now >= m.free && m.set.peers && m.enough(m.held)
}

// leave ends the machine. Who promised is free at once: this server is going, and
// whoever goes next needs promises of those that are still there.
func (m *machine) leave(o outcome) {
	m.do(departure{termination, o})
	m.dropRound()
	m.state = Leaving
}

// cause is why this server would leave.
func (m *machine) cause() cause {
	if m.terminating {
		return termination
	}
	return unfitness
}

// why says in a few words what keeps the server in its state.
func (m *machine) why() string {
	switch m.state {
	case Asking, Aside:
		why := m.unfit
		if m.terminating {
			why = "SIGTERM"
		}
		need := why + ", without peers"
		if m.set.peers {
			need = fmt.Sprintf("%s, has %d of %d promises", why, len(m.held), m.minPeers())
		}
		if m.state == Asking && m.now < m.free {
			return need + ", and started less than a promise's lifetime ago"
		}
		if m.state == Asking && len(m.given) > 0 {
			return need + ", and has itself promised to stay"
		}
		if m.state == Asking && m.refusal != "" {
			return need + "; " + m.refusal
		}
		return need
	case Leaving:
		return "SIGTERM"
	case Starting:
		return m.unfit
	}
	return ""
}
