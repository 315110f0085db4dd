package promise

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Server is what one has to know of a server to tell how many may leave.
type Server struct {
	ID       ID
	Promises bool // it would promise a peer to stay: it is in service, and fit
	Bound    bool // it could not leave now whoever promises, because it has itself promised to stay
	Observes bool // a server that does not observe cannot rely on it
	Capacity bool // it needs peers that can take its load
	Load     int  // queries a second
	Spare    int  // queries a second that it could take besides, if it has a capacity
}

// Server returns what this server says about itself.
func (m *Machine) Server() Server {
	request := Request{Number: math.MaxUint64, Lifetime: m.settings.Lifetime, Observe: m.settings.Observe}
	return Server{
		ID: m.id, Bound: m.bound() || m.override.Kind == Stay, Observes: m.settings.Observe,
		Promises: m.state == Serving && m.whyNot(request) == "",
		Capacity: m.settings.Capacity > 0, Load: m.load, Spare: max(0, m.spareCapacity()),
	}
}

// MayLeave returns how many of the servers that are in service and fit could leave by the
// rule, one after the other, in whatever order: each leaves behind minPeers servers that
// promise, and capacity for its load. One that is bound stays, and others may rely on it.
// A server that is listed twice counts once.
//
// Servers that already want to leave, or are not fit, are not counted. So it is never more
// than the rule would let go.
func MayLeave(servers []Server, minPeers int) int {
	var staying []Server
	seen, spare := make(map[ID]bool), 0
	for _, s := range servers {
		if s.Promises && !seen[s.ID] {
			seen[s.ID] = true
			staying = append(staying, s)
			spare += s.Spare
		}
	}
	var takes []int // of the spare capacity of all, by each that could leave
	for _, s := range staying {
		switch {
		case s.Bound, s.Capacity && s.Load > spare-s.Spare:
		case s.Capacity:
			takes = append(takes, s.Load+s.Spare)
		default:
			takes = append(takes, s.Spare)
		}
	}
	slices.SortFunc(takes, func(a, b int) int { return cmp.Compare(b, a) })
	may := 0
	for may < len(takes) && len(staying)-may > minPeers && spare >= takes[may] {
		spare -= takes[may]
		may++
	}
	return may
}

// WhyNotLeave returns why s would not get the promises that it needs if it wanted to leave now,
// or "" if it would get them. It ignores whether s is bound.
func (s Server) WhyNotLeave(peers []Server, minPeers int) string {
	seen, spare := map[ID]bool{s.ID: true}, 0
	for _, p := range peers {
		if p.Promises && !seen[p.ID] {
			seen[p.ID] = true
			spare += p.Spare
		}
	}
	switch willing := len(seen) - 1; {
	case willing < minPeers:
		return fmt.Sprintf("only %d of %d required peers would promise to stay", willing, minPeers)
	case s.Capacity && s.Load > spare:
		return fmt.Sprintf("it has a load of %d qps, but its peers have room for only %d", s.Load, spare)
	}
	return ""
}
