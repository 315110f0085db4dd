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

// The front page's command runs all the tests that its sentence is about.
func TestTheREADMEsCommandRunsTheTestsOfOtherServers(t *testing.T) {
	m := regexp.MustCompile(`(?m)^go test \./test/zones(?: -run '([^']+)')? -v$`).FindStringSubmatch(lab.Read(t, "README.md"))
	if m == nil {
		t.Fatal("no such command")
	}
	pattern := regexp.MustCompile(m[1])
	for _, file := range []string{"secondary", "secondaries", "serials", "twoprimaries", "heartbeat", "kubernetes", "binary"} {
		tests := functions(t, "test/zones", file+"_test.go")
		if len(tests) == 0 {
			t.Errorf("%s has no test", file)
		}
		for _, name := range tests {
			if !pattern.MatchString(name) {
				t.Errorf("%s does not match %s of %s", pattern, name, file)
			}
		}
	}
}

// Each go test that READMEs, comments, the Makefile and CI show has folders with tests, and
// patterns that match some of them; each go run has a folder, and each make a target.
func TestCommandsThatAreShownFindWhatTheyRun(t *testing.T) {
	shown := regexp.MustCompile("(?:[\n`@\t]|=\\S+ )(go (?:test|run) [^`\n]+|make [a-z-]+(?: [A-Z]+=[^`\n]*)?[`\n])")
	makefile, commands := lab.Read(t, "Makefile"), 0
	for file, text := range textsOf(t, "*.md", "*_test.go", "Makefile", "run") {
		for _, m := range shown.FindAllStringSubmatch(text, -1) {
			words := strings.Fields(strings.Trim(m[1], "`"))
			if words[0] == "make" {
				if !strings.Contains(makefile, "\n"+words[1]+":") {
					t.Errorf("%s: there is no target of %q", file, m[1])
				}
				continue
			}
			commands++
			var found, patterns []string
			for i, word := range words[2:] {
				switch before := words[i+1]; {
				case strings.HasSuffix(word, "/..."):
				case strings.HasPrefix(word, "./"):
					names := functions(t, word, "*.go")
					if found = append(found, names...); words[1] == "test" && len(names) == 0 {
						t.Errorf("%s: no tests in %s", file, word)
					}
					if _, err := os.Stat(filepath.Join(lab.Root, word)); err != nil {
						t.Errorf("%s: %v", file, err)
					}
				case before == "-run" || before == "-bench":
					patterns = append(patterns, strings.Trim(word, "'"))
				}
			}
			for _, pattern := range patterns {
				if pattern[0] != '^' && pattern != "." && !slices.ContainsFunc(found, regexp.MustCompile(pattern).MatchString) {
					t.Errorf("%s: nothing matches %s of %s", file, pattern, m[1])
				}
			}
		}
	}
	if commands < 20 {
		t.Errorf("%d commands, want those of README.md at least", commands)
	}
}

// functions are the tests and benchmarks in the files of a folder.
func functions(t *testing.T, folder, files string) (names []string) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(lab.Root, folder, files))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^func ((?:Test|Benchmark)\w+)`).FindAllStringSubmatch(string(source), -1) {
			names = append(names, m[1])
		}
	}
	return names
}
