package test

import (
	"slices"
	"testing"
)

// A fleet that is cut in two, and all of it told to go at one instant: each half keeps
// one, and when they see each other again one of these two may go.
func TestNetnsEachHalfOfAFleetKeepsOne(t *testing.T) {
	t.Parallel()
	n := startFleet(t, 5)
	left, right := members(n.hosts[:2]), members(n.hosts[2:])
	stopLeft, stopRight := guard(t, 1, left...), guard(t, 1, right...)
	n.cut(t, n.hosts[:2], n.hosts[2:])
	terminate(t, n.hosts)
	last := slices.Concat(awaitGone(t, 1, left...), awaitGone(t, 2, right...))
	allPreserved(t, 2*lifetime, last...)
	stopLeft()
	stopRight()

	defer guard(t, 1, last...)()
	n.heal(t)
	last = awaitGone(t, 1, last...)
	allPreserved(t, 2*lifetime, last...)
}

// The half that has not enough to leave min_peers behind loses nobody.
func TestNetnsAHalfThatIsTooSmallLosesNobody(t *testing.T) {
	t.Parallel()
	n := startFleet(t, 5, "min_peers 2")
	left, right := members(n.hosts[:2]), members(n.hosts[2:])
	stopLeft, stopRight := guard(t, 2, left...), guard(t, 2, right...)
	n.cut(t, n.hosts[:2], n.hosts[2:])
	terminate(t, n.hosts)
	last := slices.Concat(left, awaitGone(t, 1, right...))
	for _, m := range last {
		until(t, m.http+" has asked in vain", func() bool { return len(m.said("Stays in service: SIGTERM")) > 0 })
	}
	allPreserved(t, 2*lifetime, last...)
	stopLeft()
	stopRight()

	defer guard(t, 2, last...)()
	n.heal(t)
	last = awaitGone(t, 2, last...)
	allPreserved(t, 2*lifetime, last...)
}

// A server that is not heard, or does not hear, cannot know whether others stay. Those
// that hear it do not rely on it either.
func TestNetnsLossInOneDirection(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(t *testing.T, n *network){
		"mute": func(t *testing.T, n *network) { n.lose(t, n.hosts[:1], n.hosts) },
		"deaf": func(t *testing.T, n *network) { n.lose(t, n.hosts, n.hosts[:1]) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := startFleet(t, 3)
			lost, others := n.hosts[0].member, members(n.hosts[1:])
			stop := guard(t, 1, others...)
			lose(t, n)
			lost.terminate(t)
			others[0].terminate(t)
			others = awaitGone(t, 1, others...)
			if others[0] != n.hosts[2].member {
				t.Fatal("one has gone that was not told to")
			}
			allPreserved(t, 2*lifetime, lost)
			stop()
			n.heal(t)
			awaitGone(t, 1, lost)
			if r := others[0].ready(); r != "200 OK" {
				t.Errorf("the one that stays says %q", r)
			}
		})
	}
}
