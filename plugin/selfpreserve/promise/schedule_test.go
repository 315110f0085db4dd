package promise

import (
	"fmt"
	"time"

	"pgregory.net/rapid"
)

// Generators, made once.
var (
	anyServers  = rapid.IntRange(2, 9)
	anyRate     = rapid.SampledFrom([]float64{1, 1, 1.01, 0.99})
	wildRate    = rapid.SampledFrom([]float64{1, 0.1, 0.5, 5})
	anyPromise  = rapid.SampledFrom([]time.Duration{15 * time.Second, 15 * time.Second, 5 * time.Second, time.Minute})
	anyQuota    = rapid.SampledFrom([]Quota{{Number: 1}, {Number: 1}, {Number: 2}, {Number: 3}, {Percent: 25}, {Percent: 50}, {Percent: 80}})
	anyHold     = rapid.SampledFrom([]time.Duration{20 * time.Second, 20 * time.Second, 8 * time.Second, 50 * time.Second})
	anyCapacity = rapid.SampledFrom([]int{0, 0, 100})
	anyPause    = rapid.SampledFrom([]time.Duration{0, 0, 20 * time.Millisecond, 300 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 9 * time.Second, 14 * time.Second, 20 * time.Second})
	anyNumber   = rapid.IntRange(0, 99)
	anyEvent    = rapid.SampledFrom(events)
	anyOverride = rapid.SampledFrom([]OverrideKind{Leave, Stay, Resume, Resume})
	anySteps    = rapid.IntRange(3, 40)

	anyObservers = rapid.SampledFrom([]int{0, 0, 0, 0, 1, 2})
)

// schedule is a world whose time passes from one thing that happens to the next.
type schedule struct {
	*rapid.T
	w       *world
	set     Settings
	calm    bool // nobody is forced out: all that want to leave have to get away
	flights []flight
	cut     [9][9]bool // what i sends does not reach j
	heard   [9][9]ID   // what i knows of j
	longest time.Duration
	prompt  bool

	twoAddresses bool // each server has a second one, with t in place of s
}

// flight is a message on its way.
type flight struct {
	at time.Duration
	*message
}

func newSchedule(t *rapid.T, w *world, rate *rapid.Generator[float64]) *schedule {
	n := anyServers.Draw(t, "servers")
	s := &schedule{T: t, calm: rapid.Bool().Draw(t, "calm"), twoAddresses: rapid.Bool().Draw(t, "two addresses")}
	s.set = Settings{HasPeers: true, MinPeers: anyQuota.Draw(t, "min_peers"), Lifetime: anyPromise.Draw(t, "promise"),
		MaxHold: anyHold.Draw(t, "max_hold"), Interval: 2 * time.Second, ColdStart: 2 * time.Minute, Capacity: anyCapacity.Draw(t, "capacity")}
	observers := min(n-1, anyObservers.Draw(t, "observers"))
	if s.calm = s.calm && observers == 0; s.calm {
		s.set.MaxHold = time.Hour
	}
	s.longest = s.set.Lifetime
	s.w = newWorldOf(w, n, s.set)
	s.w.send = s.fly
	s.w.said = new([]line)
	for i := range n {
		s.w.servers[i].rate = rate.Draw(t, "rate")
		s.w.servers[i].m.settings.Observe = i < observers
		_ = s.see(i)
		_ = s.w.health(i, true, true)
	}
	s.w.floor = min(s.set.MinPeers.Of(n-1), n-observers)
	return s
}

// fly decides on the fate of a message.
func (s *schedule) fly(m *message) {
	if s.cut[m.from][m.to] {
		return
	}
	fate := 0
	if !s.prompt {
		fate = anyNumber.Draw(s.T, "fate")
	}
	add := func(delay time.Duration) { s.flights = append(s.flights, flight{s.w.now + delay, m}) }
	switch {
	case fate < 60:
		add(time.Millisecond)
	case fate < 70:
		add(70 * time.Millisecond)
	case fate < 78:
		add(900 * time.Millisecond)
	case fate < 83:
		add(3 * time.Second)
	case fate < 88:
		add(17 * time.Second)
	case fate < 94:
		add(2 * time.Millisecond)
		add(4 * time.Second)
	}
}

// see tells server i who is there: of those it can reach, also which process.
func (s *schedule) see(i int) error {
	peers := s.w.others(i)
	if k := anyNumber.Draw(s.T, "best peer") % len(peers); k > 0 {
		peers = append(peers[k:], peers[:k]...)
	}
	for k := range peers {
		j := s.w.index(peers[k].Address)
		if s.w.servers[j].up && !s.cut[i][j] && !s.cut[j][i] {
			s.heard[i][j] = s.w.servers[j].m.id
		}
		peers[k].ID = s.heard[i][j]
	}
	known := len(peers)
	if s.twoAddresses {
		for _, p := range peers[:known] {
			if p.ID != "" { // else nobody can tell that it is the same
				peers = append(peers, Peer{Address: "t" + p.Address[1:], ID: p.ID})
			}
		}
	}
	return s.w.tell(i, PeersSeen{Peers: peers, KnownPeers: known, Jitter: float64(anyNumber.Draw(s.T, "jitter")) / 99})
}

// run lets time pass until a moment, and stops early if done says so.
func (s *schedule) run(until time.Duration, done func() bool) error {
	for range 100_000 {
		if err := s.w.check(); err != nil || done() {
			return err
		}
		at, what := until, func() error { return nil }
		last := true
		for i := range s.flights {
			if f := s.flights[i]; f.at < at {
				at, last = f.at, false
				what = func() error {
					s.flights = append(s.flights[:i], s.flights[i+1:]...)
					return s.w.deliver(f.message)
				}
			}
		}
		for i, server := range s.w.servers {
			wake, ok := server.m.Wake()
			if wake = s.w.truth(server, wake); ok && server.up && wake < at {
				at, last = wake, false
				what = func() error { return s.w.tell(i, Tick{}) }
			}
		}
		s.w.now = max(s.w.now, at)
		if err := what(); err != nil || last {
			return err
		}
	}
	return fmt.Errorf("the machines do not come to rest before %s", until)
}

// befall lets a random number of things happen.
func (s *schedule) befall() error {
	if anyNumber.Draw(s.T, "past the start") > 20 {
		s.w.now += s.set.Lifetime * 2
	}
	for range anySteps.Draw(s.T, "steps") {
		i := anyNumber.Draw(s.T, "server") % len(s.w.servers)
		if err := anyEvent.Draw(s.T, "event").do(s, i); err != nil {
			return err
		}
		if err := s.run(s.w.now+anyPause.Draw(s.T, "pause"), func() bool { return false }); err != nil {
			return err
		}
	}
	return nil
}
