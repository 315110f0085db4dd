package promise

import (
	"slices"
	"time"
)

// choice is one thing that can happen next: what, and to which server or message. If then
// there are more messages than room, bit i of keep says that message i is not lost.
type choice struct {
	what happening
	n    uint8
	how  uint8 // which of several
	keep uint16
}

type happening uint8

const (
	passes happening = iota
	deliver
	double
	sigterm
	turn
	doubt
	kill
	restart
	sayLeave
	sayStay
	sayResume
	sees
	reload
	unobserve
	load
)

var said = map[happening]OverrideKind{sayLeave: Leave, sayStay: Stay, sayResume: Resume}

func choices(all []choice, w *world, left faults) []choice {
	if !w.wild {
		all = append(all, choice{what: passes})
	}
	for k := range w.net {
		all = append(all, choice{what: deliver, n: uint8(k)})
		if left.doubles > 0 {
			all = append(all, choice{what: double, n: uint8(k)})
		}
	}
	for i, s := range w.servers {
		add := func(what happening, may bool) {
			if may {
				all = append(all, choice{what: what, n: uint8(i)})
			}
		}
		add(passes, s.up && w.wild)
		add(sigterm, s.up && left.terminate > 0 && !s.m.terminating)
		add(turn, s.up && left.sick > 0)
		add(doubt, s.up && left.doubtful > 0 && s.fit)
		add(kill, s.up && left.kills > 0)
		add(restart, left.restarts > 0)
		for how := range w.servers {
			if how != i || len(w.servers) > 1 { // all, if it is itself who is missing
				all = appendIf(all, s.up && left.sights > 0, choice{what: sees, n: uint8(i), how: uint8(how)})
			}
		}
		for how := range uint8(2) {
			all = appendIf(all, s.up && left.reloads > 0, choice{what: reload, n: uint8(i), how: how})
		}
		add(unobserve, s.up && left.reloads > 0 && s.m.settings.Observe && !s.m.terminating)
		add(load, s.up && left.loads > 0)
		for what := sayLeave; what <= sayResume; what++ {
			add(what, s.up && left.overrides > 0 && (what != sayResume || s.m.override.Kind != ""))
		}
	}
	return all
}

func appendIf(all []choice, may bool, c choice) []choice {
	if may {
		return append(all, c)
	}
	return all
}

func (w *world) happen(c choice, unit time.Duration, left *faults) error {
	n := int(c.n)
	switch c.what {
	case deliver, double:
		m := w.net[n]
		if c.what == double {
			left.doubles--
		} else {
			w.net = slices.Delete(w.net, n, n+1)
		}
		return w.deliver(m)
	case sigterm:
		left.terminate--
		return w.tell(n, Terminate{})
	case turn:
		left.sick--
		return w.health(n, !w.servers[n].fit, !w.servers[n].fit)
	case doubt:
		left.doubtful--
		return w.health(n, true, !w.servers[n].allPassed)
	case kill:
		left.kills--
		w.kill(n)
	case restart:
		left.restarts--
		return w.restart(n)
	case sayLeave, sayStay, sayResume:
		left.overrides--
		return w.tell(n, Override{Kind: said[c.what]})
	case sees:
		left.sights--
		return w.sees(n, int(c.how))
	case reload:
		left.reloads--
		set := w.servers[n].m.settings
		if c.how == 0 {
			set.MinPeers.Number = 3 - set.MinPeers.Number // 1 and 2
		} else {
			set.Lifetime = 6*unit - set.Lifetime // 4 and 2
		}
		w.floor = min(w.floor, set.MinPeers.Of(len(w.servers)-1))
		return w.tell(n, Reload{set})
	case unobserve:
		left.reloads--
		set := w.servers[n].m.settings
		set.Observe = false
		return w.tell(n, Reload{set})
	case load:
		left.loads--
		return w.tell(n, LoadSeen{3 - w.servers[n].m.load}) // 1 and 2
	case passes:
		if w.wild {
			return w.hurry(n, unit)
		}
		return w.pass(unit)
	}
	return nil
}
