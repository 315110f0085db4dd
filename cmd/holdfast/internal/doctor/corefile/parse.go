// Package corefile reads of a Corefile what bears on how a server starts, stops and is
// watched. It does not check the rest: coredns -check does.
//
// parse.go makes directives of caddy's tokens, config.go what they mean, with the stanza of
// selfpreserve in selfpreserve.go and the cache's in cache.go.
package corefile

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/coredns/caddy/caddyfile"
	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/pkg/durations"
	"github.com/coredns/coredns/plugin/pkg/parse"
	"github.com/coredns/coredns/plugin/pkg/transport"
)

// block is a server block.
type block struct {
	keys       []string // as written
	directives map[string][]directive
}

// directive is a directive with its properties. One that stands twice in a block is two.
type directive struct {
	at         position
	args       []string
	properties []property
}

type property struct {
	at     position
	name   string
	values []string
}

// position is where something is written: Corefile:12.
type position struct {
	file string
	line int
}

func (p position) String() string { return fmt.Sprintf("%s:%d", p.file, p.line) }

func (p position) errorf(format string, args ...any) error {
	return fmt.Errorf("%s: %w", p, fmt.Errorf(format, args...))
}

// parseBlocks has caddy read the text, so that imports, snippets and environment variables
// are what they are to the server. Imports are relative to the folder of root and file;
// errors do not have root.
func parseBlocks(root, file string, text []byte) ([]block, error) {
	parsed, err := caddyfile.Parse(root+file, bytes.NewReader(text), nil)
	if err != nil {
		return nil, errors.New(withoutRoot(root, err.Error()))
	}
	hasPlugins := func(b caddyfile.ServerBlock) bool { return len(b.Tokens) > 0 }
	if !slices.ContainsFunc(parsed, hasPlugins) { // caddy takes any word for a name
		return nil, fmt.Errorf("%s: no server block with a plugin in it: want a Corefile", file)
	}
	blocks := make([]block, 0, len(parsed))
	for _, p := range parsed {
		b := block{keys: p.Keys, directives: make(map[string][]directive)}
		for name, tokens := range p.Tokens {
			if outside := fileOutside(root, tokens); outside != "" {
				return nil, fmt.Errorf("%s imports %s, which is not a file of the container", file, outside)
			}
			b.directives[name] = directivesOf(root, file, tokens)
		}
		blocks = append(blocks, b)
	}
	return blocks, nil
}

// fileOutside is a file of this host, not below root, that tokens were imported from.
func fileOutside(root string, tokens []caddyfile.Token) string {
	for _, token := range tokens {
		if root != "" && token.File != "" && !strings.HasPrefix(token.File, root+"/") {
			return token.File
		}
	}
	return ""
}

func withoutRoot(root, text string) string {
	if root == "" {
		return text
	}
	return strings.ReplaceAll(text, root, "")
}

func directivesOf(root, file string, tokens []caddyfile.Token) (found []directive) {
	d := caddyfile.NewDispenserTokens(file, tokens)
	here := func() position { return position{withoutRoot(root, d.File()), d.Line()} }
	for d.Next() {
		dir := directive{at: here(), args: d.RemainingArgs()}
		for d.NextBlock() { // what is nested is flattened: nothing that is read here nests
			p := property{at: here(), name: d.Val()}
			p.values = d.RemainingArgs()
			dir.properties = append(dir.properties, p)
		}
		found = append(found, dir)
	}
	return found
}

// zones are those of a block, normalized.
func (b block) zones() plugin.Zones { return plugin.OriginsFromArgsOrServerBlock(nil, b.keys) }

// port is that of the block's first key for plain DNS; without one the block is not asked
// over plain DNS.
func (b block) port() (string, bool) {
	for _, key := range b.keys {
		via, address := parse.Transport(key)
		if via != transport.DNS {
			continue
		}
		if _, port, err := plugin.SplitHostPort(address); err == nil && port != "" {
			return port, true
		}
		return transport.Port, true
	}
	return "", false
}

var errEmpty = errors.New("is empty: is an environment variable not set here?")

// one is the value of a property that has one.
func (p property) one() (string, error) {
	if len(p.values) != 1 {
		return "", p.at.errorf("%s has %d values, %q: want one", p.name, len(p.values), p.values)
	}
	if p.values[0] == "" {
		return "", p.at.errorf("%s %w", p.name, errEmpty)
	}
	return p.values[0], nil
}

// duration reads one, of which a number alone counts seconds where seconds is set.
func (p property) duration(seconds bool) (time.Duration, error) {
	value, err := p.one()
	if err != nil {
		return 0, err
	}
	read := time.ParseDuration
	if seconds {
		read = durations.NewDurationFromArg
	}
	d, err := read(value)
	if err != nil || d < 0 {
		return 0, p.at.errorf("%s %q is not a duration: want one such as 10s", p.name, value)
	}
	return d, nil
}

// normal is a domain name in lower case and fully qualified.
func normal(name string) string { return plugin.Name(strings.TrimSpace(name)).Normalize() }
