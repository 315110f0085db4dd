package ttlfloor

import (
	"testing"

	"github.com/coredns/caddy"
	"github.com/holdfastdns/holdfast/plugin/internal/plugintest"
)

// newFloor is the plugin as a Corefile's line sets it up.
func newFloor(tb testing.TB, stanza string) *TTLFloor {
	tb.Helper()
	c := caddy.NewTestController("dns", stanza)
	c.ServerBlockKeys = []string{"example.org.:53"}
	t, err := parse(c)
	if err != nil {
		tb.Fatalf("%s: %v", stanza, err)
	}
	return t
}

var message = plugintest.Message
