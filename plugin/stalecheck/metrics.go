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
		Help:      "Counter of responses of stale or unserved zones, per what was done to them.",
	}, []string{"server", "zone", "view", "action"})

	probeFailures = promauto.NewCounterVec(prometheus.CounterOpts{
		Namespace: plugin.Namespace,
		Subsystem: pluginName,
		Name:      "probe_failures_total",
		Help:      "Counter of answers of references, of the backend and to the heartbeat's query that were of no use, per reason.",
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

// zonesCollector reads the verdicts when it is scraped. So there are no gauges to take back
// when a source falls silent, a zone goes, or a reload ends an instance.
type zonesCollector struct {
	age, status, serial, up  *prometheus.Desc
	maxAge, success, expires *prometheus.Desc
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
}

// Collect implements the prometheus.Collector interface.
func (c *zonesCollector) Collect(ch chan<- prometheus.Metric) {
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	for name, f := range figures() {
		for s := range verdict.NumSources {
			if f.known[s] {
				gauge(c.age, f.ages[s].Seconds(), name, s.String())
			}
			if f.heard[s] {
				gauge(c.serial, float64(f.serials[s]), name, s.String())
			}
		}
		for i := range verdict.NumStatuses {
			gauge(c.status, boolean(i == f.status), name, i.String())
		}
		for address, up := range f.up {
			gauge(c.up, boolean(up), name, address)
		}
		for address, at := range f.success {
			gauge(c.success, float64(at.UnixMilli())/1000, name, address)
		}
		gauge(c.maxAge, f.maxAge.Seconds(), name)
		if f.expires {
			gauge(c.expires, f.left.Seconds(), name)
		}
	}
}

func boolean(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
