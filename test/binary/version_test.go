// Package binary tests what the binary does by itself: its versions, bad Corefiles, reloads.
package binary

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/holdfastdns/holdfast/test/lab"
)

func TestBinaryNamesBothVersionsAndItsPlugins(t *testing.T) {
	path := lab.Binary(t)
	printed := lab.Command(t, ".", path, "-version")
	version := regexp.MustCompile(`^CoreDNS-1\.15\.0 \(Holdfast (\d+\.\d+\.\d+)\)\n`).FindStringSubmatch(printed)
	if version == nil {
		t.Fatalf("-version prints %q", printed)
	}
	readme := lab.Read(t, "README.md")
	if want := "go get github.com/holdfastdns/holdfast@v" + version[1] + "\n"; !strings.Contains(readme, want) {
		t.Errorf("README's recipe does not say %q", want)
	}
	plugins := strings.Fields(lab.Command(t, ".", path, "-plugins"))
	for _, want := range []string{"ttlfloor", "stalecheck", "selfpreserve", "kubernetes", "forward"} {
		if !slices.Contains(plugins, want) {
			t.Errorf("-plugins does not list %s: %q", want, plugins)
		}
	}
}
