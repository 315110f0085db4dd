package promise

import (
	"fmt"
	"time"
)

// View is what others may know of a machine: a copy, as of its last step.
type View struct {
	State        State
	Since        time.Duration // in that state
	Why          string        // it is in that state, for people
	Terminating  bool          // SIGTERM has come
	Deadline     time.Duration // if so: then the server goes, come what may
	HasPeers     bool          // if not, it is alone by choice
	KnownPeers   int
	MinPeers     int // how many have to promise
	Given, Held  int // promises in force
	FailedRounds int // in a row, counted up to maxFailures
	Load         int // queries a second
}

// View returns what others may know now.
func (m *Machine) View() View {
	return View{
		State: m.state, Since: m.since, Why: m.why(),
		Terminating: m.terminating, Deadline: m.deadline,
		HasPeers: m.settings.HasPeers, KnownPeers: m.knownPeers, MinPeers: m.minPeers(),
		Given: len(m.given), Held: len(m.held), FailedRounds: m.round.failures, Load: m.load,
	}
}

// why says in a few words what keeps the server in its state.
func (m *Machine) why() string {
	switch m.state {
	case Asking, Aside:
		why := m.fitness.Why
		if m.terminating {
			why = "SIGTERM"
		}
		need := why + ", without peers"
		if m.settings.HasPeers {
			need = fmt.Sprintf("%s, has %d of %d promises", why, len(m.held), m.minPeers())
		}
		switch {
		case m.state == Aside:
		case m.now < m.startupWait:
			return need + ", and started less than a promise's lifetime ago"
		case len(m.given) > 0:
			return need + ", and has itself promised to stay"
		case m.refusal != "":
			return need + "; " + m.refusal
		}
		return need
	case Leaving:
		return "SIGTERM"
	case Starting:
		return m.fitness.Why
	}
	return ""
}
