package test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

var binaryDir string

// buildBinary compiles the binary once for all tests, as go run does, whose compiled
// packages serve here too.
var buildBinary = sync.OnceValues(func() (string, error) {
	// go test keeps a result for as long as what the test opened is unchanged: it must
	// know of the sources that this package does not import.
	for _, source := range []string{"main.go", "zplugin.go"} {
		if _, err := os.ReadFile(filepath.Join("../build/coredns", source)); err != nil {
			return "", err
		}
	}
	dir, err := os.MkdirTemp("", "holdfast")
	if err != nil {
		return "", err
	}
	binaryDir = dir
	path, args := filepath.Join(dir, "coredns"), []string{"build"}
	if underRace() {
		args = append(args, "-race")
		if err := reportRaces(dir); err != nil {
			return "", err
		}
	}
	build := exec.Command("go", append(args, "-o", path, "./build/coredns")...) // #nosec G204
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		return string(out), err
	}
	return path, nil
})

func binary(t testing.TB) string {
	t.Helper()
	path, err := buildBinary()
	if err != nil {
		t.Fatalf("building the binary: %v\n%s", err, path)
	}
	return path
}

func removeBinary() {
	if binaryDir != "" {
		_ = os.RemoveAll(binaryDir)
	}
}

// running is a process of the binary and what it has printed so far.
type running struct {
	*os.Process

	mu  sync.Mutex
	out strings.Builder
}

func (r *running) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.out.Write(p)
}

func (r *running) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.out.String()
}

// runBinary starts the binary in dir until the test ends. At the end it gets SIGTERM
// and must exit without an error.
func runBinary(t testing.TB, dir string, args ...string) *running {
	t.Helper()
	cmd := exec.Command(binary(t), args...) // #nosec G204 -- our own
	cmd.Dir = dir
	log := new(running)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		stuck := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
		defer stuck.Stop()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the binary ended with %v", err)
		}
		if t.Failed() {
			t.Logf("the binary's output:\n%s", log)
		}
	})
	log.Process = cmd.Process
	return log
}
