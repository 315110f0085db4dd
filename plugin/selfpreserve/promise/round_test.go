package promise

import (
	"fmt"
	"testing"
	"time"
)

func TestARoundAsksAFewOfMany(t *testing.T) {
	for _, tc := range []struct{ minPeers, peers, atATime, all int }{
		{1, 300, 2, atOnce},
		{4, 300, 5, atOnce},
		{15, 300, 16, 30},
		{40, 300, 16, 80},
		{40, 50, 16, 50},
	} {
		set := usual
		set.MinPeers.Number = tc.minPeers
		m := New("b", set)
		var seen PeersSeen
		for i := range tc.peers {
			seen.Peers = append(seen.Peers, Peer{Address: fmt.Sprint("s", i)})
		}
		m.Step(0, seen)
		m.Step(0, Fitness{Fit: true, AllPassed: true})
		asked := 0
		next := m.Step(20*time.Second, Terminate{})
		if len(next) != tc.atATime {
			t.Errorf("%+v: %d are asked at once", tc, len(next))
		}
		for len(next) > 0 {
			a, ok := next[0].(Ask)
			if next = next[1:]; ok {
				asked++
				next = append(next, m.Step(20*time.Second, Failed{a.Sent, "no reply"})...)
			}
		}
		if asked != tc.all {
			t.Errorf("%+v: %d are asked", tc, asked)
		}
	}
}

func TestPausesGrowAndDiffer(t *testing.T) {
	m := New("b", usual)
	for m.round.failures = 1; m.round.failures <= maxFailures; m.round.failures++ {
		longest := usual.Interval / 8 << m.round.failures
		for jitter, want := range map[float64]time.Duration{0: longest, 0.5: longest * 3 / 4, 1: longest / 2} {
			m.jitter = jitter
			if got := m.pause(); got != want {
				t.Errorf("a pause of %s after %d failures with jitter %v, want %s", got, m.round.failures, jitter, want)
			}
		}
	}
	m.Step(0, PeersSeen{Jitter: 0.25})
	if m.jitter != 0.25 {
		t.Errorf("jitter is %v", m.jitter)
	}
}

// A server with two addresses that restarts inside a round counts once, also when the promise
// of its former process comes last.
func TestAServerCountsOnceWhoeverOfItsProcessesRepliesLast(t *testing.T) {
	m := New("b", Settings{HasPeers: true, MinPeers: Quota{Number: 2}, MaxHold: time.Minute, Lifetime: 16 * time.Second, Interval: 2 * time.Second})
	m.Step(0, Fitness{Fit: true, AllPassed: true, PluginsReady: true})
	m.Step(0, PeersSeen{Peers: []Peer{{"s1", "a"}, {"t1", "a"}}, KnownPeers: 1})
	m.Step(20*time.Second, Terminate{})
	m.Step(20*time.Second, Replied{Sent: 2, To: "t1", Reply: Reply{From: "a'", Number: 2, Granted: true, Lifetime: 16 * time.Second}})
	m.Step(20*time.Second, Replied{Sent: 1, To: "s1", Reply: Reply{From: "a", Number: 1, Granted: true, Lifetime: 16 * time.Second}})
	if v := m.View(); v.State != Asking || v.Held > 1 {
		t.Errorf("%s with %d promises of one server, want asking with one at most", v.State, v.Held)
	}
}
