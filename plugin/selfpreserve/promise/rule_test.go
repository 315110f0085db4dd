package promise

import (
	"fmt"
	"slices"
	"time"
)

// lost is a promise whose giver was killed, or forced out. It counts as long as its giver
// is not back in service: then the one that restarted has to stay in its place.
type lost struct {
	giver int
	until time.Duration // true time, by the giver's clock
	moot  bool          // its giver restarted with a shorter promise, and cannot know how long to stay
}

// serves is whether clients are sent to a server, by the rule and not by the machine. One that
// observes is in service too, for as long as it likes: nobody may count on it.
func serves(s *server) bool {
	return s.up && !s.m.settings.Observe && (s.m.state == Serving || s.m.state == Asking)
}

// overridden is whether the operator, and not the rule, keeps a server out of service.
func overridden(s *server) bool { return s.m.override.Kind == Leave }

// lose takes server i out of service by no decision of its machine, or by the operator's.
func (w *world) lose(i int) {
	s := w.own(i)
	if s.gone = true; w.wild {
		return // nothing but the floor holds
	}
	for _, g := range s.m.given {
		for k, other := range w.servers {
			if other.m.id == g.to {
				to := w.own(k)
				to.lost = append(to.lost, lost{giver: i, until: w.truth(s, g.until)})
			}
		}
	}
}

// kill ends server i by force.
func (w *world) kill(i int) {
	if w.said != nil {
		*w.said = append(*w.said, line{now: w.now, id: w.servers[i].m.id})
	}
	if s := w.own(i); !serves(s) { // as one that observes never does
		s.up = false // if it was gone before, it still is
		return
	}
	w.lose(i)
	w.servers[i].up = false
}

// judge looks at one step of server i: from what state, to a request not granted before or
// to anything else, and what was done.
func (w *world) judge(i int, before State, fresh bool, actions []Action) error {
	s := w.servers[i]
	// What the proof in the package comment rests on.
	asks := s.m.round.open || slices.ContainsFunc(s.m.pending, func(p pending) bool { return !p.renew })
	if len(s.m.given) > 0 && (len(s.m.held) > 0 || asks) {
		return fmt.Errorf("%s has given %d promises while it holds %d, and asks for more: %v", s.m.id, len(s.m.given), len(s.m.held), asks)
	}
	if err := judgeObserver(s, actions); err != nil {
		return err
	}
	left := before != s.m.state && s.m.state == Aside && !overridden(s)
	for _, a := range actions {
		switch a := a.(type) {
		case Answer:
			if a.Granted && (!s.fit || !s.allPassed) {
				return fmt.Errorf("%s promised though a check fails", s.m.id)
			}
			if end := s.m.now + a.Lifetime; a.Granted && fresh && s.m.terminating && end > s.m.deadline {
				return fmt.Errorf("%s promised to stay till %s and has to go at %s", s.m.id, end, s.m.deadline)
			}
		case Departure:
			switch {
			case a.Observed: // it goes whatever it decides
			case a.Outcome == Overridden:
				if before.InService() {
					w.lose(i)
				}
			case a.Cause != Termination || a.Outcome == Refused:
			case a.Outcome == Forced && !s.m.settings.HasPeers, a.Outcome == Granted && !s.m.settings.HasPeers && before != Starting:
				w.lose(i) // alone by choice: it asks nobody
			case a.Outcome == Forced:
				if s.m.now < s.m.deadline {
					return fmt.Errorf("%s went by force before its time", s.m.id)
				}
				w.lose(i)
			default:
				left = before != Starting
			}
		}
	}
	if left && !w.wild && !s.m.settings.Observe {
		if err := w.leftBehind(i); err != nil {
			return fmt.Errorf("%s left: %w", s.m.id, err)
		}
		if err := w.spared(i, before); err != nil {
			return fmt.Errorf("%s left: %w", s.m.id, err)
		}
	}
	if s.m.state == Leaving {
		s.up = false
	}
	if serves(s) {
		s.gone = false
	}
	return nil
}

// judgeObserver checks that one that observes is in service, whatever it decides.
func judgeObserver(s *server, actions []Action) error {
	for _, a := range actions {
		if d, ok := a.(Departure); ok && d.Observed != s.m.settings.Observe {
			return fmt.Errorf("%s observes: %v, and its departure says %v", s.m.id, s.m.settings.Observe, d.Observed)
		}
	}
	ready := s.m.fitness.PluginsReady // as from its first look on
	if s.m.settings.Observe && s.m.View().InService != (ready && !s.m.terminating) {
		return fmt.Errorf("%s observes, and is in service: %v", s.m.id, s.m.View().InService)
	}
	return nil
}

// check is the rule, in every state.
func (w *world) check() error {
	inService, gone := 0, 0
	for i, s := range w.servers {
		if s.gone {
			gone++
		}
		if !s.up {
			continue
		}
		if serves(s) {
			inService++
		}
		if s.m.state == Aside && !overridden(s) && !w.wild && !s.m.settings.Observe {
			if err := w.leftBehind(i); err != nil {
				return fmt.Errorf("%s is aside: %w", s.m.id, err)
			}
		}
		if !serves(s) && !s.m.settings.Observe && !overridden(s) && slices.ContainsFunc(s.m.given, func(g given) bool { return g.until > w.clock(s) }) {
			return fmt.Errorf("%s is %s though it has promised to stay: %v", s.m.id, s.m.state, s.m.given)
		}
		if at, ok := s.m.Wake(); ok && at <= s.m.now {
			return fmt.Errorf("%s wants to be woken at %s, which is not after %s", s.m.id, at, s.m.now)
		}
	}
	// The same from outside, with nothing of what the machines know.
	if need := min(w.floor, len(w.servers)) - gone; inService < need {
		return fmt.Errorf("%d servers are in service, want %d", inService, need)
	}
	return nil
}

// leftBehind checks that as many are bound to stay in service as server i needs, but for
// those that were killed.
func (w *world) leftBehind(i int) error {
	s := w.servers[i]
	stay := 0
	for j, other := range w.servers {
		inService := serves(other)
		bound := inService && slices.ContainsFunc(other.m.given, func(g given) bool {
			return g.to == s.m.id && g.until > w.clock(other)
		})
		killed := slices.ContainsFunc(s.lost, func(l lost) bool {
			return l.giver == j && l.until > w.now && (inService || other.gone || l.moot)
		})
		if j != i && (bound || killed) {
			stay++
		}
	}
	if need := s.m.minPeers(); stay < need {
		return fmt.Errorf("%d are bound to stay, or were killed, want %d", stay, need)
	}
	return nil
}

// spared checks that who promised server i to stay has set aside enough for its load.
// A promise that was renewed may carry another load than its holder has heard of yet.
func (w *world) spared(i int, before State) error {
	s := w.servers[i]
	if s.m.settings.Capacity == 0 || before != Asking || len(s.lost) > 0 {
		return nil
	}
	capacity := 0
	for _, other := range w.servers {
		promised := 0
		for _, g := range other.m.given {
			promised += g.load
			if g.to == s.m.id && other.up {
				capacity += g.load
			}
		}
	}
	if capacity < s.m.load {
		return fmt.Errorf("%d queries a second are set aside, want %d", capacity, s.m.load)
	}
	return nil
}
