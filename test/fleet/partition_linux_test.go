package fleet

import (
	"slices"
	"testing"

	"github.com/holdfastdns/holdfast/test/lab"
)

// A fleet that is cut in two, and all of it told to go at one instant: each half keeps
// one, and when they see each other again one of these two may go.
func TestNetnsEachHalfOfAFleetKeepsOne(t *testing.T) {
	t.Parallel()
	n := startFleet(t, 5)
	left, right := members(n.Hosts[:2]), members(n.Hosts[2:])
	stopLeft, stopRight := guard(t, 1, left...), guard(t, 1, right...)
	n.Cut(t, n.Hosts[:2], n.Hosts[2:])
	terminate(t, n.Hosts)
	last := slices.Concat(lab.AwaitGone(t, 1, left...), lab.AwaitGone(t, 2, right...))
	lab.AllPreserved(t, 2*lifetime, last...)
	stopLeft()
	stopRight()

	defer guard(t, 1, last...)()
	n.Heal(t)
	last = lab.AwaitGone(t, 1, last...)
	lab.AllPreserved(t, 2*lifetime, last...)
}

// The half that has not enough to leave min_peers behind loses nobody.
func TestNetnsAHalfThatIsTooSmallLosesNobody(t *testing.T) {
	t.Parallel()
	n := startFleet(t, 5, "min_peers 2")
	left, right := members(n.Hosts[:2]), members(n.Hosts[2:])
	stopLeft, stopRight := guard(t, 2, left...), guard(t, 2, right...)
	n.Cut(t, n.Hosts[:2], n.Hosts[2:])
	terminate(t, n.Hosts)
	last := slices.Concat(left, lab.AwaitGone(t, 1, right...))
	for _, m := range last {
		lab.Until(t, m.HTTP+" has asked in vain", func() bool { return len(m.Said("Staying in service: SIGTERM")) > 0 })
	}
	lab.AllPreserved(t, 2*lifetime, last...)
	stopLeft()
	stopRight()

	defer guard(t, 2, last...)()
	n.Heal(t)
	last = lab.AwaitGone(t, 2, last...)
	lab.AllPreserved(t, 2*lifetime, last...)
}

// A server that is not heard, or does not hear, cannot know whether others stay. Those
// that hear it do not rely on it either.
func TestNetnsLossInOneDirection(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(t *testing.T, n *lab.Network){
		"mute": func(t *testing.T, n *lab.Network) { n.Lose(t, n.Hosts[:1], n.Hosts) },
		"deaf": func(t *testing.T, n *lab.Network) { n.Lose(t, n.Hosts, n.Hosts[:1]) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := startFleet(t, 3)
			lost, others := n.Hosts[0].Member, members(n.Hosts[1:])
			stop := guard(t, 1, others...)
			lose(t, n)
			lost.Terminate(t)
			others[0].Terminate(t)
			others = lab.AwaitGone(t, 1, others...)
			if others[0] != n.Hosts[2].Member {
				t.Fatal("one has gone that was not told to")
			}
			lab.AllPreserved(t, 2*lifetime, lost)
			stop()
			n.Heal(t)
			lab.AwaitGone(t, 1, lost)
			if r := others[0].Ready(); r != "200 OK" {
				t.Errorf("the one that stays says %q", r)
			}
		})
	}
}
