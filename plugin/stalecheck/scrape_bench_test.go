package stalecheck

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"
	"github.com/holdfastdns/holdfast/test/lab"
)

// BenchmarkScrape has a thousand zones whose references all answer, without compression.
//
//	go test -run '^$' -bench Scrape ./plugin/stalecheck
func BenchmarkScrape(b *testing.B) {
	for _, references := range []int{1, 4, 32} {
		b.Run(fmt.Sprintf("zones=1000/references=%d", references), func(b *testing.B) {
			s := watching(b, manyReferences(b, 1000, references))
			for _, z := range s.zones {
				s.observe(z, func(h *verdict.History, _ time.Time) { allAnswer(h, references) })
			}
			registry := prometheus.NewRegistry()
			registry.MustRegister(newZonesCollector())
			handler := promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
			request, err := http.NewRequestWithContext(b.Context(), http.MethodGet, "/metrics", http.NoBody)
			if err != nil {
				b.Fatal(err)
			}
			var page response
			b.ReportAllocs()
			before, scrapes := lab.CPUTime(b, os.Getpid()), 0
			for b.Loop() {
				scrapes++
				page = response{}
				handler.ServeHTTP(&page, request)
			}
			b.ReportMetric((lab.CPUTime(b, os.Getpid())-before)*1000/float64(scrapes), "cpu-ms/op")
			b.ReportMetric(float64(page.octets)/1e6, "MB")
			b.ReportMetric(float64(page.lines), "lines")
		})
	}
}

// manyReferences watches n zones beside so many primaries.
func manyReferences(tb testing.TB, n, references int) *StaleCheck {
	tb.Helper()
	var addresses []string
	for i := range references {
		addresses = append(addresses, fmt.Sprintf("192.0.2.%d", i+101))
	}
	return newCheck(tb, manyZones(n, "primary "+strings.Join(addresses, " ")))
}

func allAnswer(h *verdict.History, references int) {
	h.ObserveOwn(2026112101, 1209600, "", at)
	for i := range references {
		h.ObserveReference(i, 2026112101, "", at)
	}
}

// response counts what it gets.
type response struct {
	header        http.Header
	octets, lines int
}

func (r *response) Header() http.Header {
	if r.header == nil {
		r.header = make(http.Header)
	}
	return r.header
}

func (r *response) WriteHeader(int) {}

func (r *response) Write(text []byte) (int, error) {
	r.octets += len(text)
	for _, c := range text {
		if c == '\n' {
			r.lines++
		}
	}
	return len(text), nil
}
