package zones

import (
	"regexp"
	"strings"
	"testing"

	"github.com/holdfastdns/holdfast/test/lab"
	"github.com/holdfastdns/holdfast/test/lab/embedded"
)

// status is what the metrics say that the zone is.
func (o onlooker) status(t *testing.T) string {
	t.Helper()
	if o.metrics == "" {
		return zoneStatus(t, o.zone)
	}
	is := ""
	for _, line := range regexp.MustCompile(`zone_status{status="(\w+)",zone="`+o.zone+`"} 1\n`).FindAllStringSubmatch(lab.Scrape(t, o.metrics), -1) {
		is += line[1]
	}
	return is
}

func (o onlooker) expectStatus(t *testing.T, want string) {
	t.Helper()
	if got := o.status(t); got != want {
		t.Errorf("the metrics say that %s is %q, want %s", o.zone, got, want)
	}
}

// metric is the value of a metric of stalecheck in this process, and whether there is
// one with these labels, each with its value.
func metric(t *testing.T, name string, labels ...string) (value float64, ok bool) {
	t.Helper()
	for has, value := range embedded.Metrics(t, "coredns_stalecheck_"+name) {
		all := true
		for i := 0; i < len(labels); i += 2 {
			all = all && has[labels[i]] == labels[i+1]
		}
		if all {
			return value, true
		}
	}
	return 0, false
}

// referenceIs waits for a metric: 1 for a reference that is up, 0 for one that is not.
func (o onlooker) referenceIs(t *testing.T, addr string, want float64) {
	t.Helper()
	lab.Until(t, "another state of "+addr, func() bool {
		up, ok := metric(t, "reference_up", "zone", o.zone, "reference", addr)
		return ok && up == want
	})
}

// zoneStatus is what the metric says that a zone is.
func zoneStatus(t *testing.T, zone string) string {
	t.Helper()
	var is []string
	for labels, value := range embedded.Metrics(t, "coredns_stalecheck_zone_status") {
		if labels["zone"] == zone && value == 1 {
			is = append(is, labels["status"])
		}
	}
	return strings.Join(is, " and ")
}
