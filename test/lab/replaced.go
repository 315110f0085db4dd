package lab

import (
	"strings"
	"testing"
)

// Replaced is text with each of the pairs' first strings, which have to be in it, replaced
// by the second.
func Replaced(t *testing.T, text string, pairs ...string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Errorf("there is no %q to replace in\n%s", pairs[i], text)
		}
	}
	return strings.NewReplacer(pairs...).Replace(text)
}
