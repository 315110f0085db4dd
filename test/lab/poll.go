package lab

import (
	"testing"
	"time"
)

// Patience is for machines that stall: nothing here measures how fast an answer is.
const Patience = 10 * time.Second

// Slow is what a fleet may take on a machine that does ten things at once.
const Slow = 30 * time.Second

// Until polls until ok is true, which guards against hanging and measures nothing.
func Until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	deadline := time.After(Slow)
	for !ok() {
		select {
		case <-deadline:
			t.Fatalf("%s: not within %s", what, Slow)
		case <-poll.C:
		}
	}
}

// Eventually asks until why has nothing to tell, and fails the test if that takes
// longer than within.
func Eventually(t *testing.T, within time.Duration, why func() string) {
	t.Helper()
	begin := time.Now()
	poll := time.NewTicker(100 * time.Millisecond)
	defer poll.Stop()
	for {
		told := why()
		switch took := time.Since(begin); {
		case took > within:
			t.Fatalf("after %s: %s", took, told)
		case told == "":
			t.Logf("after %s", took.Round(time.Millisecond))
			return
		}
		<-poll.C
	}
}

// Throughout fails the test if why has anything to tell while d passes.
func Throughout(t *testing.T, d time.Duration, why func() string) {
	t.Helper()
	begin := time.Now()
	poll := time.NewTicker(100 * time.Millisecond)
	defer poll.Stop()
	for time.Since(begin) < d {
		if told := why(); told != "" {
			t.Fatalf("after %s: %s", time.Since(begin), told)
		}
		<-poll.C
	}
}
