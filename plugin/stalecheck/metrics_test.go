package stalecheck

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/plugin/test"
	"github.com/holdfastdns/holdfast/plugin/internal/plugintest"
	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"

	"github.com/miekg/dns"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func counterValue(t *testing.T, c prometheus.Counter) float64 {
	t.Helper()
	return testutil.ToFloat64(c)
}

// watching makes s one of the instances that the metrics tell of.
func watching(t testing.TB, s *StaleCheck) *StaleCheck {
	t.Helper()
	registerCollector()
	live.Lock()
	live.set(append(live.instances, s))
	live.Unlock()
	t.Cleanup(s.stop)
	return s
}

// gauges are the collector's metrics as text, without HELP and TYPE.
func gauges(t *testing.T) string {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(newZonesCollector())
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, f := range families {
		for _, m := range f.Metric {
			text.WriteString(strings.TrimPrefix(f.GetName(), "coredns_stalecheck_"))
			for _, l := range m.Label {
				fmt.Fprintf(&text, " %s", l.GetValue())
			}
			fmt.Fprintf(&text, " %.0f\n", m.Gauge.GetValue())
		}
	}
	return text.String()
}

func TestGaugesSayWhatTheErrorSays(t *testing.T) {
	s := watching(t, newCheck(t, withPrimary)).seen(t, "example.org.", behind95)
	s.seen(t, "example.org.", func(h *verdict.History) { h.ObserveReference(1, 0, verdict.Timeout, at) })
	want := fmt.Sprintf(`age_seconds primary example.org. 95
expires_in_seconds example.org. 905
last_success_timestamp_seconds 192.0.2.1:53 example.org. %d
max_age_seconds example.org. 60
primary_silence_seconds example.org. 95
reference_up 192.0.2.1:53 example.org. 1
reference_up 192.0.2.2:53 example.org. 0
serial backend example.org. 2026112101
serial primary example.org. 2026112105
zone_status fresh example.org. 0
zone_status stale example.org. 1
zone_status unknown example.org. 0
`, at.Add(-95*time.Second).Unix())
	if got := gauges(t); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

func TestGaugesOfAZoneInTwoPlacesAreTheWorst(t *testing.T) {
	one := watching(t, newCheck(t, withPrimary))
	two := watching(t, newCheck(t, withPrimary))
	for _, s := range []*StaleCheck{one, two} {
		s.seen(t, "example.org.", func(h *verdict.History) {
			h.ObserveOwn(8, 1000, "", at)
			h.ObserveReference(0, 8, "", at)
		})
	}
	status := func(want string) {
		t.Helper()
		if got := gauges(t); !strings.Contains(got, "zone_status "+want+" example.org. 1\n") {
			t.Errorf("want %s in\n%s", want, got)
		}
	}
	status("fresh")
	one.seen(t, "example.org.", func(h *verdict.History) { h.ObserveReference(0, 0, verdict.Refused, at) })
	status("unknown")
	if got := gauges(t); !strings.Contains(got, "reference_up 192.0.2.1:53 example.org. 0\n") {
		t.Errorf("one of two has lost the reference:\n%s", got)
	}
	two.seen(t, "example.org.", func(h *verdict.History) { h.ObserveReference(0, 9, "", at.Add(-70*time.Second)) })
	status("stale")
	two.stop()
	status("unknown")
	one.stop()
	if got := gauges(t); got != "" {
		t.Errorf("of nothing there is\n%s", got)
	}
}

func TestFiguresOfAZoneInTwoPlacesAreTheWorst(t *testing.T) {
	newer := func(h *verdict.History) {
		h.ObserveOwn(8, 1000, "", at)
		h.ObserveReference(0, 10, "", at.Add(-50*time.Second))
	}
	older := func(h *verdict.History) {
		h.ObserveOwn(7, 1000, "", at)
		h.ObserveReference(0, 9, "", at.Add(-70*time.Second))
	}
	for _, order := range [][]func(*verdict.History){{newer, older}, {older, newer}} {
		var both []*StaleCheck
		for _, seen := range order {
			both = append(both, watching(t, newCheck(t, withPrimary)).seen(t, "example.org.", seen))
		}
		got := gauges(t)
		for _, want := range []string{"age_seconds primary example.org. 70\n", "serial backend example.org. 7\n", "serial primary example.org. 10\n",
			"expires_in_seconds example.org. 930\n", "primary_silence_seconds example.org. 70\n", fmt.Sprintf("last_success_timestamp_seconds 192.0.2.1:53 example.org. %d\n", at.Add(-70*time.Second).Unix())} {
			if !strings.Contains(got, want) {
				t.Errorf("want %s in\n%s", want, got)
			}
		}
		both[0].stop()
		both[1].stop()
	}
	watching(t, newCheck(t, withPrimary))
	if got := gauges(t); strings.Contains(got, "serial ") || strings.Contains(got, "reference_up ") || strings.Contains(got, "\nage_seconds ") ||
		strings.Contains(got, "last_success") || strings.Contains(got, "silence") || strings.Contains(got, "expires_in") {
		t.Errorf("nothing is known, and the gauges say\n%s", got)
	}
}

func TestResponsesAreCountedByWhatWasDone(t *testing.T) {
	ctx := context.WithValue(context.Background(), dnsserver.Key{}, &dnsserver.Server{Addr: "dns://" + t.Name()})
	ctx = context.WithValue(ctx, dnsserver.ViewKey{}, "inside")
	var before [actions]float64
	counts := func() (all [actions]float64) {
		for i, name := range actionNames {
			all[i] = counterValue(t, responsesTotal.WithLabelValues("dns://"+t.Name(), "example.org.", "inside", name)) - before[i]
		}
		return all
	}
	before = counts()
	good := answering(message(t, "www.example.org. A", "www.example.org. 300 IN A 10.0.0.1"))
	for _, step := range []struct {
		action string
		seen   func(*verdict.History)
		want   [actions]float64
	}{
		{"flag", behind95, [actions]float64{1, 0, 0, 0}},
		{"flag", servedNoMore, [actions]float64{1, 0, 0, 0}}, // and yet it answers
		{"servfail", behind95, [actions]float64{1, 1, 0, 0}},
		{"servfail", behindADeadPrimary, [actions]float64{2, 1, 0, 0}},
		{"refuse", behind95, [actions]float64{2, 1, 1, 0}},
		{"flag", func(h *verdict.History) { h.ObserveOwn(1, 1, "", at) }, [actions]float64{2, 1, 1, 0}},
	} {
		s := newCheck(t, "stalecheck {\n primary 192.0.2.1\n action "+step.action+"\n}").seen(t, "example.org.", step.seen)
		s.Next = good
		if _, err := s.ServeDNS(ctx, new(test.ResponseWriter), query("www.example.org. A")); err != nil {
			t.Fatal(err)
		}
		if got := counts(); got != step.want {
			t.Errorf("%v, want %v", got, step.want)
		}
	}
	s := newCheck(t, withPrimary).seen(t, "example.org.", neverServed)
	s.Next = returning(dns.RcodeServerFailure, nil)
	for range 2 {
		_, _ = s.ServeDNS(ctx, new(test.ResponseWriter), query("www.example.org. A"))
	}
	if got, want := counts(), ([actions]float64{2, 1, 1, 2}); got != want {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestMetricsAreThoseOfTheREADME(t *testing.T) {
	s := watching(t, newCheck(t, withPrimary)).seen(t, "example.org.", behind95)
	s.Next = answering(message(t, "www.example.org. A", "www.example.org. 300 IN A 10.0.0.1"))
	serve(t, s, query("www.example.org. A"))
	probeFailures.WithLabelValues("192.0.2.1:53", string(verdict.Timeout))
	plugintest.Metrics(t, pluginName, prometheus.DefaultGatherer)
}
