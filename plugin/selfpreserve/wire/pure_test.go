package wire

import (
	"testing"

	"github.com/holdfastdns/holdfast/plugin/internal/plugintest"
)

// A command that reads a status must not be CoreDNS.
func TestTheWireIsPure(t *testing.T) {
	plugintest.Pure(t, "bytes", "encoding/json", "errors", "fmt", "io", "slices", "strconv", "strings", "time", "unicode", "unicode/utf8", "github.com/holdfastdns/holdfast/internal/span", "github.com/holdfastdns/holdfast/plugin/selfpreserve/promise")
}
