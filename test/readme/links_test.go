package readme

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// Links inside the repository lead somewhere.
func TestLinksBetweenREADMEsLead(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)
	for file, text := range textsOf(t, "*.md") {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(file), m[1])); err != nil {
				t.Errorf("%s links to %s: %v", file, m[1], err)
			}
		}
	}
}
