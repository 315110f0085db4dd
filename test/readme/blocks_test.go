package readme

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/holdfastdns/holdfast/test/lab"
)

// Each block of commands says who runs it, or why nothing can: lab.BlocksOf says how. A test
// that is named takes the block from the page by lab.Typed, and so runs what the page shows.
// Commands that run tests, and those of CI, need no mark.
func TestEveryCommandOfAPageIsRunOrSaysWhyNot(t *testing.T) {
	runs, ci := typedBy(t), lab.Read(t, ".ci/run")
	marked := 0
	for file, text := range textsOf(t, "*.md") {
		page, err := filepath.Rel(lab.Root, file)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range lab.BlocksOf(text) {
			if why := notRun(b, page, ci, runs); why != "" {
				t.Errorf("%s: %s:\n%s", page, why, b.Commands)
			}
			if b.By != "" {
				marked++
			}
		}
	}
	if marked < 10 {
		t.Errorf("%d blocks are run, want those of the examples at least", marked)
	}
}

// notRun returns what is wrong with a block's mark, or "".
func notRun(b lab.Block, page, ci string, runs map[string][]string) string {
	switch {
	case b.By == "" && b.Not != "":
		return ""
	case b.By == "" && !runsByItself(b.Commands, ci):
		return "nothing says who runs this"
	case b.By == "":
		return ""
	case strings.HasPrefix(b.By, "."):
		script, err := os.ReadFile(filepath.Join(lab.Root, b.By))
		if err != nil || !strings.Contains(string(script), "run by "+strings.ReplaceAll(b.By, "/", `\/`)) {
			return b.By + " does not look for its mark"
		}
	case !slices.Contains(runs[b.By], page):
		return b.By + " does not take it by lab.Typed"
	}
	return ""
}

var (
	goTest   = regexp.MustCompile(`^(\w+=\S+ )*go (-C \S+ )?test `) // TestCommandsThatAreShownFindWhatTheyRun knows more of it
	ciRuns   = regexp.MustCompile(`^(go run \./test|make [a-z-]+)`)
	function = regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	typed    = regexp.MustCompile(`lab\.Typed\(t, "([^"]+)"`)
)

// runsByItself is whether all commands run tests or are CI's.
func runsByItself(commands, ci string) bool {
	for line := range strings.Lines(commands) {
		line, _, _ = strings.Cut(strings.TrimSpace(line), " #")
		command := ciRuns.FindString(line)
		if !goTest.MatchString(line) && (command == "" || !regexp.MustCompile(`(?m)^`+regexp.QuoteMeta(command)+`\b`).MatchString(ci)) {
			return false
		}
	}
	return true
}

// typedBy are the pages of whose commands tests run some, by the name of the test: what its
// package takes from pages.
func typedBy(t *testing.T) map[string][]string {
	t.Helper()
	tests, pages, by := make(map[string][]string), make(map[string][]string), make(map[string][]string)
	for file, source := range textsOf(t, "*_test.go") {
		folder := filepath.Dir(file)
		for _, m := range function.FindAllStringSubmatch(source, -1) {
			tests[m[1]] = append(tests[m[1]], folder)
		}
		for _, m := range typed.FindAllStringSubmatch(source, -1) {
			pages[folder] = append(pages[folder], m[1])
		}
	}
	for name, folders := range tests {
		if len(folders) == 1 { // a name that two have names nobody
			by[name] = pages[folders[0]]
		}
	}
	return by
}

// A block that nobody runs is told from one that somebody does.
func TestMarksOfBlocksAreUnderstood(t *testing.T) {
	runs := map[string][]string{"TestA": {"page.md"}}
	const ci = "make lint\nmake release PLATFORMS=x\ngo run ./test\n"
	for text, fine := range map[string]bool{
		"~~~ sh\ncurl x\n~~~\n":                                                             false,
		"~~~\n$ curl x\n~~~\n":                                                              false,
		"- a\n\n  ```bash\n  curl x\n  ```\n":                                               false,
		"<!-- run by TestA -->\n~~~ sh\ncurl x\n~~~\n":                                      true,
		"<!-- run by TestA, but for x, which is far away -->\n~~~ sh\ncurl x\n~~~\n":        true,
		"<!-- run by TestB -->\n~~~ sh\ncurl x\n~~~\n":                                      false,
		"<!-- run by TestA -->\n\n~~~ sh\ncurl x\n~~~\n":                                    false,
		"<!-- run by .ci/nothing -->\n~~~ sh\ncurl x\n~~~\n":                                false,
		"<!-- not run: needs a registry -->\n~~~ console\ncurl x\n~~~\n":                    true,
		"<!-- not run:  -->\n~~~ sh\ncurl x\n~~~\n":                                         false,
		"~~~ sh\nmake lint # often\nHOLDFAST_X=1 go " + "test ./x\ngo -C y test ./y\n~~~\n": true,
		"~~~ sh\nmake lint\ncurl x\n~~~\n":                                                  false,
		"~~~ sh\nmake link\n~~~\n":                                                          false,
		"~~~ sh\nmake release\n~~~\n":                                                       true,
	} {
		blocks := lab.BlocksOf(text)
		if len(blocks) != 1 {
			t.Fatalf("%d blocks in\n%s", len(blocks), text)
		}
		if why := notRun(blocks[0], "page.md", ci, runs); (why == "") != fine {
			t.Errorf("%q of\n%s", why, text)
		}
	}
	if n := len(lab.BlocksOf("~~~ txt\ncurl x\n~~~\n\n~~~ corefile\n. {\n}\n~~~\n")); n != 0 {
		t.Errorf("%d blocks in what is not commands", n)
	}
}
