package check

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire"
)

// Live is what servers said when they were asked.
type Live struct{ Servers []LiveServer }

// LiveServer is one of them. Why it said nothing is instead of its status.
type LiveServer struct {
	Address      string
	Status       *wire.Status
	Why          string
	Clock, Doubt time.Duration // as of survey.Answer
	Now          time.Time     // by its clock, when it answered
	Certificates []Certificate
}

// name is how a finding begins: as people know the server, and where it was asked.
func (s *LiveServer) name() string {
	if s.Status == nil || s.Status.Name == "" {
		return s.Address
	}
	return fmt.Sprintf("%s (%s)", s.Status.Name, s.Address)
}

// answered are those that said something.
func (l *Live) answered() (found []*LiveServer) {
	for i := range l.Servers {
		if l.Servers[i].Status != nil {
			found = append(found, &l.Servers[i])
		}
	}
	return found
}

// unreachable is the state of a peer that does not answer another.
const unreachable = "unreachable"

// liveAnswers: one that its peers hear is no finding, since this host may not be allowed to
// ask it.
func liveAnswers(l *Live, say sayer) bool {
	for i := range l.Servers {
		s := &l.Servers[i]
		if s.Status != nil {
			continue
		}
		heard := slices.ContainsFunc(l.answered(), func(by *LiveServer) bool {
			p := by.peer(s)
			return p != nil && p.State != unreachable
		})
		if !heard {
			say("%s: %s", s.Address, s.Why)
		}
	}
	return true
}

// peer is what a server says of another, or nil if it does not know it.
func (s *LiveServer) peer(other *LiveServer) *wire.Peer {
	for i := range s.Status.Peers {
		p := &s.Status.Peers[i]
		if p.Address == other.Address || other.Status != nil && p.ID == other.Status.ID {
			return p
		}
	}
	return nil
}

// livePeers compares what servers say of each other. One that has no peers and is nobody's
// is alone by choice.
func livePeers(l *Live, say sayer) bool {
	all := l.answered()
	if len(all) < 2 {
		return false
	}
	for _, s := range all {
		var unknown, unheard []string
		for _, other := range all {
			if other == s {
				continue
			}
			switch p := s.peer(other); {
			case p == nil:
				unknown = append(unknown, other.name())
			case p.State == unreachable:
				unheard = append(unheard, other.name())
			}
		}
		if len(unknown) > 0 {
			say("%s: does not know %s, and refuses requests for promises from there", s.name(), some(unknown))
		}
		if len(unheard) > 0 {
			say("%s: gets no answer from %s, which answers here", s.name(), some(unheard))
		}
	}
	return true
}

// some names a few.
func some(names []string) string {
	const few = 3
	if len(names) <= few {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:few], ", "), len(names)-few)
}

func liveMinPeers(l *Live, say sayer) (applies bool) {
	for _, s := range l.answered() {
		if len(s.Status.Peers) == 0 {
			continue
		}
		applies = true
		if s.Status.MinPeers > s.Status.KnownPeers {
			say("%s: %d peers have to promise, but it knows only %s: it can leave only by force", s.name(), s.Status.MinPeers, Count(s.Status.KnownPeers, "peer"))
		}
	}
	return applies
}
