package promise

import (
	"os"
	"runtime/debug"
	"testing"
	"time"
)

var gate = os.Getenv("HOLDFAST_EXHAUSTIVE") != ""

// all is how far a space is walked that is walked to its end.
const all = -1

// TestTheRuleHoldsInEveryState walks all interleavings of what may befall small fleets,
// breadth first, through the real transition function. In wild spaces each clock goes as it
// likes and nobody waits from the start: then only the floor is asserted, which needs neither.
func TestTheRuleHoldsInEveryState(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // most of what is made is dropped at once
	limit := int64(1300 << 20)
	if gate {
		limit = 3 << 30
	}
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(limit))
	moved := map[[2]State]bool{}
	for _, s := range []space{
		{servers: 1, alone: true, terminate: 1, sick: 2, restarts: 1},
		{servers: 2, minPeers: 1, sick: 1, restarts: 1, room: 1, steps: 12, gate: 60},
		{servers: 2, minPeers: 1, terminate: 2, sick: 1, room: 2, slow: true, steps: 8, gate: 14},
		{servers: 2, minPeers: 1, sick: 2, doubtful: 2, doubles: 1, room: 2, steps: 7, gate: 14},
		{servers: 2, minPeers: 1, terminate: 2, sick: 1, kills: 1, restarts: 1, room: 2, steps: 6, gate: 12},
		{servers: 2, minPeers: 1, terminate: 1, sick: 1, overrides: 2, room: 2, steps: 6, gate: 10},
		{servers: 2, minPeers: 1, terminate: 1, sick: 1, restarts: 1, sights: 2, room: 1, steps: 6, gate: 9},
		{servers: 2, minPeers: 1, terminate: 1, sick: 1, reloads: 2, room: 1, steps: 7, gate: 10},
		{servers: 3, minPeers: 1, terminate: 1, sick: 1, overrides: 2, room: 1, steps: 5, gate: 7},
		{servers: 3, minPeers: 1, terminate: 1, sick: 1, restarts: 1, sights: 1, room: 1, steps: 5, gate: 7},
		{servers: 3, minPeers: 2, terminate: 2, reloads: 1, room: 2, steps: 5, gate: 8},
		{servers: 3, percent: 60, terminate: 1, sick: 1, sights: 2, room: 1, steps: 5, gate: 7},
		{servers: 3, minPeers: 1, terminate: 2, loads: 2, room: 2, steps: 5, gate: 8},
		{servers: 3, minPeers: 1, terminate: 2, room: 2, steps: 6, gate: all},
		{servers: 3, minPeers: 2, terminate: 2, room: 2, steps: 6, gate: all},
		{servers: 3, minPeers: 1, terminate: 1, sick: 1, room: 2, slow: true, steps: 5, gate: 8},
		{servers: 3, minPeers: 1, terminate: 1, sick: 1, kills: 1, restarts: 1, room: 1, steps: 5, gate: 8},
		{servers: 2, minPeers: 1, terminate: 2, sick: 1, restarts: 1, room: 1, wild: true, steps: 7, gate: 12},
		{servers: 3, minPeers: 1, terminate: 2, room: 2, wild: true, steps: 6, gate: 8},
		{servers: 3, minPeers: 1, terminate: 1, sick: 1, restarts: 1, sights: 1, room: 1, wild: true, steps: 5, gate: 6},
		{servers: 3, minPeers: 2, terminate: 2, sick: 1, room: 2, wild: true, steps: 5, gate: 7},
		{servers: 3, minPeers: 1, terminate: 2, sick: 1, observers: 1, reloads: 1, room: 1, steps: 5, gate: 7},
		{servers: 3, minPeers: 1, terminate: 3, observers: 2, room: 2, steps: 6, gate: 8},
		{servers: 4, minPeers: 1, terminate: 2, room: 1, steps: 7, gate: all},
		{servers: 4, minPeers: 1, terminate: 4, room: 2, steps: 4, gate: 6},
		{servers: 4, minPeers: 2, terminate: 2, room: 2, steps: 4, gate: 7},
		{servers: 4, minPeers: 2, terminate: 1, sick: 1, kills: 1, restarts: 1, doubles: 1, room: 2, steps: 3, gate: 4},
	} {
		if gate && s.gate != 0 {
			s.steps = max(0, s.gate)
		}
		if raceSteps > 0 && (s.steps == 0 || s.steps > raceSteps) {
			s.steps = raceSteps
		}
		t.Run(s.String(), func(t *testing.T) {
			begin := time.Now()
			walked, transcript := s.walk(moved)
			t.Logf("%d states, %d transitions, %d steps, %s", walked.states, walked.transitions, walked.depth, time.Since(begin).Round(time.Millisecond))
			if transcript != "" {
				t.Fatal("\n" + transcript)
			}
		})
	}
	if !t.Failed() && raceSteps == 0 {
		compareMoves(t, moved)
	}
}
