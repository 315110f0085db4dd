package lab

import (
	"crypto/rand"
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// NeedEngine is for a Docker engine what Tool is for a program.
func NeedEngine(t testing.TB) {
	t.Helper()
	if out, err := exec.Command(Tool(t, "docker", "docker.io"), "info").CombinedOutput(); err != nil { // #nosec G204 -- the test's own
		t.Logf("%s", out)
		SkipWithout(t, fmt.Sprintf("a Docker engine (%v)", err), "start Docker")
	}
}

// Docker runs the engine's command and returns what it printed.
func Docker(t testing.TB, args ...string) string {
	t.Helper()
	return strings.TrimSpace(Command(t, Root, "docker", args...))
}

// Unique is a name that nothing else of the engine has.
func Unique() string { return "holdfast-test-" + strings.ToLower(rand.Text()) }
