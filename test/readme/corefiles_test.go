// Package readme tests what READMEs show: Corefiles, links and commands.
package readme

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/holdfastdns/holdfast/test/lab"
	"github.com/holdfastdns/holdfast/test/lab/apiserver"
	"github.com/holdfastdns/holdfast/test/lab/embedded"
)

// textsOf returns the files of the repository whose name matches any pattern, and their text.
func textsOf(t *testing.T, patterns ...string) map[string]string {
	t.Helper()
	found := make(map[string]string)
	err := filepath.WalkDir(lab.Root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if d.Name() == ".git" || path == filepath.Join(lab.Root, "bin") { // where copies are made
				return fs.SkipDir
			}
			return nil
		}
		for _, pattern := range patterns {
			if ok, _ := filepath.Match(pattern, d.Name()); ok {
				text, err := os.ReadFile(path) // #nosec G304 -- of the repository
				if err != nil {
					return err
				}
				found[path] = string(text)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestCorefilesInREADMEsAreValid(t *testing.T) {
	block := regexp.MustCompile("(?s)(?:~~~|```) corefile\n(.*?)(?:~~~|```)")
	blocks := 0
	for file, text := range textsOf(t, "*.md") {
		for _, m := range block.FindAllStringSubmatch(text, -1) {
			blocks++
			if err := embedded.Validate(m[1]); err != nil {
				t.Errorf("%s: %v\n%s", file, err, m[1])
			}
		}
	}
	if blocks < 4 {
		t.Errorf("%d blocks marked corefile, want those of plugin/ttlfloor/README.md at least", blocks)
	}
}

func TestExampleCorefilesAreValid(t *testing.T) {
	files := textsOf(t, "Corefile*")
	if len(files) == 0 {
		t.Fatal("no example has a Corefile")
	}
	t.Chdir(lab.Root)                                                   // examples are run from the top of the repository
	for _, service := range []string{"KUBE_DNS", "KUBE_DNS_UPSTREAM"} { // as Kubernetes tells a pod
		t.Setenv(service+"_SERVICE_HOST", "127.0.0.1")
	}
	for file, text := range files {
		if err := embedded.Validate(apiserver.OutsideACluster(text, "http://127.0.0.1:8080")); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}
