package plugintest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/coredns/caddy"
)

// NamesALine fails the test unless err begins with the file and a line of a Corefile on
// which a word begins.
func NamesALine(t *testing.T, corefile string, err error) {
	t.Helper()
	words := caddy.NewTestController("", corefile)
	for words.Next() {
		if strings.HasPrefix(err.Error(), fmt.Sprintf("%s:%d - ", words.File(), words.Line())) {
			return
		}
	}
	if words.Line() > 0 { // caddy calls no plugin without its name
		t.Errorf("%q gives %q, which names no line with a word", corefile, err)
	}
}
