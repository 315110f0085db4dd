package promise

import (
	"testing"
	"time"
)

// Lower ids that never get enough, as their load is larger than all capacity, ask on and on
// while a higher one could leave.
func TestLowerIDsThatNeverGetEnoughDoNotStarveAHigherOne(t *testing.T) {
	for _, lower := range []int{1, 2, 4} {
		set := usual
		set.Lifetime, set.MaxHold, set.MinPeers.Number, set.Capacity = 15*time.Second, time.Hour, 2, 100
		s := &schedule{w: newWorld(lower+5, set), set: set, prompt: true}
		s.w.send = s.fly
		higher := lower
		for i := range s.w.servers {
			_ = s.w.tell(i, s.w.seen(i))
			_ = s.w.health(i, true, true)
			_ = s.w.tell(i, LoadSeen{10})
		}
		s.w.now = 20 * time.Second
		for silent := range 2 {
			silent += lower + 3
			for i := range s.w.servers {
				s.cut[i][silent], s.cut[silent][i] = true, true
			}
		}
		for i := range lower {
			_ = s.w.tell(i, LoadSeen{10_000})
			_ = s.w.tell(i, Terminate{})
			_ = s.run(s.w.now+300*time.Millisecond, func() bool { return false })
		}
		begin := s.w.now
		_ = s.w.tell(higher, Terminate{})
		away := func() bool { return s.w.servers[higher].m.state == Leaving }
		if err := s.run(begin+2*time.Minute, away); err != nil {
			t.Fatal(err)
		}
		took := s.w.now - begin
		t.Logf("%d lower ids that fail: the higher one left after %s", lower, took)
		if !away() || took > set.Lifetime/3 {
			t.Errorf("%d lower ids that fail: after %s the higher one is %s", lower, took, s.w.servers[higher].m.state)
		}
	}
}
