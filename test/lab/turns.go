package lab

import "testing"

// turns are those of tests that run several servers and load them, of all packages. More
// at once would make the others late, which assert when an old zone is seen.
const turns = 6

// TakeTurn waits for one of the turns, till the end of the test. A test takes one.
func TakeTurn(t *testing.T) {
	t.Helper()
	_, unlock, err := lock("turn", turns)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(unlock)
}
