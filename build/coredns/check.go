package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"
	clog "github.com/coredns/coredns/plugin/pkg/log"
)

// coremain parses the flags, and reads -conf itself.
var check = flag.Bool("check", false, "Set up the Corefile without listening, say what is wrong with it, and exit")

// checkCorefile sets up what -conf names as a start would, up to the sockets, and returns the
// exit code: 0, or 1 with one line that names the file and line of what is wrong.
func checkCorefile(out, errs io.Writer) int {
	dnsserver.Quiet = true
	log.SetFlags(0)
	log.SetOutput(errs) // what setups warn of, such as a plugin that is deprecated
	clog.SetOutput(errs)
	corefile, err := setUp()
	if err != nil {
		fmt.Fprintln(errs, err)
		return 1
	}
	fmt.Fprintf(out, "%s is fine\n", corefile)
	return 0
}

// setUp returns the name of the Corefile.
func setUp() (name string, err error) {
	defer func() { // the setups are upstream's, too
		if p := recover(); p != nil {
			err = fmt.Errorf("a plugin's setup panics: %v", p)
		}
	}()
	if flag.NArg() > 0 {
		return "", fmt.Errorf("extra arguments %q: want -check -conf FILE", flag.Args())
	}
	if _, err := os.Stat(caddy.DefaultConfigFile); err != nil && flag.Lookup("conf").Value.String() == "" {
		return "", errors.New("no Corefile here: want -conf FILE") // CoreDNS starts with one that it has in itself
	}
	corefile, err := caddy.LoadCaddyfile("dns")
	if err != nil {
		return "", err
	}
	return corefile.Path(), caddy.ValidateAndExecuteDirectives(corefile, nil, true)
}

// checkIfAsked ends the process if -check was given.
func checkIfAsked() {
	flag.Parse()
	if *check {
		os.Exit(checkCorefile(os.Stdout, os.Stderr))
	}
}
