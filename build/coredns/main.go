// Command coredns is CoreDNS with Holdfast's plugins: all of upstream's, in
// upstream's order, and ours at the places that plugin.cfg gives and explains.
package main

//go:generate go run ../gen ../../plugin.cfg zplugin.go

import (
	"fmt"
	"os"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/coremain"

	"github.com/holdfastdns/holdfast/internal/version"
)

func main() {
	// The list is our own generated file: this cannot fail but by a bug in build/gen.
	if err := dnsserver.SetDirectives(directives); err != nil {
		fmt.Fprintln(os.Stderr, "coredns:", err)
		os.Exit(1)
	}
	// -version, the line at the start and version.bind print it; scripts that look
	// for CoreDNS-1.15.0 at the beginning of the line still find it.
	caddy.AppVersion = fmt.Sprintf("%s (Holdfast %s)", coremain.CoreVersion, version.Number())
	checkIfAsked()
	coremain.Run()
}
