package stanza

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/coredns/caddy"
	"github.com/coredns/caddy/caddyfile"

	"github.com/holdfastdns/holdfast/plugin/internal/plugintest"
)

// taken is what Read gives to the parsers of a plugin.
type taken struct{ arguments, words []string }

// parser keeps words that stand behind before, and refuses one that is bad.
func parser(store *[]string, before ...string) func([]string) error {
	return func(values []string) error {
		if slices.Contains(values, "bad") {
			return fmt.Errorf("has a bad value among %q", values)
		}
		*store = append(append(*store, before...), values...)
		return nil
	}
}

func read(c *caddy.Controller) (taken, *Lines, error) {
	var got taken
	lines, err := Read(c, parser(&got.arguments), map[string]Property{
		"one":   {Parse: parser(&got.words, "one")},
		"other": {Parse: parser(&got.words, "other")},
		"many":  {Parse: parser(&got.words, "many"), Repeatable: true},
	})
	return got, lines, err
}

func TestReadGivesWhatIsWritten(t *testing.T) {
	for corefile, want := range map[string]taken{
		"plugin":                                {},
		"plugin {\n}":                           {},
		"plugin { }":                            {},
		"plugin a b":                            {arguments: []string{"a", "b"}},
		"plugin a {\n one\n}":                   {[]string{"a"}, []string{"one"}},
		"plugin { one 1\n}":                     {words: []string{"one", "1"}},
		"plugin {\n many 1 2\n one\n many 3\n}": {words: []string{"many", "1", "2", "one", "many", "3"}},
		"plugin {\n one one \"\" a{\n # end\n\n}": {words: []string{"one", "one", "", "a{"}},
	} {
		got, _, err := read(caddy.NewTestController("dns", corefile))
		if err != nil || !slices.Equal(got.arguments, want.arguments) || !slices.Equal(got.words, want.words) {
			t.Errorf("%q gives %q, %v, want %q", corefile, got, err, want)
		}
	}
}

// Each error names the line of what is wrong.
func TestReadRefuses(t *testing.T) {
	const braces = "want { at the end of the first line, } on a line of its own, and nothing after them"
	for corefile, want := range map[string]string{
		"plugin bad":                         `1: has a bad value among ["bad"]`,
		"plugin \"\n\" bad":                  `1: has a bad value among ["\n" "bad"]`,
		"plugin one 1":                       `1: unexpected property "one" after plugin: want each on a line of its own between { and }`,
		"plugin a many {\n one\n}":           `1: unexpected property "many" after plugin: want each on a line of its own between { and }`,
		"plugin {}":                          `1: unexpected "{}" after plugin: ` + braces,
		"plugin }":                           `1: unexpected "}" after plugin: ` + braces,
		"plugin {\n one\n two\n}":            `3: unknown property "two": want one of many, one, other`,
		"plugin {\n {\n}":                    `2: unknown property "{": want one of many, one, other`,
		"plugin {\n one\n many\n\n one\n}":   `5: one is given twice: want it once, with all its values`,
		"plugin {\n one\n other 1 bad\n}":    `3: other has a bad value among ["1" "bad"]`,
		"plugin {\n one \"\n\" bad\n}":       `2: one has a bad value among ["\n" "bad"]`,
		"plugin {\n many 1 }":                `2: unexpected "}" after many: ` + braces,
		"plugin {\n one {\n other\n }\n}":    `2: unexpected "{" after one: ` + braces,
		"plugin {\n one {}\n}":               `2: unexpected "{}" after one: ` + braces,
		"plugin {\n one\n {\n other\n}\n}":   `3: unexpected "{": ` + braces,
		"plugin\n{\n one\n}":                 `2: unexpected "{": ` + braces,
		"plugin {\n one\n} other":            `3: unexpected "other": ` + braces,
		"plugin {\n one\n}\n}":               `4: unexpected "}": ` + braces,
		"plugin a {":                         `1: } is missing: ` + braces,
		"plugin {\n one\n other 1":           `1: } is missing: ` + braces,
		"plugin\n\nplugin":                   `3: this plugin can only be used once per Server Block`,
		"plugin {\n one\n}\nplugin {\n two}": `4: this plugin can only be used once per Server Block`,
	} {
		_, lines, err := read(caddy.NewTestController("dns", corefile))
		line, text, _ := strings.Cut(want, ": ")
		if want = "Testfile:" + line + " - Error during parsing: " + text; err == nil || err.Error() != want {
			t.Errorf("%q gives %v, want %s", corefile, err, want)
		}
		if err != nil && lines != nil {
			t.Errorf("%q gives an error and lines", corefile)
		}
	}
}

func TestLinesAreThoseOfTheProperties(t *testing.T) {
	const corefile = "plugin {\n many 1\n one 1\n\n many 2\n}"
	c := caddy.NewTestController("dns", "# above\n"+corefile)
	_, lines, err := read(c)
	if err != nil {
		t.Fatal(err)
	}
	for want, properties := range map[string][]string{
		"Testfile:2 ": {"other"}, "Testfile:4 ": {"other", "one", "many"}, "Testfile:6 ": {"many", "one"},
	} {
		if got := lines.At(properties...).Err("here"); !strings.HasPrefix(got.Error(), want) {
			t.Errorf("%q: %v, want %s", properties, got, want)
		}
	}
	for name, got := range map[string]error{"none": lines.At().Err("here"), "the controller": c.Err("here")} {
		if !strings.HasPrefix(got.Error(), "Testfile:2 ") {
			t.Errorf("%s: %v, want the directive's line", name, got)
		}
	}
	if !lines.Has("one") || !lines.Has("many") || lines.Has("other") || lines.Has("plugin") {
		t.Errorf("%v is taken for what is written", lines.properties)
	}
}

// A property can be in a file that the Corefile imports, whose lines count from 1.
func TestLinesNameTheFile(t *testing.T) {
	c := caddy.NewTestController("dns", "")
	c.Dispenser = caddyfile.NewDispenserTokens("Corefile", []caddyfile.Token{
		{Line: 7, Text: "plugin"}, {Line: 7, Text: "{"}, {Line: 8, Text: "other"},
		{File: "/imported", Line: 1, Text: "one"}, {File: "/imported", Line: 1, Text: "1"}, {Line: 10, Text: "}"},
	})
	_, lines, err := read(c)
	if err != nil {
		t.Fatal(err)
	}
	for property, want := range map[string]string{"one": "/imported:1 ", "other": "Corefile:8 ", "many": "Corefile:7 "} {
		if got := lines.At(property).Err("here"); !strings.HasPrefix(got.Error(), want) {
			t.Errorf("%s: %v, want %s", property, got, want)
		}
	}
}

func TestBareIsTheNameAlone(t *testing.T) {
	for corefile, want := range map[string]bool{
		"plugin": true, "plugin # a comment\n": true, "plugin a": false, "plugin \"\"": false, "plugin {\n}": false, "plugin {\n one\n}": false,
	} {
		if _, lines, err := read(caddy.NewTestController("dns", corefile)); err != nil || lines.Bare != want {
			t.Errorf("%q gives %+v, %v", corefile, lines, err)
		}
	}
}

// What Read takes it has given to the parsers, all of it, and what it refuses has a line.
func FuzzRead(f *testing.F) {
	for _, corefile := range []string{
		"plugin", "plugin a {\n one 1\n many 2 3\n many\n}", "plugin { one\n}\n", "plugin {}", "plugin {\n one {\n two\n }\n}", "plugin\n{",
		"plugin {\n one \"a\nb\" bad\n}", "plugin {\n one\n} two", "plugin {\n one\n", "plugin\nplugin", "plugin one", "plugin \"{\" one \"}\"", "",
	} {
		f.Add(corefile)
	}
	f.Fuzz(func(t *testing.T, corefile string) {
		got, lines, err := read(caddy.NewTestController("dns", corefile))
		if err != nil {
			plugintest.NamesALine(t, corefile, err)
			return
		}
		var words []string
		for c := caddy.NewTestController("dns", corefile); c.Next(); {
			words = append(words, c.Val())
		}
		if len(words) == 0 {
			return // caddy calls no plugin without its name
		}
		want := append(words[:1:1], got.arguments...)
		if len(words) > len(want) {
			want = slices.Concat(want, []string{"{"}, got.words, []string{"}"})
		}
		if !slices.Equal(words, want) {
			t.Errorf("%q is taken as %q", corefile, want)
		}
		if lines.Bare != (len(words) == 1) {
			t.Errorf("%q is bare: %v", corefile, lines.Bare)
		}
		for _, property := range []string{"one", "other", "many"} {
			at := words[0]
			if lines.Has(property) {
				at = property
			}
			if got := lines.At(property).Val(); got != at {
				t.Errorf("%q has %s at %q", corefile, property, got)
			}
		}
	})
}
