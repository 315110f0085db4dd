//go:build race

package promise

// How much is walked and tried; with the race detector, ten times slower, less.
const (
	schedules     = 300
	gateSchedules = 3_000
	raceSteps     = 3
)
