package fleet

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/server"
)

// watch looks until it is interrupted. The exit code is the last look's.
func (l *looker) watch(ctx context.Context, interval time.Duration) error {
	var last *Fleet
	for {
		f, err := l.look(ctx, l.env.Timeout)
		switch {
		case ctx.Err() != nil:
			if last == nil {
				return nil
			}
			return last.finding()
		case err != nil && last == nil:
			return err
		case err != nil:
			l.env.Notef("no server answers: %v", err)
		default:
			last = f
			l.env.PrintAgain(f)
		}
		if err := l.env.Broken(); err != nil {
			return err
		}
		pause(ctx, interval)
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

const (
	waitPause = 500 * time.Millisecond // between two looks of --wait
	waitLook  = 2 * time.Second        // for one of them
)

// wait looks until what was given is in a state, or the time is over.
func (l *looker) wait(ctx context.Context, state string) error {
	end := time.Now().Add(l.env.Timeout)
	for {
		f, _, err := l.lookAnyway(ctx, min(waitLook, max(time.Until(end), time.Millisecond)))
		if ctx.Err() != nil {
			return ctx.Err()
		}
		over := !time.Now().Add(waitPause).Before(end)
		if err != nil && over {
			return err
		}
		if err == nil {
			missing := append(f.missing(l.first, state), unresolved(l.failed)...)
			if len(missing) == 0 || over {
				f.OK = len(missing) == 0
				if !f.OK {
					f.Verdict += fmt.Sprintf("; not %s after %s: %s", state, l.env.Timeout, names(missing))
				}
				l.env.Print(f)
				return f.finding()
			}
		}
		pause(ctx, waitPause)
	}
}

// unresolved are the names that nobody could be asked by: in what state they are nobody knows.
func unresolved(failed []error) (all []string) {
	for _, err := range failed {
		if of, ok := errors.AsType[*server.Unresolved](err); ok {
			all = append(all, of.Error())
		}
	}
	return all
}

// missing are those of the addresses whose server is not in a state.
func (f *Fleet) missing(addresses []netip.AddrPort, state string) (all []string) {
	for _, s := range f.Servers {
		its := append([]string{s.Address}, s.Others...)
		given := slices.ContainsFunc(addresses, func(a netip.AddrPort) bool { return slices.Contains(its, a.String()) })
		is := s.State == state || state == gone && (s.State == Left || s.State == Unreachable)
		if given && !is {
			all = append(all, strings.TrimSpace(s.Address+" is "+s.State))
		}
	}
	return all
}
