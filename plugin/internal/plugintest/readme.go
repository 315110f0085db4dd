package plugintest

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// section is one of the README of the plugin whose tests run.
func section(t *testing.T, title string) string {
	t.Helper()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(string(readme), "\n## "+title+"\n")
	if !found {
		t.Fatalf("README.md has no section %q", title)
	}
	text, _, _ = strings.Cut(text, "\n## ")
	return text
}

// Syntax fails the test unless the README's Syntax begins with firstLine and has a line
// for each of the properties that the parser takes, and no other.
func Syntax(t *testing.T, firstLine string, properties []string) {
	t.Helper()
	_, block, _ := strings.Cut(section(t, "Syntax"), "~~~ txt\n")
	block, _, _ = strings.Cut(block, "~~~")
	if !strings.HasPrefix(block, firstLine+"\n") {
		t.Errorf("the README's Syntax begins with %.40q, want %q", block, firstLine)
	}
	var documented []string
	for _, m := range regexp.MustCompile(`(?m)^ {4}(\w+)(?: |$)`).FindAllStringSubmatch(block, -1) {
		documented = append(documented, m[1])
	}
	slices.Sort(documented)
	if want := slices.Sorted(slices.Values(properties)); !slices.Equal(documented, want) {
		t.Errorf("the README's Syntax has %q, the parser %q", documented, want)
	}
}

// Metrics fails the test unless the metrics of the plugin that are exported are those of
// the README, labels too, and named as Prometheus wants it. It returns the section.
func Metrics(t *testing.T, plugin string, exporter prometheus.Gatherer) string {
	t.Helper()
	prefix := "coredns_" + plugin + "_"
	problems, err := testutil.GatherAndLint(exporter)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, prefix) {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
	families, err := exporter.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var exported, documented []string
	for _, f := range families {
		if !strings.HasPrefix(f.GetName(), prefix) {
			continue
		}
		var labels []string
		for _, l := range f.Metric[0].Label {
			labels = append(labels, l.GetName())
		}
		exported = append(exported, withLabels(f.GetName(), labels))
	}
	text := section(t, "Metrics")
	for _, m := range regexp.MustCompile("(?m)^\\* `("+prefix+"\\w+)(?:\\{([^}]*)\\})?`").FindAllStringSubmatch(text, -1) {
		documented = append(documented, withLabels(m[1], strings.Split(strings.ReplaceAll(m[2], " ", ""), ",")))
	}
	slices.Sort(exported)
	slices.Sort(documented)
	if len(exported) == 0 || !slices.Equal(exported, documented) {
		t.Errorf("exported %q, documented %q", exported, documented)
	}
	return text
}

func withLabels(name string, labels []string) string {
	slices.Sort(labels)
	return strings.TrimSpace(name + " " + strings.Join(labels, " "))
}
