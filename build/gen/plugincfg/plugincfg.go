// Package plugincfg reads plugin.cfg, CoreDNS's list of the plugins that a binary
// is made of, in the order in which they see a query.
package plugincfg

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
)

// inTree is where a path without a slash leads.
const inTree = "github.com/coredns/coredns/plugin/"

// Entry is one line of plugin.cfg.
type Entry struct {
	Directive  string // the word that a Corefile uses
	ImportPath string // the Go package that registers it
	Line       int    // counted from 1
}

var (
	nameForm = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	pathForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._~-]*(/[A-Za-z0-9._~-]+)*$`)
)

// Read parses plugin.cfg. Empty lines and those that begin with # are skipped, all
// others are NAME:PATH. CoreDNS's own reader drops a line that it cannot split; here
// every such line is an error that names file and line.
func Read(r io.Reader, file string) ([]Entry, error) {
	var entries []Entry
	names, paths := make(map[string]int), make(map[string]int)
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, path, ok := strings.Cut(line, ":")
		if !ok || !nameForm.MatchString(name) || !pathForm.MatchString(path) {
			return nil, fmt.Errorf("%s:%d: malformed line %q: want NAME:PATH, such as log:log or log:github.com/coredns/coredns/plugin/log", file, n, line)
		}
		if !strings.Contains(path, "/") {
			path = inTree + path
		}
		if first, dup := names[name]; dup {
			return nil, fmt.Errorf("%s:%d: duplicate directive %q: line %d has it already", file, n, name, first)
		}
		if first, dup := paths[path]; dup {
			return nil, fmt.Errorf("%s:%d: duplicate package %q: line %d has it already", file, n, path, first)
		}
		names[name], paths[path] = n, n
		entries = append(entries, Entry{Directive: name, ImportPath: path, Line: n})
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return entries, nil
}

// ReadFile reads a file as Read does.
func ReadFile(name string) ([]Entry, error) {
	f, err := os.Open(name) // #nosec G304 -- the build's own input
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return Read(f, name)
}

// Directives returns the names in order, for dnsserver.SetDirectives.
func Directives(entries []Entry) []string {
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Directive
	}
	return names
}
