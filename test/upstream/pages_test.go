package upstream

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/holdfastdns/holdfast/test/lab"
)

// sections are what somebody who files a defect has to say, and what we have to know.
var sections = []string{"What happens", "What should happen", "Reproduction", "Cause", "What Holdfast does", "When it is mended"}

func TestEveryPageHasATestAndALine(t *testing.T) {
	pages, err := filepath.Glob(filepath.Join(lab.Root, "docs/upstream/*.md"))
	if err != nil || len(pages) < 2 {
		t.Fatalf("%v: %d pages", err, len(pages))
	}
	sources, index := sourcesOfTests(t), lab.Read(t, "docs/upstream/README.md")
	for _, path := range pages {
		name := filepath.Base(path)
		if name == "README.md" {
			continue
		}
		page := lab.Read(t, "docs/upstream/"+name)
		var has []string
		for _, m := range regexp.MustCompile(`(?m)^## (.*)$`).FindAllStringSubmatch(page, -1) {
			has = append(has, m[1])
		}
		if !slices.Equal(has, sections) {
			t.Errorf("%s has the sections %q, want %q", name, has, sections)
		}
		if !strings.Contains(index, "]("+name+") |\n") {
			t.Errorf("%s is not in the table of README.md", name)
		}
		if why := wrongTest(page, name, sources); why != "" {
			t.Errorf("%s: %s", name, why)
		}
	}
}

// wrongTest returns what is wrong with the command that a page shows: it has to run one test,
// which is about that page.
func wrongTest(page, name, sources string) string {
	command := regexp.MustCompile(`(?m)^go test(?: -race)? -run (\w+) \./test/upstream$`).FindStringSubmatch(page)
	if command == nil {
		return "want the command that runs its test"
	}
	tests := regexp.MustCompile(`(?ms)^func (Test\w*`+command[1]+`\w*)\(.*?^}`).FindAllStringSubmatch(sources, -1)
	if len(tests) != 1 || !strings.Contains(tests[0][0], fmt.Sprintf("%q}", name)) {
		return fmt.Sprintf("-run %s matches %d tests, want one that names the page", command[1], len(tests))
	}
	return ""
}

// sourcesOfTests is the text of this package's files.
func sourcesOfTests(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file) // #nosec G304 -- our own
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}
