package stalecheck

import (
	"context"
	"fmt"
	golog "log"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"
	"github.com/holdfastdns/holdfast/test/lab"
)

// scraped is the page with the collector's metrics, for any goroutine.
func scraped() string {
	registry := prometheus.NewRegistry()
	registry.MustRegister(newZonesCollector())
	recorder := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(recorder, httptest.NewRequest("GET", "/metrics", nil))
	return recorder.Body.String()
}

// stuck is an output that takes nothing until it is let go.
type stuck struct{ reached, release chan struct{} }

func (s stuck) Write(line []byte) (int, error) {
	s.reached <- struct{}{}
	<-s.release
	return len(line), nil
}

// A line of the log that nobody takes holds up one zone's observations, and a reload that has
// to know what was logged. Both wait with the scrape ahead of them.
func TestAScrapeWaitsForNeitherTheLogNorAReload(t *testing.T) {
	s := watching(t, newCheck(t, withPrimary)).seen(t, "example.org.", behind95)
	out := stuck{make(chan struct{}, 1), make(chan struct{})}
	was := golog.Writer()
	golog.SetOutput(out)
	defer golog.SetOutput(was)
	logged := make(chan struct{})
	go func() {
		s.observe(s.zones[0], func(h *verdict.History, now time.Time) { h.ObserveReference(1, 0, verdict.Refused, now) })
		close(logged)
	}()
	select {
	case <-out.reached:
	case <-time.After(lab.Slow):
		t.Fatal("nothing was logged")
	}
	live.Lock()
	page := make(chan string, 1)
	go func() { page <- scraped() }()
	select {
	case got := <-page:
		if !strings.Contains(got, `reference_up{reference="192.0.2.2:53",zone="example.org."} 0`) {
			t.Error(got)
		}
	case <-time.After(lab.Slow):
		t.Error("it waits")
	}
	live.Unlock()
	close(out.release)
	<-logged
}

func TestAThousandZonesWith32ReferencesAreLessThan5MB(t *testing.T) {
	s := watching(t, manyReferences(t, 1000, maxReferences))
	for _, z := range s.zones {
		s.observe(z, func(h *verdict.History, _ time.Time) { allAnswer(h, maxReferences) })
	}
	page := scraped()
	t.Logf("%.1f MB, %d lines", float64(len(page))/1e6, strings.Count(page, "\n"))
	if len(page) > 5e6 {
		t.Errorf("%d octets", len(page))
	}
	for line, want := range map[string]int{
		"coredns_stalecheck_reference_up{":                                       1000 * maxReferences,
		`coredns_stalecheck_last_success_timestamp_seconds{reference="primary",`: 1000,
		"coredns_stalecheck_last_success_timestamp_seconds{":                     1000,
		"coredns_stalecheck_zone_status{":                                        3000,
	} {
		if got := strings.Count(page, line); got != want {
			t.Errorf("%d of %s, want %d", got, line, want)
		}
	}
}

func TestAboveTheLimitThereIsTheBestOfEachSource(t *testing.T) {
	s := newCheck(t, "stalecheck {\n primary 192.0.2.9 192.0.2.10\n peers 192.0.2.2 192.0.2.3\n}")
	watching(t, s).seen(t, "example.org.", func(h *verdict.History) {
		h.ObserveReference(1, 9, "", at.Add(-time.Hour))
		h.ObserveReference(0, 9, "", at.Add(-time.Minute)) // 192.0.2.9
		h.ObserveReference(1, 0, verdict.Refused, at)
		h.ObserveReference(2, 0, verdict.Timeout, at) // 192.0.2.2
	})
	shown := func(limit int) (all []string) {
		for _, p := range perReference(figures(), limit) {
			text := fmt.Sprintf("%s %s asked %t up %t", p.zone, p.name, p.asked, p.up)
			if p.heard {
				text += fmt.Sprintf(" %s ago", at.Sub(p.last))
			}
			all = append(all, text)
		}
		return all
	}
	if got, want := shown(4), []string{
		"example.org. 192.0.2.10:53 asked true up false 1h0m0s ago",
		"example.org. 192.0.2.2:53 asked true up false",
		"example.org. 192.0.2.3:53 asked false up false",
		"example.org. 192.0.2.9:53 asked true up true 1m0s ago",
	}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := shown(3), []string{
		"example.org. peers asked true up false",
		"example.org. primary asked true up true 1m0s ago",
	}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestFiguresOfARemovedZoneVanishAtAReload(t *testing.T) {
	silent := silentReference(t)
	one := block(t, silent, 8)
	instance := run(t, nil, one+strings.Replace(block(t, silent, 8), "example.org:", "example.net:", 1))
	defer func() { end(t, instance) }()
	for _, s := range live.visible() {
		s.zones[0].count(context.Background(), flag)
	}
	shown := func() (zones string) {
		counters := prometheus.NewRegistry()
		counters.MustRegister(responsesTotal)
		families, err := counters.Gather()
		if err != nil {
			t.Fatal(err)
		}
		counted := fmt.Sprint(families)
		for _, zone := range []string{"example.net.", "example.org."} {
			zones += fmt.Sprintf("%s %t %t ", zone, strings.Contains(scraped(), `zone="`+zone), strings.Contains(counted, zone))
		}
		return zones
	}
	if got, want := shown(), "example.net. true true example.org. true true "; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	instance = run(t, instance, one)
	if got, want := shown(), "example.net. false false example.org. true true "; got != want {
		t.Errorf("after the reload %s, want %s", got, want)
	}
}
