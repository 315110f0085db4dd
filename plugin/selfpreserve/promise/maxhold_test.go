package promise

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Whatever befell a fleet before, with a Corefile's defaults SIGTERM is not held until max_hold
// once messages arrive and enough others are fit. A server under SIGTERM gives no promise that
// outlasts its own max_hold, so it cannot be bound a second time after the first promise ends.
func TestPeersLetLeaversGoBeforeTheDefaultMaxHold(t *testing.T) {
	setRapid(t, schedules, gateSchedules)
	others := rapid.SampledFrom(slices.DeleteFunc(slices.Clone(events), func(h happens) bool { return strings.HasPrefix(h.name, "reload") }))
	var departures int
	var longest time.Duration
	rapid.Check(t, func(t *rapid.T) {
		s := newSchedule(t, &world{}, anyRate)
		s.fail(s.useDefaults())
		for range anySteps.Draw(t, "steps") {
			s.fail(others.Draw(t, "event").do(s, anyNumber.Draw(t, "server")%len(s.w.servers)))
			s.fail(s.run(s.w.now+anyPause.Draw(t, "pause"), func() bool { return false }))
		}
		leavers, err := s.healAndTerminate(1 + anyNumber.Draw(t, "leavers")%4)
		s.fail(err)
		begin := s.w.now
		for len(leavers) > 0 {
			s.fail(s.run(s.w.now+s.set.Interval, func() bool { return s.gone(leavers) > 0 }))
			for range s.gone(leavers) {
				departures++
				longest = max(longest, s.w.now-begin)
			}
			leavers = slices.DeleteFunc(leavers, func(i int) bool { return s.w.servers[i].m.state == Leaving })
			// A lifetime until nobody is bound, by a clock that is 1 % slow, and an interval to look anew.
			if bound := s.set.Lifetime*102/100 + s.set.Interval; len(leavers) > 0 && s.w.now > begin+bound {
				s.fail(fmt.Errorf("after %s %d servers are still held", bound, len(leavers)))
			}
			for i := range s.w.servers {
				s.fail(s.see(i))
			}
		}
	})
	t.Logf("%d departures, none of them forced, the longest after %s", departures, longest.Round(100*time.Millisecond))
}

// useDefaults gives each server what a Corefile says by default, with min_peers 1 or 2.
func (s *schedule) useDefaults() error {
	s.set = Settings{HasPeers: true, MinPeers: Quota{Number: 1 + anyNumber.Draw(s.T, "default min_peers")%2},
		Lifetime: 15 * time.Second, MaxHold: 20 * time.Second, Interval: 2 * time.Second, ColdStart: 15 * time.Minute}
	s.longest, s.w.floor = s.set.Lifetime, min(s.set.MinPeers.Number, len(s.w.servers)-1)
	for i := range s.w.servers {
		s.w.servers[i].m.startupWait = s.set.Lifetime
		if err := s.w.tell(i, Reload{s.set}); err != nil {
			return err
		}
	}
	return nil
}

// healAndTerminate heals all but what is sick, and sends SIGTERM to so many that are fit and in
// service, if enough others are. It returns to which.
func (s *schedule) healAndTerminate(n int) ([]int, error) {
	s.cut, s.prompt = [9][9]bool{}, true
	for i := range s.flights {
		s.flights[i].at = min(s.flights[i].at, s.w.now+time.Millisecond)
	}
	var fit []int
	for i, server := range s.w.servers {
		if !server.up {
			if err := s.again(i); err != nil {
				return nil, err
			}
		}
		if err := s.w.tell(i, Override{Kind: Resume}); err != nil {
			return nil, err
		}
		if err := s.w.health(i, server.fit, server.fit); err != nil {
			return nil, err
		}
		if server.fit && server.m.state.InService() && !server.m.terminating {
			fit = append(fit, i)
		}
	}
	if len(fit)-n < s.set.MinPeers.Number {
		return nil, nil
	}
	for _, i := range fit[:n] {
		if err := s.w.tell(i, Terminate{}); err != nil {
			return nil, err
		}
	}
	return fit[:n], nil
}

// gone counts those of some servers that leave.
func (s *schedule) gone(servers []int) (n int) {
	for _, i := range servers {
		if s.w.servers[i].m.state == Leaving {
			n++
		}
	}
	return n
}
