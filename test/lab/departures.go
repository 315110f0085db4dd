package lab

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// AwaitGone waits until as many of the members have ended, and returns the others.
func AwaitGone(t *testing.T, many int, members ...*Member) (left []*Member) {
	t.Helper()
	Until(t, fmt.Sprintf("%d of %d leave", many, len(members)), func() bool {
		left = slices.DeleteFunc(slices.Clone(members), (*Member).Gone)
		return len(left) <= len(members)-many
	})
	if want := len(members) - many; len(left) != want {
		t.Fatalf("%d of %d are left, want %d", len(left), len(members), want)
	}
	return left
}

// AllPreserved fails the test unless the members are alive, and held, for so long.
func AllPreserved(t *testing.T, d time.Duration, members ...*Member) {
	t.Helper()
	Throughout(t, d, func() string {
		for _, m := range members {
			if r := m.Ready(); !strings.HasPrefix(r, "200 PRESERVED: ") {
				return fmt.Sprintf("/ready of %s: %s", m.HTTP, r)
			}
			if !m.Answers("www.example.org.") {
				return m.DNS + " does not answer"
			}
		}
		return ""
	})
}
