package stalecheck

import (
	"context"
	"sync"

	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/metrics"

	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	_ "github.com/holdfastdns/holdfast/plugin/internal/buildinfo"
)

var (
	responsesTotal = promauto.NewCounterVec(prometheus.CounterOpts{
		Namespace: plugin.Namespace,
		Subsystem: pluginName,
		Name:      "responses_total",
		Help:      "Counter of responses from stale or unserved zones, by what was done to them.",
	}, []string{"server", "zone", "view", "action"})

	probeFailures = promauto.NewCounterVec(prometheus.CounterOpts{
		Namespace: plugin.Namespace,
		Subsystem: pluginName,
		Name:      "probe_failures_total",
		Help:      "Counter of unusable answers from references, from the backend and to the heartbeat query, per reason.",
	}, []string{"reference", "reason"})
)

// countFailure counts an answer that was of no use. Without a reason it was of use.
func countFailure(reference, reason string) {
	if reason != "" {
		probeFailures.WithLabelValues(reference, reason).Inc()
	}
}

// counters has a counter for each action.
type counters [actions]prometheus.Counter

// count counts a response to the query of ctx. Finding a counter by its labels costs more
// than marking a message, so a zone keeps those that it has found.
func (z *zone) count(ctx context.Context, a action) {
	server := metrics.WithServer(ctx)
	found, ok := z.counters.Load(server)
	if !ok {
		made := new(counters)
		for i, name := range actionNames {
			made[i] = responsesTotal.WithLabelValues(server, z.name, metrics.WithView(ctx), name)
		}
		found, _ = z.counters.LoadOrStore(server, made)
	}
	found.(*counters)[a].Inc()
}

// forgetCounts takes away the counters of a zone that nobody watches any more. CoreDNS has stopped
// the servers that count: nothing brings them back.
func (z *zone) forgetCounts() {
	for range z.counters.Range {
		responsesTotal.DeletePartialMatch(prometheus.Labels{"zone": z.name})
		return
	}
}

// zonesCollector reads the verdicts when it is scraped. So there are no gauges to take back
// when a source falls silent, a zone goes, or a reload ends an instance.
type zonesCollector struct {
	age, status, serial, up  *prometheus.Desc
	maxAge, success, expires *prometheus.Desc
	silence                  *prometheus.Desc
}

func newZonesCollector() *zonesCollector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(prometheus.BuildFQName(plugin.Namespace, pluginName, name), help, labels, nil)
	}
	return &zonesCollector{
		age:     desc("age_seconds", "How old the zone is by each source that can tell.", "zone", "source"),
		status:  desc("zone_status", "1 for what the zone is: fresh, stale or unknown.", "zone", "status"),
		serial:  desc("serial", "The zone's serial at the backend, and the newest of the primaries and of the peers.", "zone", "source"),
		maxAge:  desc("max_age_seconds", "The age above which the zone is stale.", "zone"),
		success: desc("last_success_timestamp_seconds", "When the reference last gave a usable answer.", "zone", "reference"),
		expires: desc("expires_in_seconds", "Time until the zone expires by its SOA if no primary answers till then.", "zone"),
		silence: desc("primary_silence_seconds", "For how long no primary has given a usable answer.", "zone"),
		up:      desc("reference_up", "1 if the reference's last answer was usable, else 0.", "zone", "reference"),
	}
}

var registerOnce sync.Once

func registerCollector() { registerOnce.Do(func() { prometheus.MustRegister(newZonesCollector()) }) }

// Describe implements the prometheus.Collector interface.
func (c *zonesCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- c.age
	ch <- c.status
	ch <- c.serial
	ch <- c.up
	ch <- c.maxAge
	ch <- c.success
	ch <- c.expires
	ch <- c.silence
}

// Collect implements the prometheus.Collector interface.
func (c *zonesCollector) Collect(ch chan<- prometheus.Metric) {
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	zones := figures()
	for source := range verdict.NumSources {
		for _, f := range zones {
			if f.known[source] {
				gauge(c.age, f.ages[source].Seconds(), f.name, source.String())
			}
			if f.heard[source] {
				gauge(c.serial, float64(f.serials[source]), f.name, source.String())
			}
		}
	}
	for status := range verdict.NumStatuses {
		for _, f := range zones {
			gauge(c.status, boolean(status == f.status), f.name, status.String())
		}
	}
	for _, f := range zones {
		gauge(c.maxAge, f.maxAge.Seconds(), f.name)
		if f.expires {
			gauge(c.expires, f.left.Seconds(), f.name)
		}
		if f.silence >= 0 {
			gauge(c.silence, f.silence.Seconds(), f.name)
		}
	}
	for _, p := range perReference(zones, maxUps) {
		if p.asked {
			gauge(c.up, boolean(p.up), p.zone, p.name)
		}
	}
	for _, p := range perReference(zones, maxSuccesses) {
		if p.heard {
			gauge(c.success, float64(p.last.UnixMilli())/1000, p.zone, p.name)
		}
	}
}

func boolean(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
