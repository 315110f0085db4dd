// Package monitoring has the alerts and the dashboard for Prometheus and Grafana, and makes of
// them what is committed beside them: see README.md.
package monitoring

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"
	"time"
)

//go:generate go run ./gen

// Rules is a rule file of Prometheus, rules.yaml.
//
//go:embed rules.yaml
var Rules string

// PrometheusRule returns the object of prometheus-operator that has these rules. Only spaces
// are put before their lines, so that the expressions and comments are the same.
func PrometheusRule(rules string) string {
	_, groups, _ := strings.Cut(rules, "\ngroups:\n")
	const head = `# Generated from rules.yaml; do not edit: go generate ./build/monitoring
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: holdfast
  namespace: kube-system
  labels:
    k8s-app: kube-dns
spec:
  groups:
`
	var b strings.Builder
	b.WriteString(head)
	for line := range strings.Lines(groups) {
		b.WriteString("  " + line)
	}
	return b.String()
}

// What passes in rules: how long an alert waits, and the windows and offsets of expressions.
var periods = regexp.MustCompile(`(?m)(^ +for: |\[|\boffset )(\d+[smhd])(\]?)`)

// leastWindow has several samples of a server that is scraped each second.
const leastWindow = 5 * time.Second

// Quicker returns the rules with all that passes in them divided by a number, so that a
// rehearsal, whose servers are scraped each second, takes minutes and not hours. No window of
// an expression gets shorter than five seconds. Nothing else is changed.
func Quicker(rules string, by int) (string, error) {
	if by < 1 {
		return "", fmt.Errorf("cannot divide by %d: want 1 or more", by)
	}
	return periods.ReplaceAllStringFunc(rules, func(found string) string {
		m := periods.FindStringSubmatch(found)
		least := time.Second
		if m[1] == "[" {
			least = leastWindow
		}
		d := max(duration(m[2])/time.Duration(by), least)
		return m[1] + fmt.Sprintf("%ds", int(d.Seconds())) + m[3]
	}), nil
}

// duration is one of Prometheus' that has a single unit.
func duration(text string) time.Duration {
	days := 1
	if strings.HasSuffix(text, "d") {
		text, days = strings.TrimSuffix(text, "d")+"h", 24
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		panic(err) // the pattern takes no other
	}
	return d * time.Duration(days)
}
