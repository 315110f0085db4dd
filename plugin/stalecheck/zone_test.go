package stalecheck

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"
)

// The contract's times, over many intervals with their jitter.
func TestFlaggedAndUnflaggedInTime(t *testing.T) {
	const maxAge, interval = 60 * time.Second, 10 * time.Second
	synctest.Test(t, func(t *testing.T) {
		s, w := inWorld(t, withPrimary)
		w.set(p0, 8)
		s.start()
		defer s.stop()
		until(t, s, verdict.Fresh, time.Second)
		serial := uint32(8)
		for range 50 {
			serial++
			w.set(p0, serial)
			if took := until(t, s, verdict.Stale, maxAge+2*interval); took < maxAge {
				t.Errorf("flagged after %s already", took)
			}
			w.setOwn(int(serial))
			until(t, s, verdict.Fresh, 2*interval)
		}
	})
}

func TestASilentReferenceDelaysNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, w := inWorld(t, withPrimary)
		w.set(q0, 9) // p0 never answers
		s.start()
		until(t, s, verdict.Stale, 80*time.Second)
		if v := s.zones[0].verdict.Load(); v.Source != verdict.Peers {
			t.Errorf("%+v", v)
		}
		for w.waiting() == 0 {
			time.Sleep(100 * time.Millisecond) // of the bubble, until it is asked again
		}
		s.stop()
		if w.waiting() > 0 {
			t.Error("it is still asked after the end")
		}
	})
}

func TestLooksAreAboutAnIntervalApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, w := inWorld(t, "stalecheck {\n primary 192.0.2.1\n}")
		w.set(p0, 8)
		s.start()
		for serial := range uint32(60) { // each turns stale in between, which is no reason to ask
			w.set(p0, 9+serial)
			time.Sleep(time.Minute) // of the bubble
		}
		s.stop()
		var gaps []time.Duration
		for i, at := range w.asked[p0][1:] {
			gaps = append(gaps, at.Sub(w.asked[p0][i]))
		}
		slices.Sort(gaps)
		if shortest, longest := gaps[0], gaps[len(gaps)-1]; shortest < 8*time.Second || longest > 12*time.Second || longest-shortest < time.Second {
			t.Errorf("%d gaps from %s to %s, want them scattered from 8s to 12s", len(gaps), shortest, longest)
		}
	})
}

// Several servers may be behind one address, and not all up to date.
func TestAPrimaryThatGoesBackAndForthIsFlaggedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, w := inWorld(t, "stalecheck {\n primary 192.0.2.1\n}")
		w.set(p0, 9)
		s.start()
		defer s.stop()
		time.Sleep(30 * time.Second) // of the bubble
		w.set(p0, 8)
		time.Sleep(25 * time.Second) // of the bubble
		w.set(p0, 9)
		until(t, s, verdict.Stale, 25*time.Second)
	})
}

func TestThisServerItselfIsNotAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, w := inWorld(t, withPrimary)
		w.set(p0, 8)
		w.set(q0, 8)
		s.leaveOutSelf([]string{"192.0.2.2"}, "53", nil)
		s.start()
		time.Sleep(time.Minute) // of the bubble
		s.stop()
		if len(w.asked[p0]) == 0 || len(w.asked[q0]) > 0 {
			t.Errorf("the primary was asked %d times, this server %d times", len(w.asked[p0]), len(w.asked[q0]))
		}
	})
}

// Servers that start together are not there at the same instant.
func TestAZoneThatIsUnknownAtTheStartIsLookedAtSooner(t *testing.T) {
	const interval = 10 * time.Second
	for name, tc := range map[string]struct {
		begin, comes func(*world)
		after        time.Duration
	}{
		"a reference that is not there yet": {func(*world) {}, func(w *world) { w.set(p0, 8) }, 500 * time.Millisecond},
		"a backend that has not loaded yet": {func(w *world) { w.set(p0, 8); w.setOwn(-1) }, func(w *world) { w.setOwn(8) }, time.Second},
		"one that takes longer":             {func(w *world) { w.set(p0, 8); w.setOwn(-1) }, func(w *world) { w.setOwn(8) }, 3 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			s, w := inWorld(t, "stalecheck {\n primary 192.0.2.1\n}")
			tc.begin(w)
			said := logged(t, func() {
				s.start()
				time.Sleep(tc.after) // of the bubble
				tc.comes(w)
				if took := tc.after + until(t, s, verdict.Fresh, interval); took > interval/2 {
					t.Errorf("%s: fresh after %s, want within %s", name, took, interval/2)
				}
				time.Sleep(interval) // of the bubble
			})
			s.stop()
			if strings.Join(said, "") != "" {
				t.Errorf("%s: it has healed by itself, and the log says %q", name, said)
			}
		})
	}
}

// What is down for good is asked three times more, and only after the start.
func TestTheHurryAtTheStartIsBounded(t *testing.T) {
	const interval = 10 * time.Second
	synctest.Test(t, func(t *testing.T) {
		s, w := inWorld(t, "stalecheck {\n primary 192.0.2.1\n}")
		w.set(p0, 8)
		w.setOwn(-1)
		begin := time.Now()
		s.start()
		time.Sleep(20 * interval) // of the bubble
		s.stop()
		const hurried = interval + interval/5 // at the latest then the second regular look is over
		early := 0
		var gaps []time.Duration
		for i, at := range w.asked[p0] {
			if at.Sub(begin) <= hurried {
				early++
			} else {
				gaps = append(gaps, at.Sub(w.asked[p0][i-1]))
			}
		}
		if early < 4 || early > 5 || len(gaps) < 15 || slices.Min(gaps) < interval*4/5 {
			t.Errorf("asked %d times till the second regular look, and then after %s", early, gaps)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s, w := inWorld(t, "stalecheck {\n primary 192.0.2.1\n}")
		w.set(p0, 8)
		s.start()
		time.Sleep(interval * 3 / 4) // of the bubble
		s.stop()
		if len(w.asked[p0]) != 1 {
			t.Errorf("a zone that is fresh at once is asked for %d times", len(w.asked[p0]))
		}
	})
}
