package wire

import (
	"fmt"
	"strings"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
)

// Control is the body of POST /control, an operator's order by hand.
type Control struct {
	Action promise.OverrideKind `json:"action"`
	Reason string               `json:"reason"`
}

// ControlActions returns all of them.
func ControlActions() []promise.OverrideKind {
	return []promise.OverrideKind{promise.Leave, promise.Stay, promise.Resume}
}

// Override returns what the body orders, or what is wrong with it.
func (c Control) Override() (promise.Override, error) {
	o := promise.Override{Kind: c.Action, Reason: c.Reason}
	switch c.Action {
	case promise.Leave, promise.Stay, promise.Resume:
	default:
		return o, fmt.Errorf("action %.20q: want one of %q", c.Action, ControlActions())
	}
	if strings.TrimSpace(c.Reason) == "" {
		return o, fmt.Errorf("reason is empty: want 1 to %d octets of text that tells others why", MaxText)
	}
	if !IsLine(c.Reason) {
		return o, fmt.Errorf("reason %.20q: want 1 to %d octets of text on one line, all of it printable", c.Reason, MaxText)
	}
	return o, nil
}
