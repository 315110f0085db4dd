package promise

import (
	"fmt"
	"time"
)

// View is what others may know of a machine, copied after its last step.
type View struct {
	State        State
	Since        time.Duration // in that state
	Why          string        // it is in that state, for people
	Terminating  bool          // SIGTERM has come
	Deadline     time.Duration // if so: then the server goes, come what may
	HasPeers     bool          // if not, it is alone by choice
	KnownPeers   int
	MinPeers     int  // how many have to promise
	Given, Held  int  // promises in force
	FailedRounds int  // in a row, counted up to maxFailures
	Load         int  // queries a second
	InService    bool // whether clients are to be sent here: as the state says, unless it observes
	Observe      bool
	Override     Override // by the operator; its Kind is "" if the rule decides
}

// View returns what others may know now.
func (m *Machine) View() View {
	return View{
		State: m.state, Since: m.since, Why: m.why(),
		Terminating: m.terminating, Deadline: m.deadline,
		HasPeers: m.settings.HasPeers, KnownPeers: m.knownPeers, MinPeers: m.minPeers(),
		Given: len(m.given), Held: len(m.held), FailedRounds: m.round.failures, Load: m.load,
		InService: m.inService(), Observe: m.settings.Observe, Override: m.override,
	}
}

// inService is whether clients are to be sent here. One that observes is as it would be
// without this plugin: in service from when its plugins were ready, until SIGTERM.
func (m *Machine) inService() bool {
	if m.settings.Observe {
		return m.readyOnce && !m.terminating
	}
	return m.state.InService()
}

// why says in a few words what keeps the server in its state.
func (m *Machine) why() string {
	switch {
	case m.state == Leaving:
		return "SIGTERM"
	case m.state == Serving:
		return ""
	case m.override.Kind == Leave:
		return m.whyOverridden()
	case m.state == Starting && !m.asksFromOutside():
		return m.fitness.Why
	}
	why := m.fitness.Why
	if m.terminating {
		why = "SIGTERM"
	}
	if m.override.Kind == Stay {
		return why + ", and " + m.whyOverridden()
	}
	need := why + ", without peers"
	if m.settings.HasPeers {
		need = fmt.Sprintf("%s, with %d of %d promises", why, len(m.held), m.minPeers())
	}
	switch {
	case m.state == Aside && m.fitness.Fit:
		return "fit again, but " + m.whySteady(m.now)
	case m.state == Asking && !m.terminating && m.now < m.steadyUntil():
		return why + ", and " + m.whySteady(m.now)
	case m.state == Aside:
		return need
	case m.now < m.startupWait:
		return need + "; it started less than a promise's lifetime ago"
	case len(m.given) > 0:
		return need + "; it has itself promised to stay"
	case m.refusal != "":
		return need + "; " + m.refusal
	}
	return need
}
