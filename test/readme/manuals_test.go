package readme

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

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
		shown := regexp.MustCompile("put this line directly (before|after) `(\\S+)` in `plugin.cfg`:\n\n~~~ txt\n(.*)\n~~~\n").FindStringSubmatch(page)
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
	}
}
