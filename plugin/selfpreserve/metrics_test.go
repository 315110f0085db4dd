package selfpreserve

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coredns/coredns/coremain"

	"github.com/holdfastdns/holdfast/internal/version"
	"github.com/holdfastdns/holdfast/plugin/internal/plugintest"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/roster"
)

// registryOf has the metrics of the plugin, for this node.
func registryOf(t *testing.T, n *node) *prometheus.Registry {
	t.Helper()
	countDeparture(promise.Departure{Cause: promise.Termination, Outcome: promise.Granted})
	observedTotal.WithLabelValues(string(promise.Termination), string(promise.Granted))
	rejectedTotal.WithLabelValues(stranger)
	controlTotal.WithLabelValues("stay")
	controlRejectedTotal.WithLabelValues(stranger)
	droppedTotal.WithLabelValues(ofStrangers)
	r := prometheus.NewRegistry()
	r.MustRegister(newNodeCollector(func() *node { return n }), departuresTotal, observedTotal, holdDuration, rejectedTotal, droppedTotal, controlTotal, controlRejectedTotal)
	return r
}

// gauges are the collector's metrics as text, without HELP and TYPE.
func gauges(t *testing.T, n *node) string {
	t.Helper()
	text, err := gathered(newNodeCollector(func() *node { return n }))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// gathered is like gauges, for any goroutine.
func gathered(c prometheus.Collector) (string, error) {
	r := prometheus.NewRegistry()
	if err := r.Register(c); err != nil {
		return "", err
	}
	families, err := r.Gather()
	var text strings.Builder
	for _, f := range families {
		for _, m := range f.Metric {
			if m.Gauge != nil {
				text.WriteString(strings.TrimPrefix(f.GetName(), "coredns_selfpreserve_"))
				for _, l := range m.Label {
					text.WriteString(" " + l.GetValue())
				}
				fmt.Fprintf(&text, " %.0f\n", m.Gauge.GetValue())
			}
		}
	}
	return text.String(), err
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
hold_deadline_timestamp_seconds 0
may_leave 0
min_peers 1
override leave 0
override stay 0
peers aside 0
peers asking 0
peers leaving 0
peers left 0
peers serving 2
peers starting 0
peers unheard 1
peers unreachable 1
promises given 2
promises held 0
ready_asked_timestamp_seconds 0
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

func TestGaugesTellOfAHoldAndOfAnOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // in 2000
		s := full(t)
		s.step(promise.Override{Kind: promise.Stay, Reason: "a test"})
		s.step(promise.Terminate{})
		s.clock += 5 * time.Second
		got := gauges(t, s.node)
		want := fmt.Sprintf("hold_deadline_timestamp_seconds %d\n", time.Now().Add(15*time.Second).Unix())
		if !strings.Contains(got, want) || !strings.Contains(got, "override leave 0\noverride stay 1\n") {
			t.Errorf("%s\nwant %s", got, want)
		}
	})
}

func TestWhatAnObserverDecidesIsCountedApart(t *testing.T) {
	before := testutil.ToFloat64(observedTotal.WithLabelValues("termination", "refused"))
	changed := figures()
	countDeparture(promise.Departure{Cause: promise.Termination, Outcome: promise.Refused, Observed: true})
	if now := testutil.ToFloat64(observedTotal.WithLabelValues("termination", "refused")); now != before+1 || changed() != "" {
		t.Errorf("%g more, and %q", now-before, changed())
	}
}

func TestTheBuildIsExported(t *testing.T) {
	families, err := prometheus.DefaultGatherer.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "coredns_holdfast_build_info" {
			m := f.Metric[0]
			if len(f.Metric) != 1 || m.Gauge.GetValue() != 1 || m.Label[0].GetValue() != coremain.CoreVersion || m.Label[1].GetValue() == "" || m.Label[2].GetValue() != version.Number() {
				t.Errorf("%v", f)
			}
			return
		}
	}
	t.Error("it is not there")
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
	names := []string{roster.Unreachable, roster.Left, roster.Unheard, stranger, malformed, ofStrangers, ofKnown, string(promise.Termination), string(promise.Unfit), string(promise.Granted), string(promise.Refused), string(promise.Forced), string(promise.Cancelled), "given", "held"}
	for _, state := range promise.States() {
		names = append(names, state.String())
	}
	for _, name := range names {
		if !strings.Contains(metrics, name) && !strings.Contains(string(readme), "| "+name+" ") {
			t.Errorf("the README does not speak of %q", name)
		}
	}
}
