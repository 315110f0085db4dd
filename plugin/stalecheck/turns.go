package stalecheck

import "context"

// turns limit how many queries to a reference may await an answer at once. Zones whose
// answers come late get no more than half of them, so that a server which drops the queries
// for some zones does not keep the others from being asked.
type turns struct{ prompt, common chan struct{} }

func newTurns(n int) *turns {
	return &turns{prompt: make(chan struct{}, n-n/2), common: make(chan struct{}, n/2)}
}

// take waits for a turn and returns the channel to receive from to give it back, or nil if
// ctx was done first.
func (t *turns) take(ctx context.Context, late bool) chan struct{} {
	prompt := t.prompt
	if late {
		prompt = nil // which is never ready
	}
	select {
	case prompt <- struct{}{}:
		return prompt
	case t.common <- struct{}{}:
		return t.common
	case <-ctx.Done():
		return nil
	}
}
