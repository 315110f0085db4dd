package selfpreserve

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/plugin/internal/plugintest"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/roster"
)

// registryOf has the metrics of the plugin, for this node.
func registryOf(t *testing.T, n *node) *prometheus.Registry {
	t.Helper()
	countDeparture(promise.Departure{Cause: promise.Termination, Outcome: promise.Granted})
	rejectedTotal.WithLabelValues(stranger)
	controlTotal.WithLabelValues("stay")
	controlRejectedTotal.WithLabelValues(stranger)
	droppedTotal.WithLabelValues(ofStrangers)
	r := prometheus.NewRegistry()
	r.MustRegister(newNodeCollector(func() *node { return n }), departuresTotal, holdDuration, rejectedTotal, droppedTotal, controlTotal, controlRejectedTotal)
	return r
}

// gauges are the collector's metrics as text, without HELP and TYPE.
func gauges(t *testing.T, n *node) string {
	t.Helper()
	families, err := registryOf(t, n).Gather()
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, f := range families {
		for _, m := range f.Metric {
			if m.Gauge != nil {
				fmt.Fprintf(&text, "%s %s %.0f\n", strings.TrimPrefix(f.GetName(), "coredns_selfpreserve_"), m.Label[0].GetValue(), m.Gauge.GetValue())
			}
		}
	}
	return text.String()
}

func TestGaugesSayWhatStatusSays(t *testing.T) {
	s := full(t)
	for _, id := range []promise.ID{"id-b", "id-c"} {
		s.step(promise.Requested{Request: promise.Request{From: id, Number: 1, Lifetime: time.Second}})
	}
	sick := fmt.Errorf("SERVFAIL")
	for _, errs := range [][]error{{nil, nil}, {sick, sick}, {sick, nil}, {sick, sick}} {
		s.step(s.checks.note(s.clock, errs))
	}
	s.showChecks()
	const want = `fit canary a. A 0
fit vital file 1
peers aside 0
peers asking 0
peers leaving 0
peers serving 2
peers starting 0
peers unheard 1
peers unreachable 1
promises given 2
promises held 0
state aside 0
state asking 1
state leaving 0
state serving 0
state starting 0
`
	if got := gauges(t, s.node); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

func TestWithoutANodeThereAreNoGauges(t *testing.T) {
	if got := gauges(t, nil); got != "" {
		t.Error(got)
	}
}

func TestMetricsAreThoseOfTheREADME(t *testing.T) {
	s := full(t)
	metrics := plugintest.Metrics(t, pluginName, registryOf(t, s.node))
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	names := []string{roster.Unreachable, roster.Unheard, stranger, malformed, ofStrangers, ofKnown, string(promise.Termination), string(promise.Unfit), string(promise.Granted), string(promise.Refused), string(promise.Forced), string(promise.Cancelled), "given", "held"}
	for _, state := range promise.States() {
		names = append(names, state.String())
	}
	for _, name := range names {
		if !strings.Contains(metrics, name) && !strings.Contains(string(readme), "| "+name+" ") {
			t.Errorf("the README does not speak of %q", name)
		}
	}
}
