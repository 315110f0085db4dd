package embedded

import (
	"iter"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are those of this process that have a name: the labels and the value of each
// counter or gauge.
func Metrics(t *testing.T, name string) iter.Seq2[map[string]string, float64] {
	t.Helper()
	families, err := prometheus.DefaultGatherer.Gather()
	if err != nil {
		t.Fatal(err)
	}
	return func(yield func(map[string]string, float64) bool) {
		for _, f := range families {
			for _, m := range f.Metric {
				labels := make(map[string]string)
				for _, l := range m.Label {
					labels[l.GetName()] = l.GetValue()
				}
				if f.GetName() == name && !yield(labels, m.GetGauge().GetValue()+m.GetCounter().GetValue()) {
					return
				}
			}
		}
	}
}
