package main

import (
	"bytes"
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"regexp"

	"github.com/coredns/caddy"
	"github.com/coredns/caddy/caddyfile"
	"github.com/coredns/coredns/core/dnsserver"
	clog "github.com/coredns/coredns/plugin/pkg/log"
)

// coremain parses the flags, and reads -conf itself.
var check = flag.Bool("check", false, "Set up the Corefile without listening, say what is wrong with it, and exit")

// checkCorefile sets up what -conf names as a start would, up to the sockets, and returns the
// exit code: 0, or 1 with one line that says what is wrong, and where if that can be told.
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
		return "", errors.New("no Corefile: want -conf FILE") // CoreDNS starts with one that it has in itself
	}
	corefile, err := caddy.LoadCaddyfile("dns")
	if err != nil {
		return "", err
	}
	return corefile.Path(), located(corefile, makeServers(corefile))
}

var errMade = errors.New("all could be made")

// makeServers starts, and ends where the servers are made and have no sockets yet. Caddy
// shows its context, which makes them, only to what is called after a directive.
func makeServers(corefile caddy.Input) error {
	last := dnsserver.Directives[len(dnsserver.Directives)-1]
	caddy.RegisterParsingCallback(corefile.ServerType(), last, func(c caddy.Context) error {
		if _, err := c.MakeServers(); err != nil {
			return err
		}
		return errMade
	})
	if _, err := caddy.Start(corefile); !errors.Is(err, errMade) {
		return err
	}
	return nil
}

var (
	hasLine  = regexp.MustCompile(`:[0-9]+ - `) // as Caddy writes it
	ofPlugin = regexp.MustCompile(`^plugin/([^:]+): `)
)

// located puts file and line before an error of a plugin that names none, if the plugin is
// there only once.
func located(corefile caddy.Input, err error) error {
	if err == nil || hasLine.MatchString(err.Error()) {
		return err
	}
	plugin := ofPlugin.FindStringSubmatch(err.Error())
	if plugin == nil {
		return err
	}
	blocks, failure := caddyfile.Parse(corefile.Path(), bytes.NewReader(corefile.Body()), dnsserver.Directives)
	if failure != nil {
		return err
	}
	var uses []caddyfile.Token
	for _, block := range blocks {
		for _, token := range block.Tokens[plugin[1]] {
			if token.Text == plugin[1] {
				uses = append(uses, token)
			}
		}
	}
	if len(uses) != 1 {
		return err
	}
	return fmt.Errorf("%s:%d - %w", cmp.Or(uses[0].File, corefile.Path()), uses[0].Line, err)
}

// checkIfAsked ends the process if -check was given.
func checkIfAsked() {
	flag.Parse()
	if *check {
		os.Exit(checkCorefile(os.Stdout, os.Stderr))
	}
}
