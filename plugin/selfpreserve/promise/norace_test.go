//go:build !race

package promise

// How much is walked and tried; many more schedules if HOLDFAST_EXHAUSTIVE is set.
const (
	schedules     = 2_000
	gateSchedules = 250_000
	raceSteps     = 0
)
