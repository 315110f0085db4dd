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
	// Twice as long each time more, till mostAsides.
	steadyAtLeast = time.Minute
	mostAsides    = 5

	// forgottenIn is how long it takes until one time is forgotten.
	forgottenIn = 10 * time.Minute
)

// countAside counts one.
func (s *steadiness) countAside(now time.Duration) {
	s.asides = min(mostAsides, max(0, s.asides-int((now-s.asideAt)/forgottenIn))+1)
	s.asideAt = now
}

// steadyUntil is till when a server neither steps aside again nor, while enough promise to
// stay, comes back. The first time it does as it likes.
func (s *steadiness) steadyUntil() time.Duration {
	if s.asides < 2 {
		return s.asideAt
	}
	return s.asideAt + steadyAtLeast<<(s.asides-2)
}

// recovering is whether an unfit server passes its checks again, if not yet often enough to
// be fit. It does not step aside now: when a fault of all is over, those that notice first can
// promise, and would let those go that are well too. One that is fit no longer asks.
func (m *Machine) recovering() bool { return !m.terminating && m.fitness.AllPassed }

// comeBack ends the time of a server that is fit, and aside only because it has been there too
// often: another asks it to stay in service.
func (m *Machine) comeBack() {
	if m.state == Aside && m.fitness.Fit && m.fitness.AllPassed && m.override.Kind == "" {
		m.dropRound()
		m.enter(Serving)
	}
}

// whySteady is that, for people.
func (s *steadiness) whySteady(now time.Duration) string {
	return fmt.Sprintf("it has stepped aside %d times recently and stays as it is for %s", s.asides, (s.steadyUntil() - now).Round(time.Second))
}
