// Package test runs Holdfast end to end: its plugins in real CoreDNS servers on real
// sockets, and the binary with the incidents that it must survive.
package test

import (
	"fmt"
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	code := run(m)
	fmt.Print(incidentTable())
	os.Exit(code)
}
