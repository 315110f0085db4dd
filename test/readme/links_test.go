package readme

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/holdfastdns/holdfast/test/lab"
)

// published is how pages that are shown elsewhere too, as CoreDNS's site shows plugins' manuals,
// link to files of this repository.
const published = "https://github.com/holdfastdns/holdfast/blob/main/"

// Links inside the repository lead to a file, and to a heading of it if they name one, whichever
// way they name it. Links that leave it are TestLinksOutside's.
func TestLinksInMarkdownFilesLeadSomewhere(t *testing.T) {
	pages, links := textsOf(t, "*.md"), 0
	for file, text := range pages {
		for _, link := range linksIn(text) {
			from := file
			if path, ok := strings.CutPrefix(link, published); ok {
				link, from = path, filepath.Join(lab.Root, "README.md")
			}
			target, err := url.Parse(link)
			if err != nil {
				t.Errorf("%s links to %s: %v", file, link, err)
			}
			if err != nil || target.Scheme != "" {
				continue
			}
			links++
			if why := leadsNowhere(from, target, pages); why != "" {
				t.Errorf("%s links to %s: %s", file, link, why)
			}
		}
	}
	if links < 50 {
		t.Errorf("%d links, want those of README.md at least", links)
	}
}

// leadsNowhere returns why a link of a file cannot be followed, or "".
func leadsNowhere(file string, target *url.URL, pages map[string]string) string {
	path := file
	if target.Path != "" {
		path = filepath.Join(filepath.Dir(file), target.Path)
	}
	if inside, err := filepath.Rel(lab.Root, path); err != nil || !filepath.IsLocal(inside) {
		return "it is outside the repository"
	}
	if _, err := os.Stat(path); err != nil {
		return err.Error()
	}
	if target.Fragment == "" {
		return ""
	}
	page, isPage := pages[path]
	if !isPage {
		return "only Markdown files have headings"
	}
	if headings := anchorsIn(page); !slices.Contains(headings, target.Fragment) {
		return fmt.Sprintf("it has no such heading, but %q", headings)
	}
	return ""
}

var (
	fences    = regexp.MustCompile("(?ms)^(~~~|```).*?^(~~~|```) *$")
	codeSpans = regexp.MustCompile("`[^`\n]*`")
	inline    = regexp.MustCompile(`\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)`)
	reference = regexp.MustCompile(`(?m)^\[[^\]\n]+\]:\s+(\S+)`)
	markup    = regexp.MustCompile("\\[([^\\]]*)\\]\\([^)]*\\)|[`*]")
	heading   = regexp.MustCompile(`(?m)^#{1,6} +(.*?) *#* *$`)
	dropped   = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
)

// linksIn are the targets of a page's links and pictures, without those that code shows.
func linksIn(page string) (targets []string) {
	page = codeSpans.ReplaceAllString(fences.ReplaceAllString(page, ""), "")
	for _, link := range []*regexp.Regexp{inline, reference} {
		for _, m := range link.FindAllStringSubmatch(page, -1) {
			targets = append(targets, m[1])
		}
	}
	return targets
}

// anchorsIn are the names that GitHub gives to the headings of a page.
func anchorsIn(page string) (anchors []string) {
	times := make(map[string]int)
	for _, m := range heading.FindAllStringSubmatch(fences.ReplaceAllString(page, ""), -1) {
		text := markup.ReplaceAllString(m[1], "$1")
		anchor := strings.ReplaceAll(dropped.ReplaceAllString(strings.ToLower(text), ""), " ", "-")
		again := times[anchor]
		times[anchor]++
		if again > 0 {
			anchor = fmt.Sprintf("%s-%d", anchor, again)
		}
		anchors = append(anchors, anchor)
	}
	return anchors
}

func TestHeadingsHaveTheAnchorsOfGitHub(t *testing.T) {
	const page = "# The *Rule*: what `min_peers` does\n## In [CoreDNS](x.md#y)\n~~~ sh\n# a comment\n~~~\n## Log\n### Log\n## Why not ... ##\n"
	want := []string{"the-rule-what-min_peers-does", "in-coredns", "log", "log-1", "why-not-"}
	if got := anchorsIn(page); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLinksAreFoundWhereverTheyStand(t *testing.T) {
	const page = "[a](one.md) ![p](two.png \"title\") [b](three.md#x)\n`[no](code.md)`\n~~~ md\n[no](fence.md)\n~~~\n[r]: four.md\n"
	want := []string{"one.md", "two.png", "three.md#x", "four.md"}
	if got := linksIn(page); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A link that leads nowhere is told from one that leads somewhere.
func TestBrokenLinksAreNoticed(t *testing.T) {
	file := filepath.Join(lab.Root, "docs", "page.md")
	pages := map[string]string{file: "## Here\n", filepath.Join(lab.Root, "README.md"): lab.Read(t, "README.md")}
	for link, leads := range map[string]bool{
		"#here": true, "#there": false, "../README.md": true, "../README.md#two-commands": true, "../README.md#three": false,
		"../GONE.md": false, "../LICENSE": true, "../LICENSE#x": false, "../..": false, "../plugin": true,
	} {
		target, err := url.Parse(link)
		if err != nil {
			t.Fatal(err)
		}
		if target.Path == "" { // the page itself is only in this test
			if got := slices.Contains(anchorsIn(pages[file]), target.Fragment); got != leads {
				t.Errorf("%s leads somewhere: %t, want %t", link, got, leads)
			}
			continue
		}
		if why := leadsNowhere(file, target, pages); (why == "") != leads {
			t.Errorf("%s: %q, want it to lead somewhere: %t", link, why, leads)
		}
	}
}
