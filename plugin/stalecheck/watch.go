package stalecheck

import (
	"context"
	"time"

	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"
)

// watch looks at a zone's backend after begin, at everything after delay, and then about every
// interval until ctx is done. It also looks at the backend at the moment at which the zone
// is due to turn stale: a transfer since the last look may have cured it. In the first interval it
// looks more often while nobody can tell the age: see hurry. Between two looks there is no
// goroutine, since there may be ten thousand zones. unwatch ends it.
func (s *StaleCheck) watch(ctx context.Context, z *zone, begin, delay time.Duration) {
	z.next = s.now().Add(delay)
	z.waking.Lock()
	defer z.waking.Unlock()
	if ctx.Err() != nil {
		return // nobody would stop the alarm
	}
	s.tasks.Add(1)
	z.alarm = time.AfterFunc(begin, func() {
		defer s.tasks.Done()
		s.lookAgain(ctx, z)
	})
}

// unwatch ends what watch began. The context that watch has must be done.
func (s *StaleCheck) unwatch(z *zone) {
	z.waking.Lock()
	defer z.waking.Unlock()
	if z.alarm != nil && z.alarm.Stop() {
		s.tasks.Done()
	}
}

// pause is how long it is until the zone is looked at again.
func (s *StaleCheck) pause(z *zone) time.Duration {
	wait := z.sooner.before(z.next).Sub(s.now())
	if v := z.verdict.Load(); !v.Due.IsZero() {
		wait = min(wait, v.Due.Sub(s.now()))
	}
	return wait
}

// lookAgain looks at what is due, and sets the alarm for the next look.
func (s *StaleCheck) lookAgain(ctx context.Context, z *zone) {
	now, unknown := s.now(), z.verdict.Load().Status == verdict.Unknown
	switch {
	case !now.Before(z.next):
		z.next = now.Add(scattered(s.interval))
		z.sooner = z.sooner.begin(now, s.interval)
		s.look(ctx, z)
	case now.Before(z.sooner.before(z.next)):
		s.lookAtBackend(ctx, z)
	default:
		if z.sooner.again(unknown); unknown {
			s.look(ctx, z)
		}
	}
	z.waking.Lock()
	defer z.waking.Unlock()
	if ctx.Err() == nil {
		s.tasks.Add(1)
		z.alarm.Reset(s.pause(z))
	}
}
