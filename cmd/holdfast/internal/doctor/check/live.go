package check

import (
	"cmp"
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
	Clock, Doubt time.Duration // as of fleet.Answer
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
			say("%s: does not know %s, and takes no question about a promise from there", s.name(), some(unknown))
		}
		if len(unheard) > 0 {
			say("%s: cannot reach %s, which can be reached from here", s.name(), some(unheard))
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
			say("%s: %d have to promise, and it knows %s: it cannot leave but by force", s.name(), s.Status.MinPeers, Count(s.Status.KnownPeers, "peer"))
		}
	}
	return applies
}

// clocksApart is how far clocks may be from each other: what stalecheck reads of a heartbeat
// is wrong by as much, and a heartbeat is old after a minute.
const clocksApart = 5 * time.Second

func liveClocks(l *Live, say sayer) bool {
	var all []*LiveServer
	for _, s := range l.answered() {
		if s.Doubt > 0 {
			all = append(all, s)
		}
	}
	if len(all) == 0 {
		return false
	}
	byClock := func(a, b *LiveServer) int { return cmp.Compare(a.Clock, b.Clock) }
	slowest, fastest := slices.MinFunc(all, byClock), slices.MaxFunc(all, byClock)
	if len(all) > 1 && apart(slowest.Clock-fastest.Clock) <= clocksApart+slowest.Doubt+fastest.Doubt {
		// They agree with each other, so that it is this host's that is wrong.
		if middle := (slowest.Clock + fastest.Clock) / 2; apart(middle) > clocksApart+fastest.Doubt {
			say("the clock of this host is %s that of all %d servers", aside(-middle), len(all))
		}
		return true
	}
	for _, s := range all {
		if apart(s.Clock) > clocksApart+s.Doubt {
			say("%s: its clock is %s that of this host", s.name(), aside(s.Clock))
		}
	}
	return true
}

func apart(d time.Duration) time.Duration { return max(d, -d) }

func aside(d time.Duration) string {
	if d < 0 {
		return fmt.Sprintf("%s behind", (-d).Round(time.Second))
	}
	return fmt.Sprintf("%s ahead of", d.Round(time.Second))
}

func liveVersions(l *Live, say sayer) bool {
	by := make(map[string][]string)
	for _, s := range l.answered() {
		by[s.Status.Version] = append(by[s.Status.Version], s.name())
	}
	if len(by) > 1 {
		var each []string
		for version, names := range by {
			each = append(each, fmt.Sprintf("%s on %s", version, some(names)))
		}
		slices.Sort(each)
		say("%s: fine while a rollout lasts", strings.Join(each, "; "))
	}
	return len(l.answered()) > 1
}
