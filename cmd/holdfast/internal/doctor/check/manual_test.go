package check_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/doctor/check"
)

var heading = regexp.MustCompile(`(?m)^(##+) (.*)$`)

// A finding names a heading of the manual, which says what, why and how to fix it.
func TestTheManualHasASectionForEachCheckInTheirOrder(t *testing.T) {
	text, err := os.ReadFile("../../../../../docs/doctor.md")
	if err != nil {
		t.Fatal(err)
	}
	manual := string(text)
	var want, have []string
	section := ""
	for _, c := range check.Checks {
		if c.Section != section {
			section = c.Section
			want = append(want, "## "+section)
		}
		want = append(want, "### "+c.ID)
	}
	at := heading.FindAllStringIndex(manual, -1)
	for i, h := range at {
		title := manual[h[0]:h[1]]
		have = append(have, title)
		end := len(manual)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		body := manual[h[1]:end]
		for _, part := range []string{"\n**What.** ", "\n**Why.** ", "\n**Fix.** "} {
			if strings.HasPrefix(title, "### ") && strings.Count(body, part) != 1 {
				t.Errorf("%s has no %q", title, strings.TrimSpace(part))
			}
		}
	}
	if strings.Join(have, "\n") != strings.Join(want, "\n") {
		t.Errorf("the manual has\n%s\nwant\n%s", strings.Join(have, "\n"), strings.Join(want, "\n"))
	}
}
