package plugintest

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestWhatAPackageMustNotHaveIsFound(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"pure.go":      "package p\n\nimport \"time\"\n\nfunc f(d time.Duration, t time.Time) time.Time { return t.Add(d) }\n",
		"net.go":       "//go:build plan9\n\npackage p\n\nimport (\n\t_ \"net/http\"\n\t. \"slices\"\n)\n\nvar _ = Max[[]int]\n",
		"wait.go":      "package p\n\nimport clock \"time\"\n\nfunc g() {\n\tgo func() { clock.Sleep(1) }()\n\t_ = clock.Now\n}\n",
		"open_test.go": "package p\n\nimport _ \"os\"\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{
		"net.go:6: imports net/http", "net.go:7: imports slices without its name",
		"wait.go:6: starts a goroutine", "wait.go:6: reads a clock: time.Sleep", "wait.go:7: reads a clock: time.Now",
	}
	if got := impurities(t, dir, []string{"slices", "time"}); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
