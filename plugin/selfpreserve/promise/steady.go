package promise

import (
	"fmt"
	"time"
)

// steadiness damps a server that is unfit again as soon as it is back, as one is that has too
// much load: each that steps aside makes it worse for the others, and comes back as it has
// none.
type steadiness struct {
	asides  int           // that have not been forgotten
	asideAt time.Duration // the last
}

const (
	// steadyAtLeast is how long a server that has stepped aside twice keeps to that: it stays
	// aside as long as its peers go on to promise, and if they do not it stays in service.
	// Twice as long each time more, up to steadyAtMost.
	steadyAtLeast = time.Minute
	steadyAtMost  = 8 * time.Minute

	// forgottenIn is how long it takes until one time is forgotten.
	forgottenIn = 10 * time.Minute
)

// countAside counts one.
func (s *steadiness) countAside(now time.Duration) {
	s.asides = max(0, s.asides-int((now-s.asideAt)/forgottenIn)) + 1
	s.asideAt = now
}

// steadyUntil is till when a server neither steps aside again nor, while enough promise to
// stay, comes back. The first time it does as it likes.
func (s *steadiness) steadyUntil() time.Duration {
	if s.asides < 2 {
		return s.asideAt
	}
	return s.asideAt + min(steadyAtMost, steadyAtLeast<<min(s.asides-2, 8))
}

// whySteady is that, for people.
func (s *steadiness) whySteady(now time.Duration) string {
	return fmt.Sprintf("has stepped aside %d times, and changes nothing for %s", s.asides, (s.steadyUntil() - now).Round(time.Second))
}
