// Package suite runs CoreDNS's own end-to-end tests with *ttlfloor* in every server block.
// The tests that it runs import it, so that their Corefiles get the line: see Insert.
package suite

import (
	"slices"
	"strings"

	"github.com/coredns/caddy/caddyfile"
)

// Insert returns the Corefile with a line added at the top of every server block. Snippets stay
// as they are, since the blocks that import them have the line already.
func Insert(corefile, line string) string {
	after := tops(corefile)
	var out []string
	for i, text := range strings.Split(corefile, "\n") {
		out = append(out, text)
		if slices.Contains(after, i+1) {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}

// tops returns the number of the line on which each server block begins: that of its opening
// brace, or of its last key if it has no braces, which ends only with the file.
func tops(corefile string) (lines []int) {
	depth, snippet := 0, false
	last, lastLine := "}", 0 // the token before
	for d := caddyfile.NewDispenser("Corefile", strings.NewReader(corefile)); d.Next(); last, lastLine = d.Val(), d.Line() {
		switch {
		case d.Val() == "{":
			depth++
			if depth == 1 && !snippet {
				lines = append(lines, d.Line())
			}
		case d.Val() == "}":
			depth--
		case depth > 0:
		case last == "}": // a block's first key
			snippet = strings.HasPrefix(d.Val(), "(")
		case d.Line() > lastLine && !strings.HasSuffix(last, ","): // no key any more, and no brace
			return append(lines, lastLine)
		}
	}
	return lines
}
