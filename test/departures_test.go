package test

import (
	"fmt"
	"slices"
	"strings"
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
