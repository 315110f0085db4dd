package promise

// Override is an operator's order, which decides in place of the rule.
type Override struct {
	Kind   OverrideKind
	Reason string // for people
}

// OverrideKind is what an operator orders. The zero value means that there is no order, and the
// rule decides.
type OverrideKind string

const (
	// Leave takes the server out of service even if too few have promised: it steps aside, or
	// exits if SIGTERM is held. Like SIGKILL it is not a departure by the rule: whoever relies on
	// this server loses a promise, and learns of that when it is due for renewal. What this server
	// promised is not forgotten: it binds again after Resume, until it ends.
	Leave OverrideKind = "leave"

	// Stay keeps the server in service whatever happens. Meanwhile it promises to others like a
	// server that does not want to leave. The order survives neither a restart nor max_hold.
	Stay OverrideKind = "stay"

	// Resume lets the rule decide again.
	Resume OverrideKind = "resume"
)

func (e Override) apply(m *Machine) {
	if m.override = e; e.Kind == Resume {
		m.override = Override{}
	}
}

// wantsToLeave is whether the server is in service only till enough have promised.
func (m *Machine) wantsToLeave() bool { return m.state == Asking && m.override.Kind != Stay }

// stepOut is the operator's Leave of a server in service.
func (m *Machine) stepOut() {
	if m.terminating {
		m.leave(Overridden)
		return
	}
	m.depart(Overridden)
	m.dropRound()
	m.enter(Aside)
}

// whyOverridden is what the operator said, for people.
func (m *Machine) whyOverridden() string {
	if m.override.Reason == "" {
		return "the operator ordered " + string(m.override.Kind)
	}
	return "the operator ordered " + string(m.override.Kind) + ": " + m.override.Reason
}
