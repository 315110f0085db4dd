package selfpreserve

import (
	"testing"
	"time"
)

func TestQuota(t *testing.T) {
	for _, tc := range []struct {
		quota quota
		known int
		want  int
	}{
		{quota{number: 1}, 0, 1},
		{quota{number: 3}, 9, 3},
		{quota{number: 3}, 1, 3},
		{quota{percent: 50}, 0, 1},
		{quota{percent: 1}, 5, 1},
		{quota{percent: 50}, 4, 2},
		{quota{percent: 50}, 5, 3},
		{quota{percent: 34}, 3, 2},
		{quota{percent: 100}, 7, 7},
		{quota{number: 5, percent: 20}, 10, 2},
		{quota{percent: 7}, 100, 7},
		{quota{percent: 29}, 100, 29},
	} {
		if got := tc.quota.of(tc.known); got != tc.want {
			t.Errorf("%+v of %d is %d, want %d", tc.quota, tc.known, got, tc.want)
		}
	}
}

func TestTimesThatFollowFromTheSettings(t *testing.T) {
	s := usual
	if got := s.patience(); got != time.Second {
		t.Errorf("a reply is waited for %s, want a second", got)
	}
	s.interval = 300 * time.Millisecond
	if got := s.patience(); got != s.interval {
		t.Errorf("a reply is waited for %s, want an interval", got)
	}
	if got := renewal(s.promise); got != s.promise/3 {
		t.Errorf("a promise is renewed after %s, want a third of its lifetime", got)
	}
	if got := s.roundTime(); got > s.promise/2 {
		t.Errorf("a round takes up to %s, and promises last %s", got, s.promise)
	}
}
