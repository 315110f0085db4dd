package roster

import (
	"testing"

	"github.com/holdfastdns/holdfast/plugin/internal/plugintest"
)

func TestTheRosterIsPure(t *testing.T) {
	plugintest.Pure(t, "cmp", "maps", "net/netip", "slices", "strings", "time", "github.com/holdfastdns/holdfast/plugin/selfpreserve/promise")
}
