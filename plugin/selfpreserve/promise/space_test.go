package promise

import (
	"fmt"
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
