package plugincfg

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestReadRefusesWhatItCannotUse(t *testing.T) {
	tests := []struct{ name, input, err string }{
		{"no colon", "log:log\n\nerrors\n", `plugin.cfg:3: malformed line "errors"`},
		{"no name", ":log", `plugin.cfg:1: malformed line ":log"`},
		{"no path", "log:", `plugin.cfg:1: malformed line "log:"`},
		{"two colons", "log:log:log", `plugin.cfg:1: malformed line "log:log:log"`},
		{"blank inside", "log: log", `plugin.cfg:1: malformed line "log: log"`},
		{"comment behind", "log:log # why", `plugin.cfg:1: malformed line`},
		{"quote in a path", `log:a/b"c`, `plugin.cfg:1: malformed line`},
		{"empty element in a path", "log:a//b", `plugin.cfg:1: malformed line`},
		{"upper case name", "Log:log", `plugin.cfg:1: malformed line`},
		{"directive twice", "log:log\n# again\nlog:example.org/log", `plugin.cfg:3: duplicate directive "log": line 1`},
		{"package twice", "log:log\nlog2:github.com/coredns/coredns/plugin/log", `plugin.cfg:2: duplicate package`},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			entries, err := Read(strings.NewReader(tc.input), "plugin.cfg")
			if err == nil || !strings.Contains(err.Error(), tc.err) {
				t.Errorf("Read(%q) = %v, %v; want error with %q", tc.input, entries, err, tc.err)
			}
		})
	}
}

func TestReadTellsInTreeFromExternal(t *testing.T) {
	entries, err := Read(strings.NewReader("# first\nprometheus:metrics\n\n  on:github.com/coredns/caddy/onevent  \r\n"), "plugin.cfg")
	if err != nil {
		t.Fatal(err)
	}
	want := []Entry{
		{"prometheus", "github.com/coredns/coredns/plugin/metrics", 2},
		{"on", "github.com/coredns/caddy/onevent", 4},
	}
	if !slices.Equal(entries, want) {
		t.Errorf("Read = %v, want %v", entries, want)
	}
}

func FuzzRead(f *testing.F) {
	f.Add("log:log\n#\nerrors:example.org/errors\n")
	f.Fuzz(func(t *testing.T, input string) {
		entries, err := Read(strings.NewReader(input), "plugin.cfg")
		if err != nil && entries != nil {
			t.Errorf("Read(%q) gives both entries and an error", input)
		}
		for _, e := range entries {
			if e.Directive == "" || !strings.Contains(e.ImportPath, "/") {
				t.Errorf("Read(%q) gives %+v", input, e)
			}
		}
	})
}

const ours = "github.com/holdfastdns/holdfast/"

func holdfast(t *testing.T) []Entry {
	t.Helper()
	entries, err := ReadFile("../../../plugin.cfg")
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

func TestWithoutOursTheListIsUpstreams(t *testing.T) {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/coredns/coredns").Output()
	if err != nil {
		t.Fatalf("finding CoreDNS's source: %v", err)
	}
	upstream, err := ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "plugin.cfg"))
	if err != nil {
		t.Fatal(err)
	}
	stock := slices.DeleteFunc(holdfast(t), func(e Entry) bool { return strings.HasPrefix(e.ImportPath, ours) })
	sameEntry := func(a, b Entry) bool { return a.Directive == b.Directive && a.ImportPath == b.ImportPath }
	if !slices.EqualFunc(stock, upstream, sameEntry) {
		t.Errorf("plugin.cfg without our lines is\n%v\nupstream's is\n%v", Directives(stock), Directives(upstream))
	}
}

// The order that keeps our plugins right; the reasons stand in plugin.cfg.
func TestOrder(t *testing.T) {
	order := Directives(holdfast(t))
	for _, rule := range []struct{ directive, directlyAfter string }{
		{"selfpreserve", "debug"}, // and so directly before trace
		{"ttlfloor", "tsig"},
		{"stalecheck", "ttlfloor"},
	} {
		at := slices.Index(order, rule.directive)
		if at < 1 || order[at-1] != rule.directlyAfter {
			t.Errorf("%s is at %d of %v, want it directly after %s", rule.directive, at, order, rule.directlyAfter)
		}
	}
	for _, rule := range []struct{ outer, inner string }{
		{"reload", "selfpreserve"},
		{"selfpreserve", "trace"},
		{"selfpreserve", "ready"}, // which closes its listener
		{"selfpreserve", "health"},
		{"selfpreserve", "prometheus"},
		{"selfpreserve", "kubernetes"}, // whose informers stop
		{"selfpreserve", "forward"},
		{"selfpreserve", "file"},
		{"selfpreserve", "secondary"},
		{"selfpreserve", "stalecheck"},
		{"dns64", "ttlfloor"}, // dns64 asks again through the chain
		{"ttlfloor", "cache"},
		{"ttlfloor", "rewrite"},
		{"ttlfloor", "dnssec"},
		{"ttlfloor", "transfer"},
		{"metadata", "stalecheck"}, // which provides some
		{"dns64", "stalecheck"},
		{"tsig", "stalecheck"},
		{"stalecheck", "rewrite"}, // below which the backend is read
		{"stalecheck", "autopath"},
		{"stalecheck", "acl"},
		{"stalecheck", "cache"},
		{"stalecheck", "minimal"},
		{"stalecheck", "transfer"},
	} {
		if slices.Index(order, rule.outer) >= slices.Index(order, rule.inner) {
			t.Errorf("%s does not come before %s in %v", rule.outer, rule.inner, order)
		}
	}
}

func TestOurLinesStandUnderAReason(t *testing.T) {
	for _, e := range holdfast(t) {
		if strings.HasPrefix(e.ImportPath, ours) && !commentAbove(t, e.Line) {
			t.Errorf("plugin.cfg:%d: %s has no comment with its reason above it", e.Line, e.Directive)
		}
	}
}

func commentAbove(t *testing.T, line int) bool {
	t.Helper()
	text, err := os.ReadFile("../../../plugin.cfg")
	if err != nil {
		t.Fatal(err)
	}
	return strings.HasPrefix(strings.Split(string(text), "\n")[line-2], "# ")
}
