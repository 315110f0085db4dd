package readme

import (
	"regexp"
	"strings"
	"testing"

	"github.com/holdfastdns/holdfast/test/lab"
	"github.com/holdfastdns/holdfast/test/lab/embedded"
)

// What the front page's table of symptoms tells the reader to add works in a server block as it
// stands, and is three lines at most. A line of it is a code span, and <br> stands between two.
func TestWhatTheTableOfSymptomsAddsIsValid(t *testing.T) {
	_, table, _ := strings.Cut(lab.Read(t, "README.md"), "<!-- symptoms -->\n")
	table, _, _ = strings.Cut(table, "\n\n")
	lines := regexp.MustCompile("`([^`]+)`")
	seen := make(map[string]bool)
	for row := range strings.Lines(table) {
		cells := strings.Split(strings.TrimSpace(row), "|")
		if len(cells) != 5 {
			t.Fatalf("%d cells in %q, want a symptom, a plugin and what to add", len(cells)-2, row)
		}
		var added []string
		for _, m := range lines.FindAllStringSubmatch(cells[3], -1) {
			added = append(added, m[1])
		}
		if added == nil {
			continue // the head, or what the row before has
		}
		plugin := strings.Fields(added[0])[0]
		if seen[plugin] = true; !strings.Contains(cells[2], "*"+plugin+"*") || len(added) > 3 {
			t.Errorf("the row of %s adds %q", cells[2], added)
		}
		if err := embedded.Validate(".:53 {\n" + strings.Join(added, "\n") + "\nwhoami\n}\n"); err != nil {
			t.Errorf("%v: %q", err, added)
		}
	}
	if len(seen) != 3 {
		t.Errorf("the table has %v, want all three plugins", seen)
	}
}
