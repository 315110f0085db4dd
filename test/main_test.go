// Package test runs Holdfast end to end: its plugins in real CoreDNS servers on real
// sockets, and the binary with the incidents that it must survive.
package test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/coredns/coredns/core/dnsserver"

	"github.com/holdfastdns/holdfast/build/gen/plugincfg"
	_ "github.com/holdfastdns/holdfast/plugin/selfpreserve"
	_ "github.com/holdfastdns/holdfast/plugin/stalecheck"
	_ "github.com/holdfastdns/holdfast/plugin/ttlfloor"
)

// TestMain gives the servers of this process the plugins of plugin.cfg in its order,
// and directly below stalecheck one more, the tap of tap_test.go.
func TestMain(m *testing.M) {
	entries, err := plugincfg.ReadFile("../plugin.cfg")
	if err == nil {
		directives := plugincfg.Directives(entries)
		below := slices.Index(directives, "stalecheck") + 1
		err = dnsserver.SetDirectives(slices.Insert(directives, below, "tap"))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	fmt.Print(incidentTable())
	if races, err := ownRaces(binaryDir); len(races) != 0 || err != nil {
		fmt.Println(strings.Join(races, "\n"), err)
		code = 1
	}
	removeBinary()
	os.Exit(code)
}
