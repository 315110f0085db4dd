package test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"
	coretest "github.com/coredns/coredns/test"
)

// filesNamed returns the files of the repository whose name matches.
func filesNamed(t *testing.T, pattern string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && d.Name() == ".git" {
			return fs.SkipDir
		}
		if ok, _ := filepath.Match(pattern, d.Name()); ok {
			found = append(found, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// validate sets up every directive of a Corefile without listening.
func validate(corefile string) error {
	dnsserver.Quiet = true
	return caddy.ValidateAndExecuteDirectives(coretest.NewInput(corefile), nil, true)
}

func TestCorefilesInREADMEsAreValid(t *testing.T) {
	block := regexp.MustCompile("(?s)(?:~~~|```) corefile\n(.*?)(?:~~~|```)")
	blocks := 0
	for _, file := range filesNamed(t, "*.md") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range block.FindAllStringSubmatch(string(text), -1) {
			blocks++
			if err := validate(m[1]); err != nil {
				t.Errorf("%s: %v\n%s", file, err, m[1])
			}
		}
	}
	if blocks < 4 {
		t.Errorf("%d blocks marked corefile, want those of plugin/ttlfloor/README.md at least", blocks)
	}
}

// Links inside the repository lead somewhere.
func TestLinksBetweenREADMEsLead(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)
	for _, file := range filesNamed(t, "*.md") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(file), m[1])); err != nil {
				t.Errorf("%s links to %s: %v", file, m[1], err)
			}
		}
	}
}

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
