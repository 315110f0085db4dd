package readme

import (
	"regexp"
	"strings"
	"testing"
)

// A page that names a test as its witness names one that exists.
func TestPagesNameTestsThatExist(t *testing.T) {
	var all strings.Builder
	for _, source := range textsOf(t, "*_test.go") {
		all.WriteString(source)
	}
	named := 0
	for file, page := range textsOf(t, "*.md") {
		for _, m := range regexp.MustCompile("`(Test[A-Z]\\w*)`").FindAllStringSubmatch(page, -1) {
			if named++; !strings.Contains(all.String(), "\nfunc "+m[1]+"(") {
				t.Errorf("%s: there is no %s", file, m[1])
			}
		}
	}
	if named < 10 {
		t.Errorf("%d tests are named, want those of SECURITY.md at least", named)
	}
}

// Each version of the changelog has a link, and a date unless it is to come.
func TestChangelogHasLinksAndDates(t *testing.T) {
	for file, text := range textsOf(t, "CHANGELOG.md") {
		versions := regexp.MustCompile(`(?m)^## (.*)$`).FindAllStringSubmatch(text, -1)
		for i, m := range versions {
			version := regexp.MustCompile(`^\[(Unreleased|\d+\.\d+\.\d+)\]( - \d{4}-\d\d-\d\d)?$`).FindStringSubmatch(m[1])
			if version == nil || (version[1] == "Unreleased") != (i == 0) || (version[2] == "") != (i == 0) {
				t.Errorf("%s: %q: want [Unreleased] first, then versions with dates", file, m[1])
				continue
			}
			if !strings.Contains(text, "\n["+version[1]+"]: https://") {
				t.Errorf("%s: %s has no link", file, version[1])
			}
		}
		if len(versions) < 2 {
			t.Errorf("%s has %d versions", file, len(versions))
		}
	}
}
