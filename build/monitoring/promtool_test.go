package monitoring_test

import (
	"regexp"
	"slices"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/holdfastdns/holdfast/build/monitoring"
	"github.com/holdfastdns/holdfast/test/lab"
)

func TestAlertsFireStaySilentAndEnd(t *testing.T) {
	promtool := lab.Tool(t, "promtool", "prometheus")
	t.Log(lab.Command(t, ".", promtool, "test", "rules", "rules_test.yaml"))
}

// firing is how promtool is asked for all alerts that fire.
const firing = `count by (alertname, severity) (ALERTS{alertstate="firing"})`

// No alert is without a test in which it is silent, fires, and is silent again.
func TestEachAlertHasItsTest(t *testing.T) {
	var file struct {
		Tests []struct {
			Name  string
			Exprs []struct {
				Expr     string
				Expected []struct{ Labels string } `json:"exp_samples"`
			} `json:"promql_expr_test"`
		}
	}
	if err := yaml.Unmarshal([]byte(read(t, "rules_test.yaml")), &file); err != nil {
		t.Fatal(err)
	}
	alert := regexp.MustCompile(`^\{alertname="(\w+)", severity="(\w+)"\}$`)
	tested := make(map[string]bool)
	for _, test := range file.Tests {
		var instants [][]string
		for _, e := range test.Exprs {
			if e.Expr != firing {
				t.Errorf("%s: asks for %s, want %s", test.Name, e.Expr, firing)
			}
			fires := []string{}
			for _, sample := range e.Expected {
				m := alert.FindStringSubmatch(sample.Labels)
				if m == nil {
					t.Fatalf("%s: %q", test.Name, sample.Labels)
				}
				fires = append(fires, m[1]+" "+m[2])
			}
			instants = append(instants, fires)
		}
		if len(instants) < 2 {
			t.Errorf("%s looks at %d instants", test.Name, len(instants))
			continue
		}
		first, last := instants[0], instants[len(instants)-1]
		for _, fires := range instants {
			for _, name := range fires {
				tested[name] = tested[name] || !slices.Contains(first, name) && !slices.Contains(last, name)
			}
		}
	}
	for _, r := range rules(t, monitoring.Rules) {
		if name := r.Alert + " " + r.Labels["severity"]; !tested[name] {
			t.Errorf("no test has %s silent, firing, and silent again", name)
		}
	}
}
