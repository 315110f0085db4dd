package promise

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// space is a fleet and what may befall it. Whatever is on the way may come in any order,
// late or never: a message that is lost is one that never comes.
type space struct {
	servers, minPeers int
	alone             bool // no peers are configured
	terminate         int  // how many servers may get SIGTERM
	sick              int  // how often a server may turn unfit or fit
	doubtful          int  // how often a check may fail, or pass, once
	kills, restarts   int
	overrides         int // how often the operator may say something
	sights            int // how often a server may look who is there
	reloads           int // how often a Corefile may change
	percent           int // of the peers that are known, in place of min_peers
	loads             int // how often a load may change; all servers have a capacity
	observers         int // how many servers only observe; a reload may end that
	doubles           int // messages that are delivered twice
	room              int // messages on the way; of more, any may be lost
	slow              bool
	wild              bool // time passes for each server by itself: only the floor holds
	steps, gate       int  // how far it is walked, if not to the end, and how far in the gate
}

func (s space) String() string {
	words := []string{fmt.Sprintf("servers=%d", s.servers)}
	for _, f := range []struct {
		name string
		n    int
	}{
		{"min_peers", s.minPeers}, {"terminate", s.terminate}, {"sick", s.sick}, {"doubtful", s.doubtful}, {"kills", s.kills},
		{"restarts", s.restarts}, {"overrides", s.overrides}, {"sights", s.sights}, {"reloads", s.reloads}, {"percent", s.percent}, {"loads", s.loads}, {"observers", s.observers}, {"doubles", s.doubles}, {"room", s.room}, {"steps", s.steps},
	} {
		if f.n > 0 {
			words = append(words, fmt.Sprintf("%s=%d", f.name, f.n))
		}
	}
	if s.slow {
		words = append(words, "slow")
	}
	if s.wild {
		words = append(words, "wild")
	}
	return strings.Join(words, ",")
}

// unit is a quarter of a promise's lifetime; time passes in such steps. A reply is waited
// for less than one, or two if replies may be slow.
func (s space) unit() time.Duration {
	if s.slow {
		return 500 * time.Millisecond
	}
	return 4 * time.Second
}

func (s space) settings() Settings {
	unit := s.unit()
	set := Settings{HasPeers: !s.alone, MinPeers: Quota{Number: s.minPeers}, Lifetime: 4 * unit, MaxHold: 5 * unit, Interval: unit / 4, ColdStart: 6 * unit}
	if s.slow {
		set.Interval = 2 * unit
	}
	if s.percent > 0 {
		set.MinPeers = Quota{Percent: s.percent}
	}
	if s.loads > 0 {
		set.Capacity = 3
	}
	return set
}

// begin returns a fleet in service.
func (s space) begin(moved map[[2]State]bool) *world {
	set := s.settings()
	w := newWorldOf(&world{wild: s.wild}, s.servers, set)
	w.moved = moved
	for _, server := range w.servers[s.servers-s.observers:] {
		server.m.settings.Observe = true
	}
	w.now = set.Lifetime // past the start
	for i := range w.servers {
		_ = w.tell(i, w.seen(i))
		_ = w.health(i, true, true)
		if s.loads > 0 {
			_ = w.tell(i, LoadSeen{1})
		}
	}
	w.floor = set.MinPeers.Of(s.servers - 1)
	switch {
	case s.alone:
		w.floor = 0
	case s.sights > 0 && s.percent > 0:
		w.floor = 1 // of those that it has seen
	}
	w.floor = min(w.floor, s.servers-s.observers)
	return w
}

func (s space) faults() faults {
	return faults{byte(s.terminate), byte(s.sick), byte(s.doubtful), byte(s.kills), byte(s.restarts), byte(s.overrides), byte(s.sights), byte(s.reloads), byte(s.loads), byte(s.doubles)}
}

// faults are what is left of a space's budgets.
type faults struct{ terminate, sick, doubtful, kills, restarts, overrides, sights, reloads, loads, doubles byte }

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
