// Package buildinfo exports the metric that says which Holdfast a server is built from. A
// plugin that imports it has it exported, also in somebody else's CoreDNS.
package buildinfo

import (
	"github.com/coredns/coredns/coremain"
	"github.com/coredns/coredns/plugin"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/holdfastdns/holdfast/internal/version"
)

// As coredns_build_info it is there from the start, and 1 for ever.
func init() {
	promauto.NewGaugeVec(prometheus.GaugeOpts{
		Namespace: plugin.Namespace,
		Subsystem: "holdfast",
		Name:      "build_info",
		Help:      "1, with the versions of Holdfast and CoreDNS and the commit that this server was built from.",
	}, []string{"version", "coredns", "revision"}).
		WithLabelValues(version.Number(), coremain.CoreVersion, version.Revision()).Set(1)
}
