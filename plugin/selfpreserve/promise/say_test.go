package promise

import (
	"fmt"
	"strings"
	"time"
)

// line is one of a transcript: what a machine was told and did, or that it was killed.
type line struct {
	now           time.Duration
	id            ID
	event         Event
	before, after State
	actions       []Action
}

func (l line) String() string {
	if l.event == nil {
		return fmt.Sprintf("%8.3fs %s is killed", l.now.Seconds(), l.id)
	}
	return fmt.Sprintf("%8.3fs %s %s: %s -> %s", l.now.Seconds(), l.id, describe(l.event), l.before, describeAll(l.after, l.actions))
}

// transcript is all that was said.
func (w *world) transcript() string {
	var b strings.Builder
	for _, l := range *w.said {
		fmt.Fprintln(&b, l)
	}
	return b.String()
}

func describe(e Event) string {
	switch e := e.(type) {
	case Requested:
		if e.Renew {
			return fmt.Sprintf("renewal %d of %s", e.Number, e.From)
		}
		return fmt.Sprintf("request %d of %s", e.Number, e.From)
	case Released:
		return fmt.Sprintf("release %d of %s", e.Number, e.From)
	case Replied:
		if e.Granted {
			return fmt.Sprintf("grant %d of %s", e.Number, e.From)
		}
		return fmt.Sprintf("refusal %d of %s: %s", e.Number, e.From, e.Why)
	case Failed:
		return fmt.Sprintf("no reply %d: %s", e.Sent, e.Why)
	case Fitness:
		switch {
		case !e.Fit:
			return "unfit"
		case !e.AllPassed:
			return "doubt"
		}
		return "fit"
	}
	switch e := e.(type) {
	case Reload:
		return fmt.Sprintf("reload promise=%s min_peers=%+v", e.Settings.Lifetime, e.Settings.MinPeers)
	case Override:
		return "the operator says " + string(e.Kind)
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", e), "promise.")
}

func describeAll(state State, actions []Action) string {
	words := []string{state.String()}
	for _, a := range actions {
		switch a := a.(type) {
		case Ask:
			verb := "ask"
			if a.Renew {
				verb = fmt.Sprintf("renew by %d", a.Sent)
			}
			words = append(words, fmt.Sprintf("%s %d of %s", verb, a.Number, a.To)+some("load", a.Load)+observed(a.Observe))
		case Release:
			words = append(words, fmt.Sprintf("release %d to %s", a.Number, a.To))
		case Answer:
			if a.Granted {
				words = append(words, fmt.Sprintf("grant %d for %s", a.Number, a.Lifetime)+some("capacity", a.Capacity))
			} else {
				words = append(words, fmt.Sprintf("refuse %d: %s", a.Number, a.Why))
			}
		case Departure:
			words = append(words, fmt.Sprintf("departure %s %s", a.Cause, a.Outcome)+observed(a.Observed))
		}
	}
	return strings.Join(words, ", ")
}

func observed(only bool) string {
	if only {
		return " observed"
	}
	return ""
}

func some(what string, n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" %s %d", what, n)
}
