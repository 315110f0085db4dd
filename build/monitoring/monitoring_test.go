package monitoring_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/holdfastdns/holdfast/build/monitoring"
	"github.com/holdfastdns/holdfast/test/lab"
)

// ruleFile is as much of a rule file as ours use.
type ruleFile struct {
	Groups []struct {
		Name  string
		Rules []rule
	}
}

type rule struct {
	Alert, Expr, For    string
	Labels, Annotations map[string]string
}

// rules are all of a rule file.
func rules(t *testing.T, text string) (all []rule) {
	t.Helper()
	var file ruleFile
	if err := yaml.UnmarshalStrict([]byte(text), &file); err != nil {
		t.Fatal(err)
	}
	for _, g := range file.Groups {
		all = append(all, g.Rules...)
	}
	if len(all) < 20 {
		t.Fatalf("%d alerts", len(all))
	}
	return all
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file) // #nosec G304 -- of this folder
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestWhatIsMadeIsUpToDate(t *testing.T) {
	dashboard, err := monitoring.DashboardJSON()
	if err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{"prometheusrule.yaml": monitoring.PrometheusRule(monitoring.Rules), "dashboard.json": string(dashboard)} {
		if read(t, file) != want {
			t.Errorf("%s is not what its source says: run make gen", file)
		}
	}
}

// The object has the rules of the file, and nothing else.
func TestThePrometheusRuleHasTheSameRules(t *testing.T) {
	var object struct {
		APIVersion, Kind string
		Metadata         map[string]any
		Spec             ruleFile
	}
	if err := yaml.UnmarshalStrict([]byte(monitoring.PrometheusRule(monitoring.Rules)), &object); err != nil {
		t.Fatal(err)
	}
	spec, err := yaml.Marshal(object.Spec)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := rules(t, string(spec)), rules(t, monitoring.Rules); !equal(t, got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func equal(t *testing.T, a, b any) bool {
	t.Helper()
	x, err := yaml.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	y, err := yaml.Marshal(b)
	return err == nil && string(x) == string(y)
}

// Each alert says how bad it is, what is wrong and where, and leads to its section of the
// runbook, which says what to do; and the runbook has no section of another.
func TestAlertsSayWhatToDo(t *testing.T) {
	const runbook = "https://github.com/holdfastdns/holdfast/blob/main/build/monitoring/runbook.md#"
	sections := make(map[string]string)
	for _, s := range strings.Split(read(t, "runbook.md"), "\n## ")[1:] {
		title, text, _ := strings.Cut(s, "\n")
		sections[title] = text
	}
	known := make(map[string]bool)
	for _, r := range rules(t, monitoring.Rules) {
		known[r.Alert] = true
		if key := r.Alert + " " + r.Labels["severity"]; known[key] {
			t.Errorf("%s is there twice", key)
		} else {
			known[key] = true
		}
		if s := r.Labels["severity"]; s != "info" && s != "warning" && s != "critical" || len(r.Labels) != 1 {
			t.Errorf("%s has labels %q, want a severity alone", r.Alert, r.Labels)
		}
		if a := r.Annotations; a["summary"] == "" || !strings.Contains(a["description"], "$labels.") || a["runbook_url"] != runbook+strings.ToLower(r.Alert) || len(a) != 3 {
			t.Errorf("%s has annotations %q", r.Alert, a)
		}
		for _, part := range []string{"**What it means.**", "**See it.**", "**Do.**", "**Ignore it when**"} {
			if !strings.Contains(sections[r.Alert], part) {
				t.Errorf("runbook.md has no %s of %s", part, r.Alert)
			}
		}
	}
	for title := range sections {
		if !known[title] {
			t.Errorf("runbook.md has %s, which is no alert", title)
		}
	}
}

// The manual's table of severities has each alert that has one, at its worst.
func TestTheTableOfSeveritiesIsThatOfTheRules(t *testing.T) {
	has := make(map[string]map[string]bool) // severities, and their alerts
	for _, r := range rules(t, monitoring.Rules) {
		s := r.Labels["severity"]
		if has[s] == nil {
			has[s] = make(map[string]bool)
		}
		has[s][r.Alert] = true
	}
	page := read(t, "README.md")
	for severity, want := range map[string]map[string]bool{"critical": has["critical"], "info": has["info"]} {
		row := regexp.MustCompile(`(?m)^\| ` + severity + ` \| [^|]+ \| ([^|]+) \|$`).FindStringSubmatch(page)
		if row == nil {
			t.Fatalf("the table has no %s", severity)
		}
		listed := make(map[string]bool)
		for _, alert := range strings.Split(row[1], ", ") {
			listed[alert] = true
		}
		if !equal(t, listed, want) {
			t.Errorf("the table has %v as %s, the rules %v", listed, severity, want)
		}
	}
	for alert := range has["info"] { // the others, all of which are warnings, or have a milder one
		if has["critical"][alert] || has["warning"][alert] {
			t.Errorf("%s is not info alone", alert)
		}
	}
	milder := 0
	for alert := range has["critical"] {
		if has["warning"][alert] {
			milder++
		}
	}
	if 2*milder <= len(has["critical"]) {
		t.Errorf("%d of %d critical alerts have a milder condition, and the table says most", milder, len(has["critical"]))
	}
	for _, said := range regexp.MustCompile(`(?m)^(Holdfast\w+) and (Holdfast\w+) are warnings\.`).FindAllStringSubmatch(page, -1) {
		for _, alert := range said[1:] {
			if !has["warning"][alert] || has["critical"][alert] {
				t.Errorf("%s is no warning", alert)
			}
		}
	}
}

func TestQuickerChangesPeriodsAlone(t *testing.T) {
	quick, err := monitoring.Quicker(monitoring.Rules, 60)
	if err != nil {
		t.Fatal(err)
	}
	before, after := rules(t, monitoring.Rules), rules(t, quick)
	period := regexp.MustCompile(`\[\d+[smhd]\]|offset \d+[smhd]`)
	for i, r := range before {
		q := after[i]
		if r.For == "1h" && q.For != "60s" || r.For == "1m" && q.For != "1s" || r.For == "" && q.For != "" {
			t.Errorf("%s waits for %q, and quicker for %q", r.Alert, r.For, q.For)
		}
		if r.Expr != q.Expr != period.MatchString(r.Expr) {
			t.Errorf("%s and quicker\n%s%s", r.Alert, r.Expr, q.Expr)
		}
		q.For, q.Expr = r.For, period.ReplaceAllString(q.Expr, "")
		r.Expr = period.ReplaceAllString(r.Expr, "")
		if !equal(t, r, q) {
			t.Errorf("%+v, quicker %+v", r, q)
		}
	}
	if same, err := monitoring.Quicker(quick, 1); same != quick || err != nil {
		t.Errorf("divided by 1 they are not the same: %v", err)
	}
	if _, err := monitoring.Quicker(monitoring.Rules, 0); err == nil {
		t.Error("divided by 0")
	}
	const text = "    for: 2d\n      rate(x[5m] offset 1h) > 5m\n"
	if got, want := first(monitoring.Quicker(text, 100)), "    for: 1728s\n      rate(x[5s] offset 36s) > 5m\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func first(text string, _ error) string { return text }

func TestPromtoolTakesTheRules(t *testing.T) {
	promtool := lab.Tool(t, "promtool", "prometheus")
	quick, err := monitoring.Quicker(monitoring.Rules, 60)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	lab.Write(t, dir+"/quick.yaml", quick)
	typed := lab.Typed(t, "build/monitoring/README.md", 2)
	if printed := lab.Command(t, lab.Root, "bash", "-c", typed[0]); printed != quick {
		t.Errorf("%s prints\n%s", typed[0], printed)
	}
	t.Log(lab.Command(t, lab.Root, "bash", "-euc", lab.Replaced(t, typed[1], "make gen\n", "")))
	for _, file := range []string{"rules.yaml", dir + "/quick.yaml"} {
		t.Log(lab.Command(t, ".", promtool, "check", "rules", "--lint=all", "--lint-fatal", file))
	}
}
