package selfpreserve

import (
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/roster"
)

// shown is what /status and the metrics tell of a node. It is published anew when something
// changes, and nothing in it is written again: whoever reads it waits for nobody.
type shown struct {
	conf *config
	view *promise.View

	overrideSince time.Duration // the operator's word is in force
	me            promise.Server
	checks        []shownCheck
	peers         []roster.Peer
	known         int // peers
	zones         []zoneTeller
	changes       []change // the newest first
}

type shownCheck struct {
	name   string
	ok     bool
	fit    bool
	reason string
	since  time.Duration
}

// zoneTeller is a plugin that can tell how old its zones are, by a verdict such as "fresh" or
// "stale" and, in words, why. An age below zero is one that nobody can tell. silence is for how
// long no primary has given a usable answer, below zero if there is none. It is called often and
// must not block.
type zoneTeller interface {
	EachZone(tell func(zone, verdict, why string, age, maxAge, silence time.Duration))
}

// showMachine shows what a step has brought.
func (n *node) showMachine(now time.Duration, view *promise.View) {
	n.show(func(s *shown) {
		if view.Override != s.view.Override {
			s.overrideSince = now
		}
		s.view, s.me = view, n.machine.Server()
	})
}

// show publishes what has changed. Called with the lock.
func (n *node) show(change func(*shown)) {
	s := *n.shown.Load()
	change(&s)
	n.shown.Store(&s)
}

// showCorefile shows what a Corefile brings. Called with the lock, as the others are.
func (n *node) showCorefile() {
	n.show(func(s *shown) { s.conf, s.zones = n.conf, n.zones })
	n.showChecks()
}

func (n *node) showChecks() {
	checks := make([]shownCheck, len(n.checks.all))
	for i, c := range n.checks.all {
		checks[i] = shownCheck{c.name, c.looked && c.fails == 0, c.fit(), c.reason, c.since}
	}
	n.show(func(s *shown) { s.checks = checks })
}

func (n *node) showPeers() {
	peers, known := n.roster.Peers(), n.roster.KnownPeers(n.now())
	n.show(func(s *shown) { s.peers, s.known = peers, known })
}
