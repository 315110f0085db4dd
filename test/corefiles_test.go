package test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// filesNamed returns the files of the repository whose name matches.
func filesNamed(t *testing.T, pattern string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
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

func TestExampleCorefilesAreValid(t *testing.T) {
	files := filesNamed(t, "Corefile*")
	if len(files) == 0 {
		t.Fatal("no example has a Corefile")
	}
	t.Chdir(root)                                                       // examples are run from the top of the repository
	for _, service := range []string{"KUBE_DNS", "KUBE_DNS_UPSTREAM"} { // as Kubernetes tells a pod
		t.Setenv(service+"_SERVICE_HOST", "127.0.0.1")
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := validate(outsideACluster(string(text), "http://127.0.0.1:8080")); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}
