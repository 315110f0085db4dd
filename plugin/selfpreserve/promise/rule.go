package promise

import "slices"

// The rule: a server leaves service only while it holds min_peers unexpired promises of
// others to stay, and while it has promised nobody. One that has holds nothing: see give and
// seekPromises.

// canLeave is whether a server that asks can leave now, to step aside or to exit.
func (m *Machine) canLeave() bool { return m.settings.HasPeers && m.suffice(m.held) }

// canStayAside is whether a server that is aside can go on so. If not it comes back into
// service: an unfit server beats too few.
func (m *Machine) canStayAside() bool { return m.settings.HasPeers && m.reachMinPeers(m.held) }

// canExitAside is whether a server that is aside can exit.
func (m *Machine) canExitAside() bool { return m.reachMinPeers(m.notLapsing()) }

// bound is whether this server has promised to stay, or may have before it restarted.
func (m *Machine) bound() bool { return len(m.given) > 0 || m.now < m.startupWait }

// minPeers is how many have to promise.
func (m *Machine) minPeers() int { return m.settings.MinPeers.Of(m.knownPeers) }

func (m *Machine) reachMinPeers(promises []held) bool { return len(promises) >= m.minPeers() }

// suffice is whether promises are as many as have to stay, and have the capacity that this
// server's load needs. Once it is aside its load has gone to those who promised.
func (m *Machine) suffice(promises []held) bool {
	capacity := 0
	for _, h := range promises {
		capacity += h.capacity
	}
	return m.reachMinPeers(promises) && (m.settings.Capacity == 0 || m.state == Aside || capacity >= m.load)
}

// notLapsing are the promises held that have been renewed when they should.
func (m *Machine) notLapsing() []held {
	return slices.DeleteFunc(slices.Clone(m.held), func(h held) bool { return h.lapsing })
}

// needsMore is whether others have to be asked, to get or to go on holding enough.
func (m *Machine) needsMore() bool { return !m.suffice(m.notLapsing()) }
