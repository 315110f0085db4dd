package lab

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Block is a page's block of commands, and what its page says of who runs it.
type Block struct {
	Commands string
	By       string // the test, such as TestImage, or the script, such as .ci/recipe
	Not      string // why nothing runs it, or what of it
}

var (
	fenced = regexp.MustCompile("(?ms)((?:^ *<!-- [^\n]* -->\n)?)^( *)(?:~~~|```) *([a-z]*)[^\n]*\n(.*?)^ *(?:~~~|```) *$")
	mark   = regexp.MustCompile(`^ *<!-- (?:run by ([\w./-]+)(?:, but for ([^\n]+))?|not run: ([^\n]+)) -->\n$`)
)

// BlocksOf are the blocks of commands of a page. Before each there may be one of
//
//	<!-- run by TestImage -->
//	<!-- run by TestImage, but for kubectl exec, which needs a cluster -->
//	<!-- not run: needs a registry -->
func BlocksOf(page string) (all []Block) {
	for _, m := range fenced.FindAllStringSubmatch(page, -1) {
		if language := m[3]; language != "" && !slices.Contains([]string{"sh", "bash", "shell", "console"}, language) {
			continue
		}
		b := Block{Commands: regexp.MustCompile("(?m)^"+m[2]).ReplaceAllString(m[4], "")}
		if said := mark.FindStringSubmatch(m[1]); said != nil {
			b.By, b.Not = said[1], said[2]+said[3]
		}
		all = append(all, b)
	}
	return all
}

// Typed are the blocks of commands of a page that this test runs, by what the page says. There
// have to be as many as the test knows of.
func Typed(t testing.TB, page string, want int) (commands []string) {
	t.Helper()
	test, _, _ := strings.Cut(t.Name(), "/")
	for _, b := range BlocksOf(Read(t, page)) {
		if b.By == test {
			commands = append(commands, b.Commands)
		}
	}
	if len(commands) != want {
		t.Fatalf("%s has %d blocks that are marked as run by %s, want %d: %q", page, len(commands), test, want, commands)
	}
	return commands
}
