package promise

import (
	"testing"
	"time"
)

func TestQuota(t *testing.T) {
	for _, tc := range []struct {
		quota Quota
		known int
		want  int
	}{
		{Quota{Number: 1}, 0, 1},
		{Quota{Number: 3}, 9, 3},
		{Quota{Number: 3}, 1, 3},
		{Quota{Percent: 50}, 0, 1},
		{Quota{Percent: 1}, 5, 1},
		{Quota{Percent: 50}, 4, 2},
		{Quota{Percent: 50}, 5, 3},
		{Quota{Percent: 34}, 3, 2},
		{Quota{Percent: 100}, 7, 7},
		{Quota{Number: 5, Percent: 20}, 10, 5},
		{Quota{Number: 5, Percent: 60}, 10, 6},
		{Quota{Number: 2, Percent: 50}, 0, 2},
		{Quota{Percent: 7}, 100, 7},
		{Quota{Percent: 29}, 100, 29},
	} {
		if got := tc.quota.Of(tc.known); got != tc.want {
			t.Errorf("%+v of %d is %d, want %d", tc.quota, tc.known, got, tc.want)
		}
	}
}

func TestTimesThatFollowFromTheSettings(t *testing.T) {
	s := usual
	if got := s.Patience(); got != time.Second {
		t.Errorf("a reply is waited for %s, want a second", got)
	}
	s.Interval = 100 * time.Millisecond
	if got := s.Patience(); got != time.Second {
		t.Errorf("with a short interval a reply is waited for %s, want a second all the same", got)
	}
	if got := renewal(s.Lifetime); got != s.Lifetime/3 {
		t.Errorf("a promise is renewed after %s, want a third of its lifetime", got)
	}
	if short := (Settings{Lifetime: time.Second}); short.Patience() != time.Second/3 {
		t.Errorf("with promises of a second a reply is waited for %s, want a third of it", short.Patience())
	}
	if got := s.roundTime(); got > s.Lifetime/2 {
		t.Errorf("a round takes up to %s, and promises last %s", got, s.Lifetime)
	}
}
