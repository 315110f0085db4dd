package promise

import (
	"fmt"
	"time"
)

// happens is something that befalls a server of a schedule.
type happens struct {
	name string
	do   func(s *schedule, i int) error
}

func (h happens) String() string { return h.name }

var events = []happens{
	{"nothing", func(*schedule, int) error { return nil }},
	{"sees", func(s *schedule, i int) error { return s.see(i) }},
	{"terminate", func(s *schedule, i int) error { return s.w.tell(i, Terminate{}) }},
	{"terminate", func(s *schedule, i int) error { return s.w.tell(i, Terminate{}) }},
	{"unfit", func(s *schedule, i int) error { return s.w.health(i, false, false) }},
	{"unfit", func(s *schedule, i int) error { return s.w.health(i, false, false) }},
	{"doubt", func(s *schedule, i int) error { return s.w.health(i, true, false) }},
	{"fit", func(s *schedule, i int) error { return s.w.health(i, true, true) }},
	{"fit", func(s *schedule, i int) error { return s.w.health(i, true, true) }},
	{"kill", func(s *schedule, i int) error { s.w.kill(i); return nil }},
	{"restart", func(s *schedule, i int) error { return s.again(i) }},
	{"load", func(s *schedule, i int) error { return s.w.tell(i, LoadSeen{2 * anyNumber.Draw(s.T, "load")}) }},
	{"reload", func(s *schedule, i int) error { return s.reload(i) }},
	{"reload all", func(s *schedule, i int) error {
		for j := range s.w.servers {
			if err := s.reload(j); err != nil {
				return err
			}
		}
		return nil
	}},
	{"override", func(s *schedule, i int) error { return s.w.tell(i, Override{Kind: anyOverride.Draw(s.T, "override")}) }},
	{"cut from all", func(s *schedule, i int) error { return s.part(func(a, b int) bool { return a == i || b == i }) }},
	{"cut one way", func(s *schedule, i int) error { return s.part(func(a, _ int) bool { return a == i }) }},
	{"split", func(s *schedule, i int) error { return s.part(func(a, b int) bool { return a <= i != (b <= i) }) }},
	{"heal", func(s *schedule, i int) error { s.cut = [9][9]bool{}; return nil }},
}

func (s *schedule) part(cut func(a, b int) bool) error {
	for a := range s.w.servers {
		for b := range s.w.servers {
			s.cut[a][b] = s.cut[a][b] || cut(a, b)
		}
	}
	return nil
}

// again starts server i anew. It sees its peers soon, and not who they are.
func (s *schedule) again(i int) error {
	s.heard[i] = [9]ID{}
	return s.w.restart(i)
}

// reload changes the Corefile of server i.
func (s *schedule) reload(i int) error {
	set := s.w.servers[i].m.settings
	set.Lifetime, set.MinPeers = anyPromise.Draw(s.T, "promise"), anyQuota.Draw(s.T, "min_peers")
	set.Observe = set.Observe && (s.w.servers[i].m.terminating || anyNumber.Draw(s.T, "observe") < 50)
	s.longest = max(s.longest, set.Lifetime)
	s.w.floor = min(s.w.floor, set.MinPeers.Of(len(s.w.servers)-1))
	return s.w.tell(i, Reload{set})
}

// lateness is the longest that it took, in lifetimes, by the number of leavers.
type lateness [10]struct {
	schedules int
	took      float64
}

func (l lateness) String() string {
	text := "longest till the last was away, in lifetimes of a promise:"
	for leavers, longest := range l {
		if leavers > 0 && longest.schedules > 0 {
			text += fmt.Sprintf(" %.2f of %d leavers (%d schedules)", longest.took, leavers, longest.schedules)
		}
	}
	return text
}

// getAway heals everything, and wants all that are unfit or have got SIGTERM to get away
// while enough others are fit.
func (s *schedule) getAway(late *lateness) error {
	s.cut, s.prompt = [9][9]bool{}, true
	for i := range s.flights {
		s.flights[i].at = min(s.flights[i].at, s.w.now+time.Millisecond)
	}
	leavers, stay, need := 0, 0, 0
	for i, server := range s.w.servers {
		if !server.up {
			if err := s.again(i); err != nil {
				return err
			}
		}
		if err := s.w.tell(i, Override{Kind: Resume}); err != nil {
			return err
		}
		if err := s.w.health(i, server.fit, server.fit); err != nil {
			return err
		}
		if err := s.w.tell(i, LoadSeen{}); err != nil {
			return err
		}
		need = max(need, server.m.minPeers())
		if server.fit && !server.m.terminating {
			stay++
		} else {
			leavers++
		}
	}
	if stay < need || leavers == 0 {
		return nil
	}
	begin := s.w.now
	away := func() bool {
		for _, server := range s.w.servers {
			steady := server.m.now < server.m.steadyUntil()
			if server.up && server.m.state != Aside && (server.m.terminating || !server.fit && server.m.state != Starting && !steady) {
				return false
			}
		}
		return true
	}
	// One lifetime till nobody is bound by what was before, a third of one more for who
	// promised to a server with a lower id that went aside, which turns to another when it
	// is to renew, and two intervals for each that leaves. Clocks may be slow by 1 %.
	bound := begin + s.longest*4/3*102/100 + 2*s.set.Interval*time.Duration(leavers)
	for s.w.now < bound && !away() { // peers are looked at each interval
		for i := range s.w.servers {
			if err := s.see(i); err != nil {
				return err
			}
		}
		if err := s.run(s.w.now+s.set.Interval, away); err != nil {
			return err
		}
	}
	if !away() {
		return fmt.Errorf("after %s not everyone of %d is away", bound-begin, leavers)
	}
	took := float64(s.w.now-begin) / float64(s.longest)
	late[leavers].schedules++
	late[leavers].took = max(late[leavers].took, took)
	return nil
}
