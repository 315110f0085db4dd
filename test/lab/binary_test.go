package lab

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What go test has to know of, to run the tests of the binary again when it has changed.
func TestSourcesOfTheBinaryAreAllThatItIsMadeOf(t *testing.T) {
	sources, err := sourcesOf("./build/coredns")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"go.mod", "go.sum", "build/coredns/main.go", "build/coredns/zplugin.go", "build/coredns",
		"plugin/ttlfloor/ttlfloor.go", "plugin/stalecheck", "plugin/selfpreserve/selfpreserve.go"} {
		if !slices.Contains(sources, filepath.Join(Root, want)) {
			t.Errorf("%s is not among them", want)
		}
	}
	for _, source := range sources {
		in, err := filepath.Rel(Root, source)
		if err != nil || !filepath.IsLocal(in) {
			t.Errorf("go test does not look at %s, which is not of this module", source)
		}
		if strings.HasPrefix(in, "test/") {
			t.Errorf("the binary imports %s, which is the tests'", in)
		}
	}
}
