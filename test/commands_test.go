package test

import (
	"os"
	"regexp"
	"testing"
)

// The front page's command runs all the tests that its sentence is about.
func TestTheREADMEsCommandRunsTheTestsOfOtherServers(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`go test \./test -run '([^']+)' -v`).FindSubmatch(text)
	if m == nil {
		t.Fatal("no such command")
	}
	pattern := regexp.MustCompile(string(m[1]))
	for _, file := range []string{"secondary", "serials", "nsd", "dynupdate", "kubernetes", "stalebinary"} {
		source, err := os.ReadFile(file + "_test.go")
		if err != nil {
			t.Fatal(err)
		}
		tests := regexp.MustCompile(`(?m)^func (Test\w+)`).FindAllSubmatch(source, -1)
		if len(tests) == 0 {
			t.Errorf("%s has no test", file)
		}
		for _, name := range tests {
			if !pattern.Match(name[1]) {
				t.Errorf("%s does not match %s of %s", pattern, name[1], file)
			}
		}
	}
}
