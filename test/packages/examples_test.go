package packages

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/holdfastdns/holdfast/test/lab"
)

// Who reads an example in /usr/share/doc has no repository: links lead to the web or to another
// file that is there, and commands run what is installed.
func TestExamplesInPackagesNeedNoRepository(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "corefile-examples")
	lab.Command(t, lab.Root, "build/packages/examples", folder)
	links, commands := 0, 0
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path) // #nosec G304 -- the test's own
		if err != nil {
			return err
		}
		for _, needs := range []string{"go run", "go build", "./coredns", "top of the repository", "compiles CoreDNS", "<!--"} {
			if strings.Contains(string(text), needs) {
				t.Errorf("%s has %q", path, needs)
			}
		}
		commands += strings.Count(string(text), "holdfast-coredns -conf corefile-examples/")
		if filepath.Ext(path) != ".md" {
			return nil
		}
		for _, m := range regexp.MustCompile(`\]\(([^)#]+)[^)]*\)`).FindAllStringSubmatch(string(text), -1) {
			links++
			if strings.HasPrefix(m[1], "https://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), m[1])); err != nil {
				t.Errorf("%s links to %s: %v", path, m[1], err)
			}
		}
		return nil
	})
	if err != nil || links < 20 || commands < 5 {
		t.Errorf("%v, %d links, %d commands: want those of the examples", err, links, commands)
	}
}
