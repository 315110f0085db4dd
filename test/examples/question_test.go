package examples

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/holdfastdns/holdfast/test/lab"
)

// Each example says first what it is for, in about a page.
func TestExamplesStartWithTheQuestionThatTheyAnswer(t *testing.T) {
	folders, err := filepath.Glob(filepath.Join(lab.Root, "corefile-examples", "*"))
	if err != nil || len(folders) == 0 {
		t.Fatal("no examples", err)
	}
	question := regexp.MustCompile(`^# [^\n]+\?\n\n`)
	for _, folder := range folders {
		text, err := os.ReadFile(filepath.Join(folder, "README.md"))
		if err != nil {
			t.Error(err)
			continue
		}
		if !question.Match(text) {
			t.Errorf("%s: README.md does not start with a question", folder)
		}
		if lines := strings.Count(string(text), "\n"); lines > 80 {
			t.Errorf("%s: README.md has %d lines, want a page", folder, lines)
		}
		if corefiles, _ := filepath.Glob(filepath.Join(folder, "Corefile*")); len(corefiles) == 0 {
			t.Errorf("%s has no Corefile", folder)
		}
	}
}
