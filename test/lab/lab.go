// Package lab is what the end-to-end tests share; nothing but tests imports it.
//
//   - Binary is the binary, built once for all packages; Daemon is a process of it, or of
//     another program, which Tool finds
//   - Member is a server with selfpreserve; Fleet and Discovered are several, on loopback,
//     Network is hosts in namespaces, which can be cut off from each other
//   - Query, Explanations and others ask and look, Until and others wait, FreePort and
//     TakeTurn keep the tests of all packages out of each other's way
//   - Docker runs an engine's command, where NeedEngine finds one
//   - embedded is a CoreDNS in the test's own process, apiserver a Kubernetes API
package lab

import (
	"flag"
	"path/filepath"
	"testing"
)

// Root is the top of the repository: the tests that share the lab are two folders below.
var Root, _ = filepath.Abs("../..")

// Tests with servers wait for zones to grow old, and for promises to end, and do little
// else: by default only as many would run at once as there are processors. On two, the go
// tool runs two packages at once; more than 32 tests of both would be late.
func init() {
	testing.Init()
	if err := flag.Set("test.parallel", "16"); err != nil {
		panic(err)
	}
}
