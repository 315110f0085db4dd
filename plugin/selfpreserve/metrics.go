package selfpreserve

import (
	"sync"
	"time"

	"github.com/coredns/coredns/plugin"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	_ "github.com/holdfastdns/holdfast/plugin/internal/buildinfo"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/roster"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire"
)

var (
	departuresTotal = promauto.NewCounterVec(prometheus.CounterOpts{
		Namespace: plugin.Namespace,
		Subsystem: pluginName,
		Name:      "departures_total",
		Help:      "Counter of attempts to leave service, or to stay out of it from the start, per cause and outcome; each round without enough promises counts as one refused.",
	}, []string{"cause", "outcome"})

	observedTotal = promauto.NewCounterVec(prometheus.CounterOpts{
		Namespace: plugin.Namespace,
		Subsystem: pluginName,
		Name:      "observed_departures_total",
		Help:      "Counter of what a server that only observes would have counted in departures_total, per cause and outcome.",
	}, []string{"cause", "outcome"})

	holdDuration = prometheus.NewHistogram(prometheus.HistogramOpts{
		Namespace: plugin.Namespace,
		Subsystem: pluginName,
		Name:      "hold_duration_seconds",
		Help:      "Histogram of how long SIGTERM was held.",
		Buckets:   []float64{0.01, 0.1, 0.5, 1, 2, 5, 10, 20, 60, 300},
	})

	rejectedTotal = promauto.NewCounterVec(prometheus.CounterOpts{
		Namespace: plugin.Namespace,
		Subsystem: pluginName,
		Name:      "rejected_requests_total",
		Help:      "Counter of requests about promises that were refused, per reason.",
	}, []string{"reason"})
)

// departures are those that there can be.
var departures = map[promise.Cause][]promise.Outcome{
	promise.Termination: {promise.Granted, promise.Refused, promise.Forced, promise.Overridden},
	promise.Unfit:       {promise.Granted, promise.Refused, promise.Cancelled, promise.Overridden},
	promise.Operator:    {promise.Overridden},
}

func countDeparture(d promise.Departure) {
	counter := departuresTotal
	if d.Observed {
		counter = observedTotal
	}
	counter.WithLabelValues(string(d.Cause), string(d.Outcome)).Inc()
}

// nodeCollector reads what a node shows when it is scraped: nothing has to be taken back when
// a check or a peer goes, a reload changes nothing, and no scrape waits for the machine.
type nodeCollector struct {
	node                      func() *node
	state, fit, peers, number *prometheus.Desc
	minPeers, mayLeave        *prometheus.Desc
	deadline, override        *prometheus.Desc
	readyAsked                *prometheus.Desc
}

func newNodeCollector(current func() *node) *nodeCollector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(prometheus.BuildFQName(plugin.Namespace, pluginName, name), help, labels, nil)
	}
	return &nodeCollector{
		node:     current,
		state:    desc("state", "Whether the server is in this state: 1 for one of them, 0 for the others.", "state"),
		fit:      desc("fit", "Whether this check lets the server be fit: 0 after three failures in a row, and before it has passed once.", "check"),
		peers:    desc("peers", "Known peers, per status when they were last polled.", "status"),
		number:   desc("promises", "Promises to stay in service that are in force, per direction.", "direction"),
		minPeers: desc("min_peers", "How many peers have to promise before one may leave."),
		mayLeave: desc("may_leave", "How many servers could leave now by the rule, as this one sees it."),
		deadline: desc("hold_deadline_timestamp_seconds", "When max_hold of the held SIGTERM is over; 0 if none is held."),
		override: desc("override", "Whether this order of an operator is in force.", "kind"),

		readyAsked: desc("ready_asked_timestamp_seconds", "When /ready was last asked for; 0 if it never was."),
	}
}

// Describe implements prometheus.Collector.
func (c *nodeCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.state, c.fit, c.peers, c.number, c.minPeers, c.mayLeave, c.deadline, c.override, c.readyAsked} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *nodeCollector) Collect(ch chan<- prometheus.Metric) {
	n := c.node()
	if n == nil {
		return
	}
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	shown := n.shown.Load()
	v := shown.view
	for _, state := range promise.States() {
		gauge(c.state, toFloat(v.State == state), state.String())
	}
	for _, check := range shown.checks {
		gauge(c.fit, toFloat(check.fit), check.name)
	}
	// A server that is alone by choice has no part in this, and no rule may speak of it.
	if v.HasPeers {
		c.collectPeers(gauge, shown)
		asked := 0.0
		if at, ever := n.readyAsked(); ever {
			asked = n.since1970(at)
		}
		gauge(c.readyAsked, asked)
	}
	deadline := 0.0
	if shown.held() {
		deadline = n.since1970(v.Deadline)
	}
	gauge(c.deadline, deadline)
	for _, kind := range []promise.OverrideKind{promise.Leave, promise.Stay} {
		gauge(c.override, toFloat(v.Override.Kind == kind), string(kind))
	}
}

// collectPeers collects what there is with peers.
func (c *nodeCollector) collectPeers(gauge func(d *prometheus.Desc, value float64, labels ...string), s *shown) {
	counts := map[string]int{roster.Unheard: 0, roster.Unreachable: 0, roster.Left: 0}
	for _, state := range promise.States() {
		counts[state.String()] = 0
	}
	for _, p := range s.peers {
		counts[p.Status]++
	}
	for status, count := range counts {
		gauge(c.peers, float64(count), status)
	}
	gauge(c.number, float64(s.view.Given), "given")
	gauge(c.number, float64(s.view.Held), "held")
	gauge(c.minPeers, float64(s.view.MinPeers))
	gauge(c.mayLeave, float64(s.mayLeave()))
}

// since1970 is a time of the node's in seconds, as metrics have it.
func (n *node) since1970(at time.Duration) float64 {
	return float64(time.Now().Add(at-n.now()).UnixMilli()) / 1000
}

func toFloat(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

var registerOnce sync.Once

// registerCollector is called when a server starts: importing the plugin registers nothing
// that would speak before there is a node.
func registerCollector() {
	registerOnce.Do(func() {
		prometheus.MustRegister(newNodeCollector(process.visible.Load), holdDuration)
		// From 0: else the first that is counted is no increase.
		for cause, outcomes := range departures {
			for _, o := range outcomes {
				departuresTotal.WithLabelValues(string(cause), string(o))
				observedTotal.WithLabelValues(string(cause), string(o))
			}
		}
		for _, action := range wire.ControlActions() {
			controlTotal.WithLabelValues(string(action))
		}
		for _, reason := range []string{controlOff, stranger, browser, malformed} {
			controlRejectedTotal.WithLabelValues(reason)
		}
		rejectedTotal.WithLabelValues(stranger)
		rejectedTotal.WithLabelValues(malformed)
		droppedTotal.WithLabelValues(ofStrangers)
		droppedTotal.WithLabelValues(ofKnown)
	})
}
