package probe

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/cli"
)

// Metrics are in UTF-8. What somebody types may not be, nor what a server is called.
func TestNamesOfAnyBytesDoNotBreakTheMetrics(t *testing.T) {
	e := new(exporter)
	e.last.Store(&Round{Zone: "\xff.", Servers: []Server{{Name: "\xff"}}})
	registry := prometheus.NewRegistry()
	registry.MustRegister(e)
	families, err := registry.Gather()
	if err != nil || len(families) == 0 {
		t.Errorf("%d metrics, %v", len(families), err)
	}
	var out, errs strings.Builder
	code := cli.Run(t.Context(), cli.Streams{Out: &out, Err: &errs}, []string{"probe", "example.org", "192.0.2.1", "--vantage", "\xff"}, []cli.Verb{Verb})
	if want := "holdfast probe: vantage \"\\xff\" is not UTF-8: want a name such as paris (holdfast probe --help)\n"; code != 2 || errs.String() != want {
		t.Errorf("%d, %q", code, &errs)
	}
}
