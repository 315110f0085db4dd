package doctor

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/cli"
)

// root is the top of the repository.
const root = "../../../.."

// runs runs doctor and returns what it printed and its exit code.
func runs(t *testing.T, stdin string, args ...string) (out, errs string, code int) {
	t.Helper()
	var o, e bytes.Buffer
	code = cli.Run(t.Context(), cli.Streams{In: strings.NewReader(stdin), Out: &o, Err: &e}, append([]string{"doctor"}, args...), []cli.Verb{Verb})
	return o.String(), e.String(), code
}

// report runs doctor, which has to end with a report, and returns that.
func report(t *testing.T, stdin string, args ...string) *Report {
	t.Helper()
	out, errs, code := runs(t, stdin, append(args, "-o", "json")...)
	r := new(Report)
	if err := json.Unmarshal([]byte(out), r); err != nil || r.Schema != cli.SchemaVersion || errs != "" {
		t.Fatalf("it exits with %d and says %q, %q", code, out, errs)
	}
	if want := map[bool]int{true: 0, false: 1}[r.Fine]; code != want || r.Fine != (r.findings() == 0) {
		t.Fatalf("it exits with %d, fine: %t", code, r.Fine)
	}
	return r
}

// found are the checks that found something.
func found(r *Report) []string {
	ids := []string{}
	for _, c := range r.Checks {
		if len(c.Findings) > 0 {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// said is all that a check found.
func said(r *Report, id string) string {
	var all []string
	for _, c := range r.Checks {
		for _, f := range c.Findings {
			if c.ID == id {
				all = append(all, f.Server+": "+f.Reason)
			}
		}
	}
	return strings.Join(all, "\n")
}

// write writes files into a folder of their own, which it returns.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		at := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func text(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file) // #nosec G304 -- the repository's
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// finds fails the test unless these checks found something, and no other.
func finds(t *testing.T, r *Report, want ...string) {
	t.Helper()
	if have := found(r); !slices.Equal(have, append([]string{}, want...)) {
		t.Errorf("it finds %q, want %q: %+v", have, want, r.Checks)
	}
}
