package binary

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/test/lab"
)

func TestBinaryRefusesABadCorefileNamingTheLine(t *testing.T) {
	dir := t.TempDir()
	corefile := dir + "/Corefile"
	lab.Write(t, corefile, ".:0 {\n  ttlfloor 5s {\n    zero 2s\n  }\n}\n")
	out := commandFails(t, lab.Binary(t), "-conf", corefile)
	if !strings.Contains(out, "plugin/ttlfloor: ") || !strings.Contains(out, "Corefile:3 - Error during parsing: zero 2s is below the floor: want at least 5s") {
		t.Errorf("a bad Corefile prints %q", out)
	}
}

// commandFails runs a program that must exit with an error, and returns its output.
func commandFails(t testing.TB, program string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, program, args...).CombinedOutput() // #nosec G204 -- the test's own
	if _, ok := errors.AsType[*exec.ExitError](err); !ok || ctx.Err() != nil {
		t.Fatalf("%s %q: %v, want an exit code\n%s", program, args, err, out)
	}
	return string(out)
}
