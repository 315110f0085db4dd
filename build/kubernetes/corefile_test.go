package kubernetes

import (
	"strings"
	"testing"
	"time"

	"github.com/coredns/caddy/caddyfile"
)

// block is a server block of a Corefile.
type block struct {
	t *testing.T
	caddyfile.ServerBlock
}

func blocks(t *testing.T, file string) []block {
	t.Helper()
	parsed, err := caddyfile.Parse(file, strings.NewReader(read(t, file)), nil)
	if err != nil {
		t.Fatal(err)
	}
	all := make([]block, 0, len(parsed))
	for _, b := range parsed {
		all = append(all, block{t, b})
	}
	return all
}

// lines are those of a directive, word by word, without its braces.
func (b block) lines(directive string) (lines [][]string) {
	last := 0
	for _, token := range b.Tokens[directive] {
		if token.Text == "{" || token.Text == "}" {
			continue
		}
		if token.Line != last {
			lines, last = append(lines, nil), token.Line
		}
		lines[len(lines)-1] = append(lines[len(lines)-1], token.Text)
	}
	return lines
}

// words are what follows a directive, or what follows a property of it.
func (b block) words(directive string, property ...string) []string {
	b.t.Helper()
	name := append([]string{directive}, property...)[len(property)]
	var found [][]string
	for _, line := range b.lines(directive) {
		if line[0] == name {
			found = append(found, line[1:])
		}
	}
	if len(found) != 1 {
		b.t.Fatalf("%s %s stands there %d times", directive, property, len(found))
	}
	return found[0]
}

func (b block) word(directive string, property ...string) string {
	b.t.Helper()
	words := b.words(directive, property...)
	if len(words) != 1 {
		b.t.Fatalf("%s %s has %q", directive, property, words)
	}
	return words[0]
}

func (b block) duration(directive, property string) time.Duration {
	b.t.Helper()
	d, err := time.ParseDuration(b.word(directive, property))
	if err != nil {
		b.t.Fatal(err)
	}
	return d
}
