package test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// awaitGone waits until as many of the members have ended, and returns the others.
func awaitGone(t *testing.T, many int, members ...*member) (left []*member) {
	t.Helper()
	until(t, fmt.Sprintf("%d of %d leave", many, len(members)), func() bool {
		left = slices.DeleteFunc(slices.Clone(members), (*member).gone)
		return len(left) <= len(members)-many
	})
	if want := len(members) - many; len(left) != want {
		t.Fatalf("%d of %d are left, want %d", len(left), len(members), want)
	}
	return left
}

// allPreserved fails the test unless the members are alive, and held, for so long.
func allPreserved(t *testing.T, d time.Duration, members ...*member) {
	t.Helper()
	throughout(t, d, func() string {
		for _, m := range members {
			if r := m.ready(); !strings.HasPrefix(r, "200 PRESERVED: ") {
				return fmt.Sprintf("/ready of %s: %s", m.http, r)
			}
			if !m.answers("www.example.org.") {
				return m.dns + " does not answer"
			}
		}
		return ""
	})
}

// guard asks all members over and over again, and fails the test if fewer than least
// were in service. Who once is out of service must not come back: then a look at one
// after the other never counts fewer than there are.
func guard(t *testing.T, least int, members ...*member) (stop func()) {
	t.Helper()
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		looks := 0
		poll := time.NewTicker(50 * time.Millisecond)
		defer poll.Stop()
		for {
			var all sync.WaitGroup
			in := make([]bool, len(members))
			for i, m := range members {
				all.Go(func() { in[i] = m.inService() })
			}
			all.Wait()
			if looks++; count(in) < least {
				t.Errorf("%d of %d are in service, want at least %d", count(in), len(members), least)
				return
			}
			select {
			case <-done:
				t.Logf("at least %d of %d in service at each of %d looks", least, len(members), looks)
				return
			case <-poll.C:
			}
		}
	}()
	stop = sync.OnceFunc(func() { close(done); <-ended })
	t.Cleanup(stop)
	return stop
}

func count(in []bool) (n int) {
	for _, is := range in {
		if is {
			n++
		}
	}
	return n
}
