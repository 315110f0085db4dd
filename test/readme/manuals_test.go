package readme

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/holdfastdns/holdfast/build/gen/plugincfg"
	"github.com/holdfastdns/holdfast/test/lab"
)

// A plugin's manual is a man page, as those of CoreDNS's own plugins are: the sections that
// CoreDNS's have, in their order, and the line of plugin.cfg that builds the plugin in, with the
// line that it stands beside. Its links are whole, for it is read on other sites, too.
func TestManualsOfPluginsAreManPages(t *testing.T) {
	entries, err := plugincfg.ReadFile(filepath.Join(lab.Root, "plugin.cfg"))
	if err != nil {
		t.Fatal(err)
	}
	sections := []string{"Name", "Description", "Syntax", "Metrics", "Metadata", "Examples", "See Also", "Bugs"}
	ours := []string{"ttlfloor", "stalecheck", "selfpreserve"}
	for _, name := range ours {
		var lines []string // with this plugin, and without the other two
		for _, e := range entries {
			if e.Directive == name || !slices.Contains(ours, e.Directive) {
				lines = append(lines, fmt.Sprintf("%s:%s", e.Directive, strings.TrimPrefix(e.ImportPath, "github.com/coredns/coredns/plugin/")))
			}
		}
		page := lab.Read(t, "plugin/"+name+"/README.md")
		at := -1
		for _, m := range regexp.MustCompile("(?m)^## (.*)$").FindAllStringSubmatch(page, -1) {
			i := slices.Index(sections, m[1])
			if i <= at {
				t.Errorf("%s has a section %q there: want %q in this order", name, m[1], sections)
			}
			at = i
		}
		if !strings.HasPrefix(page, "# "+name+"\n\n## Name\n\n*"+name+"* - ") {
			t.Errorf("%s begins with %.60q", name, page)
		}
		shown := regexp.MustCompile("put this\\s+line directly (before|after) `(\\S+)` in `plugin.cfg`:\n\n~~~ txt\n(.*)\n~~~\n").FindStringSubmatch(page)
		if shown == nil {
			t.Errorf("%s does not say where its line of plugin.cfg goes", name)
			continue
		}
		beside := map[string]int{"before": 1, "after": -1}[shown[1]]
		if i := slices.Index(lines, shown[3]); i < 0 || lines[i+beside] != shown[2] {
			t.Errorf("%s shows %q, %s %s: want a line of ours and its neighbour", name, shown[3], shown[1], shown[2])
		}
		for _, link := range linksIn(page) {
			if !strings.HasPrefix(link, "https://") && !strings.HasPrefix(link, "#") {
				t.Errorf("%s links to %s: want it whole", name, link)
			}
		}
		for _, m := range regexp.MustCompile(`\]\[(\w+)\]`).FindAllStringSubmatch(page, -1) {
			if !strings.Contains(page, "\n["+m[1]+"]: https://") {
				t.Errorf("%s does not say where %s leads", name, m[0])
			}
		}
	}
}

// A manual can be read in a few minutes, and CoreDNS's own are the measure. It is no longer than
// that of a plugin with no more options, its description no longer than *shed*'s, whose prose is
// the best of them, and an option takes no more words than one of *forward* does. What does not
// fit belongs into the guides in docs.
func TestManualsAreNoLongerThanThoseOfCoreDNS(t *testing.T) {
	coredns := strings.TrimSpace(lab.Command(t, lab.Root, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/coredns/coredns"))
	manual := func(module, plugin string) string {
		text, err := os.ReadFile(filepath.Join(module, "plugin", plugin, "README.md"))
		if err != nil {
			t.Fatal(err)
		}
		return definitions.ReplaceAllString(string(text), "")
	}
	wordsOfAnOption := func(page string) int {
		return len(strings.Fields(fences.ReplaceAllString(section(page, "Syntax"), ""))) / len(options(page))
	}
	description, each := len(strings.Fields(section(manual(coredns, "shed"), "Description"))), wordsOfAnOption(manual(coredns, "forward"))
	for ours, theirs := range map[string]string{"ttlfloor": "sign", "stalecheck": "etcd", "selfpreserve": "template"} {
		page, measure := manual(lab.Root, ours), manual(coredns, theirs)
		if has, most := len(options(page)), len(options(measure)); has < most {
			t.Errorf("%s has %d options, and *%s* %d: compare it with another plugin", ours, has, theirs, most)
		}
		if has, most := len(strings.Fields(page)), len(strings.Fields(measure)); has > most {
			t.Errorf("%s has %d words, and *%s*'s manual %d", ours, has, theirs, most)
		}
		if has := len(strings.Fields(section(page, "Description"))); has > description {
			t.Errorf("the description of %s has %d words, and *shed*'s %d", ours, has, description)
		}
		if has := wordsOfAnOption(page); has > each {
			t.Errorf("%s has %d words for an option, and *forward* %d", ours, has, each)
		}
		for line := range strings.Lines(fences.ReplaceAllString(page, "")) {
			if utf8.RuneCountInString(strings.TrimSuffix(line, "\n")) > 100 {
				t.Errorf("%s has a line that is longer than 100 characters: %s", ours, line)
			}
		}
	}
}

// An option is described by what it is and, since a knob that nobody needs to turn is none, by
// when to change it.
func TestManualsSayWhenToChangeAnOption(t *testing.T) {
	for _, name := range []string{"ttlfloor", "stalecheck", "selfpreserve"} {
		page := lab.Read(t, "plugin/"+name+"/README.md")
		for _, o := range options(page) {
			_, entry, found := strings.Cut(section(page, "Syntax"), "\n* `"+o+"` ")
			entry, _, _ = strings.Cut(entry, "\n* ")
			if !found || !advice.MatchString(entry) {
				t.Errorf("%s does not say when to change %s: %q", name, o, entry)
			}
		}
	}
}

var (
	definitions = regexp.MustCompile(`(?m)^\[\w+\]: https://\S+\n`)
	advice      = regexp.MustCompile(`(?:^|[.,;:]\s+)(?:Choose|Change|Lower|Make|Name|Raise|Set|Switch|Use|Widen) `)
)

// section is the text under a heading of a manual.
func section(page, title string) string {
	_, text, _ := strings.Cut(page, "\n## "+title+"\n")
	text, _, _ = strings.Cut(text, "\n## ")
	return text
}

// options are the properties that the blocks of code under Syntax have a line for.
func options(page string) (names []string) {
	for _, block := range fences.FindAllString(section(page, "Syntax"), -1) {
		for _, m := range regexp.MustCompile(`(?m)^ {4}(\w+)(?: |$)`).FindAllStringSubmatch(block, -1) {
			names = append(names, m[1])
		}
	}
	return names
}
