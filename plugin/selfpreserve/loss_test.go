package selfpreserve

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// One lost question is no state: a server with many canaries still promises.
func TestSixteenCanariesThatLoseAFewQuestionsAreNoReasonToPromiseNothing(t *testing.T) {
	const looks = 2000
	rng, all := rand.New(rand.NewPCG(5, 16)), new(checks)
	for i := range maxCanaries {
		all.add(fmt.Sprintf("canary %d. A", i), twice(time.Minute, func(context.Context) error {
			if rng.Float64() < 0.05 {
				return errors.New("no reply in time")
			}
			return nil
		}))
	}
	passed := 0
	for i := range looks {
		var errs []error
		for _, c := range all.all {
			errs = append(errs, c.look(t.Context()))
		}
		f := all.note(time.Duration(i), errs)
		if f.AllPassed {
			passed++
		}
		if !f.Fit {
			t.Fatalf("unfit after %d looks: %s", i, f.Why)
		}
	}
	if passed < looks*9/10 {
		t.Errorf("all passed in %d of %d looks: in the others it promises nothing", passed, looks)
	}
}

func TestACanaryIsAskedAgainWithinTheSameLook(t *testing.T) {
	asked := 0
	look := twice(time.Millisecond, func(ctx context.Context) error {
		if asked++; asked == 1 {
			<-ctx.Done() // lost
			return ctx.Err()
		}
		return ctx.Err()
	})
	if err := look(t.Context()); err != nil || asked != 2 {
		t.Errorf("%v after it was asked %d times", err, asked)
	}
	sick := errors.New("SERVFAIL")
	if err := twice(time.Minute, func(context.Context) error { return sick })(t.Context()); err != sick {
		t.Errorf("%v, want %v", err, sick)
	}
}
