package promise

import (
	"testing"
	"time"
)

func TestEachTimeThatAServerStepsAsideItKeepsToItForLonger(t *testing.T) {
	var s steadiness
	for i, want := range []time.Duration{0, time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 8 * time.Minute} {
		s.countAside(time.Hour)
		if got := s.steadyUntil() - time.Hour; got != want {
			t.Errorf("after %d times it is steady for %s, want %s", i+1, got, want)
		}
	}
	for _, tc := range []struct {
		after time.Duration
		want  int
	}{{10*time.Minute - 1, 7}, {10 * time.Minute, 6}, {25 * time.Minute, 5}, {100 * time.Hour, 1}} {
		later := s
		if later.countAside(time.Hour + tc.after); later.asides != tc.want {
			t.Errorf("%s later it has stepped aside %d times, want %d", tc.after, later.asides, tc.want)
		}
	}
	s.asides = 1 << 20
	if got := s.steadyUntil() - time.Hour; got != steadyAtMost {
		t.Errorf("after very many times it is steady for %s", got)
	}
}
