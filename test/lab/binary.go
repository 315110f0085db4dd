package lab

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Binary returns the path of the binary, which it builds unless another package's tests, or
// an earlier run, have built it of the same sources.
func Binary(t testing.TB) string {
	t.Helper()
	path, err := builtBinary()
	if err != nil {
		t.Fatalf("building the binary: %v", err)
	}
	t.Cleanup(func() { failRaces(t) })
	return path
}

// Holdfast returns the path of the operator's command, built as Binary is.
func Holdfast(t testing.TB) string {
	t.Helper()
	path, err := builtHoldfast()
	if err != nil {
		t.Fatalf("building the command: %v", err)
	}
	t.Cleanup(func() { failRaces(t) })
	return path
}

var (
	builtBinary   = sync.OnceValues(func() (string, error) { return build("coredns", "./build/coredns") })
	builtHoldfast = sync.OnceValues(func() (string, error) { return build("holdfast", "./cmd/holdfast") })
)

// build builds the program of a package.
func build(name, from string) (string, error) {
	sources, err := sourcesOf(from)
	if err != nil {
		return "", err
	}
	// go test keeps a result for as long as what the test looked at is unchanged: it must
	// know of the sources, which the test does not import.
	for _, source := range sources {
		if _, err := os.Stat(source); err != nil {
			return "", err
		}
	}
	dir, err := sharedDir()
	if err != nil {
		return "", err
	}
	args := []string{"build", "-buildvcs=false"}
	if UnderRace() {
		name, args = name+".race", append(args, "-race")
		if err := reportRaces(); err != nil {
			return "", err
		}
	}
	_, unlock, err := lock("build", 1)
	if err != nil {
		return "", err
	}
	defer unlock()
	path := filepath.Join(dir, fmt.Sprintf("%x", sha256.Sum256([]byte(Root)))[:12], name) // a checkout's own
	// The go tool leaves it alone if it is what it would build, and else replaces it.
	build := exec.Command("go", append(args, "-o", path, from)...) // #nosec G204
	build.Dir = Root
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return path, nil
}

// sourcesOf are the files of this module that a program is made of, and the folders that
// they are in, in which others may appear.
func sourcesOf(program string) ([]string, error) {
	const files = `{{with .Module}}{{if .Main}}{{$.Dir}}{{range $.GoFiles}}
{{$.Dir}}/{{.}}{{end}}{{range $.EmbedFiles}}
{{$.Dir}}/{{.}}{{end}}{{end}}{{end}}`
	list := exec.Command("go", "list", "-deps", "-f", files, program) // #nosec G204 -- our own
	list.Dir = Root
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("what %s is made of: %w", program, err)
	}
	return append(strings.Fields(string(out)), filepath.Join(Root, "go.mod"), filepath.Join(Root, "go.sum")), nil
}
