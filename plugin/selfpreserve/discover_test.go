package selfpreserve

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestPeersAreFoundByNameOfBothFamilies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSurveyor(t, isOneOf("10.0.0.1:8182", "[2001:db8::1]:8182"))
		step := func(a, aaaa, want string) {
			t.Helper()
			s.set(func() { s.a, s.aaaa = a, aaaa })
			time.Sleep(5 * time.Second)
			if got := s.peersNow(); got != want {
				t.Errorf("%s and %s: %s, want %s", a, aaaa, got, want)
			}
		}
		s.run(s.dependencies)
		step("", "", ": 0 known, 0 to ask")
		step("10.0.0.1", "2001:db8::1", ": 0 known, 0 to ask") // only itself
		step("10.0.0.1 10.0.0.2", "2001:db8::1 2001:db8::2", "10.0.0.2 [2001:db8::2]: 2 known, 2 to ask")
		for _, fails := range []string{"SERVFAIL", "REFUSED", "timeout", ""} { // they are kept
			step(fails, fails, "10.0.0.2 [2001:db8::2]: 2 known, 2 to ask")
			step(fails, "", "10.0.0.2 [2001:db8::2]: 2 known, 2 to ask")
			step("", fails, "10.0.0.2 [2001:db8::2]: 2 known, 2 to ask")
		}
		step("10.0.0.3", "SERVFAIL", "10.0.0.3 [2001:db8::2]: 2 known, 2 to ask")
		s.set(func() { s.slow = true })
		step("10.0.0.4", "", "10.0.0.3 [2001:db8::2]: 2 known, 2 to ask")
		s.set(func() { s.slow = false })
		step("10.0.0.4", "", "10.0.0.4: 1 known, 1 to ask")
		s.set(func() { s.up = "10.0.0.4" })
		time.Sleep(5 * time.Second)
		step("10.0.0.5", "", "10.0.0.5: 2 known, 1 to ask") // 10.0.0.4 was heard, and is not gone for long
	})
}

func TestAReloadTakesOutAName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSurveyor(t, nobody)
		s.a, s.up = "10.0.0.2", "*"
		s.run(s.dependencies)
		time.Sleep(2 * time.Second)
		conf := *s.conf
		conf.names, conf.static = nil, addrs("10.0.0.3:8182")
		without := s.dependencies
		without.conf = &conf
		s.run(without)
		time.Sleep(2 * time.Second)
		if got, want := s.peersNow(), "10.0.0.3: 1 known, 1 to ask"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	})
}

func TestAReloadTakesOutAnAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSurveyor(t, nobody)
		s.conf.names, s.conf.static, s.up = nil, addrs("10.0.0.3:8182", "10.0.0.4:8182"), "*"
		s.run(s.dependencies)
		time.Sleep(2 * time.Second)
		conf := *s.conf
		conf.static = addrs("10.0.0.4:8182")
		without := s.dependencies
		without.conf = &conf
		s.run(without)
		time.Sleep(2 * time.Second)
		if got, want := s.peersNow(), "10.0.0.4: 1 known, 1 to ask"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	})
}

// A server that is sick from the start, of which the only peer promises nothing.
func TestPausesBetweenRoundsAreDrawnAtRandom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSurveyor(t, nobody)
		s.a, s.up = "10.0.0.2", "*"
		s.checks.add("canary a. A", func(context.Context) error { return errors.New("SERVFAIL") })
		s.run(s.dependencies)
		time.Sleep(2 * time.Minute)
		s.pause()
		longest, pauses := 2*s.conf.interval, map[time.Duration]bool{}
		for i := len(s.asked) - 1; i > len(s.asked)-10; i-- {
			pause := s.asked[i].Sub(s.asked[i-1])
			if pauses[pause] = true; pause < longest/2 || pause > longest {
				t.Errorf("a pause of %s, want %s to %s", pause, longest/2, longest)
			}
		}
		if len(pauses) < 5 {
			t.Errorf("of nine pauses only %d differ", len(pauses))
		}
	})
}

func TestSixteenOfFortyPeersArePolledAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSurveyor(t, isOneOf("10.0.0.7:8182"))
		s.up = "*"
		for i := range 40 {
			s.a += fmt.Sprintf(" 10.0.0.%d", i+1)
		}
		s.checks.add("canary a. A", func(context.Context) error { return nil })
		s.run(s.dependencies)
		time.Sleep(20 * time.Second)
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(s.polled) != 39 || s.polled["10.0.0.7:8182"] != 0 || s.most != polledAtOnce {
			t.Errorf("%d of 39 were polled, up to %d at a time: %v", len(s.polled), s.most, s.polled)
		}
	})
}

// In short: one line once it lasts, one when it is over, and none while a fleet starts.
func TestTroubleWithPeersIsTwoLines(t *testing.T) {
	const lost, back = "[WARNING] None of the 2 known peers answers: this server stays in service until one does", "[INFO] Peers answer again"
	const unnamed, named = "[WARNING] Looking up peers peers.test. failed: SERVFAIL; those found before are kept", "[INFO] Looking up peers peers.test. works again"
	synctest.Test(t, func(t *testing.T) {
		s := newSurveyor(t, nobody)
		s.a, s.up = "10.0.0.1 10.0.0.2", "*"
		begins := make(chan struct{})
		s.checks.add("canary a. A", func(context.Context) error {
			select {
			case <-begins:
				return nil
			default:
				return errors.New("SERVFAIL")
			}
		})
		step := func(span time.Duration, set func(), want ...string) {
			t.Helper()
			got := logged(t, func() { s.set(set); time.Sleep(span); synctest.Wait() })
			if strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Errorf("%q, want %q", got, want)
			}
		}
		s.set(func() { s.a, s.up = "SERVFAIL", "" })
		step(3*time.Second, func() { s.run(s.dependencies) }, `[WARNING] Check "canary a. A" has failed 17 times in a row: SERVFAIL`)
		step(7*time.Second, func() {}, unnamed) // and not that nobody of 0 answers
		step(3*time.Second, func() { s.a, s.up = "10.0.0.1 10.0.0.2", "*" }, named)
		step(time.Second, func() { close(begins) }, `[INFO] Check "canary a. A" passes again`, "[INFO] In service as id-me, at :8182 (min_peers 1, 2 peers known so far)")
		for range 2 {
			step(3*time.Second, func() { s.up = "" })
			step(3*time.Second, func() { s.up = "10.0.0.2" }) // one answers: nothing is to be said
			step(4*time.Second, func() { s.up = "" })
			step(4*time.Second, func() {}, lost)
			step(time.Minute, func() {})
			step(3*time.Second, func() { s.up = "10.0.0.1" }, back)
			step(4*time.Second, func() { s.aaaa = "SERVFAIL" })
			step(4*time.Second, func() { s.a = "SERVFAIL" }, unnamed)
			step(time.Minute, func() {})
			step(3*time.Second, func() { s.a, s.aaaa = "10.0.0.1 10.0.0.2", "" }, named)
			step(4*time.Second, func() { s.a = "" })
			step(4*time.Second, func() {}, strings.ReplaceAll(unnamed, "SERVFAIL", "no addresses"))
			step(3*time.Second, func() { s.a = "10.0.0.1 10.0.0.2" }, named)
		}
	})
}
