package promise

// Override is what the operator says of this server's place in service, in place of the rule.
type Override struct {
	Kind   OverrideKind
	Reason string // for people
}

// OverrideKind is what an operator says. The zero value is that nothing was said: the
// rule decides.
type OverrideKind string

const (
	// Leave takes the server out of service though too few have promised: it steps aside, or
	// exits if SIGTERM is held. Like SIGKILL it is no departure by the rule: whoever leans on
	// this server loses a promise, and learns of it when it is to be renewed. What was
	// promised is not forgotten: it binds again after Resume, till it ends.
	Leave OverrideKind = "leave"

	// Stay keeps the server in service whatever happens. It promises to others like a server
	// that does not want to leave. It outlives neither a restart nor max_hold.
	Stay OverrideKind = "stay"

	// Resume is back to the rule.
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
		return "the operator said " + string(m.override.Kind)
	}
	return "the operator said " + string(m.override.Kind) + ": " + m.override.Reason
}
