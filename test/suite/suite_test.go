package suite

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/test/lab"
)

// expected are CoreDNS's tests that fail with ttlfloor in every block, and why that is right.
var expected = map[string]string{
	"TestLookupCache/Short_TTL": "it wants the 5 s of cache's least TTL, which is the floor, to which jitter is added",
	"TestNoPlugins":             "it wants REFUSED, as a block without any plugin answers; with one that hands each query on, whichever it is, CoreDNS answers SERVFAIL",
	"TestProxyToChaosServer":    "it compares the TTL of version.bind, which chaos sets to 0 and the floor raises",
}

// withFloor is ttlfloor with its defaults, except that jitter is never next to nothing: so a test
// that wants a TTL of 5 s fails each time.
const withFloor = "ttlfloor {\njitter 20% 50%\n}"

// patched is the one place where CoreDNS's tests make a Corefile of a string.
const patched = "\treturn &Input{corefile: []byte(corefile)}"

// inserts is what it calls then.
const inserts = `package test

import (
	"os"

	"github.com/holdfastdns/holdfast/test/suite"
)

func insert(corefile string) string {
	if line := os.Getenv("HOLDFAST_SUITE_LINE"); line != "" {
		return suite.Insert(corefile, line)
	}
	return corefile
}
`

func TestCoreDNSsOwnTestsPassWithTTLFloorInEveryBlock(t *testing.T) {
	if os.Getenv("HOLDFAST_SUITE") == "" {
		t.Skip("takes minutes; set HOLDFAST_SUITE=1 for it")
	}
	tests := build(t)
	stock := twice(t, tests, "")
	floor := twice(t, tests, withFloor)

	differs := make(map[string]string) // by test, what it printed
	var neither []string
	for name, result := range stock {
		switch {
		case result.action == "fail" && floor[name].action == "fail":
			neither = append(neither, name)
		case result.action == "pass" && floor[name].action != "pass":
			differs[name] = floor[name].output
		}
	}
	for name := range differs { // the innermost says it
		for parent := filepath.Dir(name); parent != "."; parent = filepath.Dir(parent) {
			delete(differs, parent)
		}
	}
	slices.Sort(neither)
	t.Logf("%d tests and subtests, %d differ, %d fail either way %q", len(stock), len(differs), len(neither), neither)
	for _, name := range slices.Sorted(maps.Keys(differs)) {
		if expected[name] == "" {
			t.Errorf("%s passes without ttlfloor, and with it does not:\n%s", name, differs[name])
		} else {
			t.Logf("%s differs: %s", name, expected[name])
		}
	}
	for name := range expected {
		if _, ok := differs[name]; !ok {
			t.Errorf("%s is expected to differ, and does not", name)
		}
	}
}

// build follows the README's recipe on CoreDNS's source from the module cache, and returns the
// program of CoreDNS's tests, whose Corefiles get the line that is in HOLDFAST_SUITE_LINE.
func build(t *testing.T) (tests string) {
	t.Helper()
	work := t.TempDir()
	source := filepath.Join(work, "coredns")
	cached := strings.TrimSpace(lab.Command(t, lab.Root, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/coredns/coredns"))
	if err := os.CopyFS(source, os.DirFS(cached)); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(lab.Root, filepath.Join(work, "holdfast")); err != nil {
		t.Fatal(err)
	}
	server := filepath.Join(source, "test", "server.go")
	text, err := os.ReadFile(server) // #nosec G304 -- CoreDNS's
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(text), patched) != 1 {
		t.Fatalf("CoreDNS's test/server.go has no line %q any more", patched)
	}
	text = bytes.Replace(text, []byte(patched), []byte("\tcorefile = insert(corefile)\n"+patched), 1)
	if err := os.WriteFile(server, text, 0o600); err != nil {
		t.Fatal(err)
	}
	// Beside it, since one of CoreDNS's tests looks at the order of imports.
	if err := os.WriteFile(filepath.Join(source, "test", "insert.go"), []byte(inserts), 0o600); err != nil {
		t.Fatal(err)
	}

	readme, err := os.ReadFile(filepath.Join(lab.Root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := lab.BlocksOf(string(readme))
	recipe := slices.IndexFunc(blocks, func(b lab.Block) bool { return b.By == ".ci/recipe" })
	if recipe < 0 {
		t.Fatal("README has no block of commands that .ci/recipe runs")
	}
	// Its source is here already, and of its packages the tests are built instead of the server.
	lines := regexp.MustCompile(`(?m)^(git clone|cd|CGO_ENABLED=0 go build).*\n?`).ReplaceAllString(blocks[recipe].Commands, "")
	tests = filepath.Join(source, "test", "suite.test")
	cmd := exec.Command("bash", "-euxo", "pipefail", "-c", lines+"\ngo test -c -vet=off -o "+tests+" ./test") // #nosec G204 -- the README's own
	cmd.Dir = source
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("the recipe: %v\n%s", err, out)
	}
	return tests
}

// result is how a test ended, and what it printed. One that never ended has no action.
type result struct{ action, output string }

// twice runs all tests, and then those alone that did not pass. The second result counts: many
// tests wait for a time that a busy machine exceeds, or take a port that was free a moment ago.
func twice(t *testing.T, tests, line string) map[string]result {
	t.Helper()
	results := run(t, tests, line, ".")
	var again []string
	for name, result := range results {
		if result.action != "pass" && result.action != "skip" {
			top, _, _ := strings.Cut(name, "/")
			again = append(again, top)
		}
	}
	if again != nil {
		slices.Sort(again)
		maps.Copy(results, run(t, tests, line, "^("+strings.Join(slices.Compact(again), "|")+")$"))
	}
	return results
}

// run runs those of the tests that match, with a line in each server block unless it is empty.
func run(t *testing.T, tests, line, match string) map[string]result {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", "tool", "test2json", tests, "-test.v=test2json", "-test.timeout=15m", "-test.run", match) // #nosec G204 -- built above
	cmd.Dir = filepath.Dir(tests)
	cmd.Env = append(os.Environ(), "HOLDFAST_SUITE_LINE="+line)
	begin := time.Now()
	events, err := cmd.Output() // which fails if a test does
	results := make(map[string]result)
	for event := range bytes.Lines(events) {
		var e struct{ Action, Test, Output string }
		if json.Unmarshal(event, &e) != nil || e.Test == "" {
			continue
		}
		r := results[e.Test]
		switch e.Action {
		case "pass", "fail", "skip":
			r.action = e.Action
		case "output":
			r.output += e.Output
		}
		results[e.Test] = r
	}
	for _, name := range strings.Fields(lab.Command(t, cmd.Dir, tests, "-test.list", match)) {
		if strings.HasPrefix(name, "Test") && results[name].action == "" {
			t.Fatalf("the run with %q ended (%v) before %s did:\n%s", line, err, name, events[max(0, len(events)-4096):])
		}
	}
	t.Logf("%d tests and subtests with %q: %s", len(results), line, time.Since(begin).Round(time.Second))
	return results
}
