package lab

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Tool returns the path of a program of a Debian package. Without it the test is skipped.
func Tool(t testing.TB, program, debianPackage string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil { // servers are in sbin, which is not in everybody's PATH
		path, err = exec.LookPath(filepath.Join("/usr/sbin", program))
	}
	if err == nil {
		return path
	}
	SkipWithout(t, program, "apt-get install "+debianPackage)
	return ""
}

// SkipWithout skips the test for want of something, and says what cures it. If
// HOLDFAST_FORBID_SKIP is set, as CI does, it fails the test.
func SkipWithout(t testing.TB, what, cure string) {
	t.Helper()
	if os.Getenv("HOLDFAST_FORBID_SKIP") != "" {
		t.Fatalf("%s is missing and skips are forbidden: %s", what, cure)
	}
	_ = os.Getenv("HOLDFAST_RUN") // go run ./test sets it, so that go test does not keep the result
	t.Skipf("%s is missing: %s", what, cure)
}

// Command runs a program in dir and returns what it printed.
func Command(t testing.TB, dir, program string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...) // #nosec G204 -- the test's own
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", program, args, err, out)
	}
	return string(out)
}
