package fleet

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/holdfastdns/holdfast/test/lab"
)

// scraper scrapes a server over and over, as several Prometheuses would.
type scraper struct {
	p    *peer
	end  func()
	mu   sync.Mutex
	last map[string]float64 // of what never goes back
	now  map[string]float64
	n    int
}

// startScraper scrapes until end is called. A scrape that is not answered in time fails the
// test, and so does a counter that goes back.
func startScraper(t *testing.T, p *peer) *scraper {
	t.Helper()
	s := &scraper{p: p, last: make(map[string]float64)}
	client := &http.Client{Timeout: lab.Patience, Transport: &http.Transport{DisableKeepAlives: true}}
	done := make(chan struct{})
	var scraping sync.WaitGroup
	scraping.Go(func() {
		poll := time.NewTicker(20 * time.Millisecond)
		defer poll.Stop()
		for {
			response, err := client.Get("http://" + p.Metrics + "/metrics")
			if err == nil {
				err = s.take(t, response)
			}
			// prometheus opens its listener anew at a reload.
			var timeout interface{ Timeout() bool }
			if errors.As(err, &timeout) && timeout.Timeout() {
				t.Errorf("%s: %v", p.IP, err)
				return
			}
			select {
			case <-poll.C:
			case <-done:
				return
			}
		}
	})
	s.end = sync.OnceFunc(func() { close(done); scraping.Wait() })
	return s
}

func (s *scraper) take(t *testing.T, response *http.Response) error {
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(string(text)))
	if err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("%s: %s, %v", s.p.IP, response.Status, err)
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n++
	s.now = make(map[string]float64)
	seen := make(map[string]bool)
	for name, f := range families {
		for _, m := range f.Metric {
			var labels []string
			for _, l := range m.Label {
				labels = append(labels, l.GetName()+"="+l.GetValue())
			}
			series := name + "{" + strings.Join(labels, ",") + "}"
			s.now[series] = m.GetGauge().GetValue()
			value := m.GetCounter().GetValue()
			switch f.GetType() {
			case dto.MetricType_COUNTER:
			case dto.MetricType_HISTOGRAM:
				value = float64(m.Histogram.GetSampleCount())
			default:
				continue
			}
			s.now[series], seen[series] = value, true
			if value < s.last[series] {
				t.Errorf("%s: %s was %g and is %g", s.p.IP, series, s.last[series], value)
			}
			s.last[series] = value
		}
	}
	for series, value := range s.last {
		if !seen[series] && strings.HasPrefix(series, "coredns_") {
			t.Errorf("%s: %s was %g and is gone", s.p.IP, series, value)
			delete(s.last, series)
		}
	}
	return nil
}

// after waits for a scrape that begins and ends after now, in which ok holds.
func (s *scraper) after(t *testing.T, what string, ok func(map[string]float64) bool) {
	t.Helper()
	s.mu.Lock()
	before := s.n
	s.mu.Unlock()
	lab.Until(t, s.p.IP+": "+what, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.n > before+1 && ok(s.now)
	})
}

// Three servers are asked, reloaded, find their zone stale and so unfit, and get SIGTERM,
// which is held for ever. No scrape waits, and what is counted only grows.
func TestScrapesGoOnThroughReloadsAStormAndAHold(t *testing.T) {
	t.Parallel()
	// Three of two others: nobody goes, however slow the machine lets them find out what is stale.
	const options = "promise 2s\n interval 500ms\n max_hold 1h\n min_peers 3\n canary canary.test\n"
	f := newFleet(t, 3, "")
	primary := lab.StartPrimary(t, func(string) {})
	corefile := func(p *peer, stalecheck string) string {
		return strings.Replace(p.Corefile(options), " file ", stalecheck+" file ", 1)
	}
	stale := " stalecheck example.org {\n serial unixtime\n primary " + primary + "\n interval 1s\n max_age 1s\n }\n" // serial 1 is of 1970
	var scrapers []*scraper
	for _, p := range f.all {
		p.Configure(t, corefile(p, ""))
		p.Start(t)
	}
	for _, p := range f.all {
		p.await(t, "200 OK")
		scrapers = append(scrapers, startScraper(t, p))
	}
	answered := f.audience(t)
	defer answered()
	for round := range 3 {
		for i, p := range f.all {
			p.reload(t, corefile(p, ""), reloaded)
			scrapers[i].after(t, "is in service", func(m map[string]float64) bool {
				return m["coredns_selfpreserve_state{state=serving}"] == 1 && m["coredns_selfpreserve_min_peers{}"] == 3
			})
			if p.Gone() {
				t.Fatalf("round %d: %s has ended", round, p.IP)
			}
		}
	}
	for i, p := range f.all {
		p.reload(t, corefile(p, stale), reloaded)
		scrapers[i].after(t, "has stale answers", func(m map[string]float64) bool {
			return m["coredns_stalecheck_responses_total{action=flag,server=dns://"+p.DNS+",view=,zone=example.org.}"] > 0
		})
	}
	f.signal(t, syscall.SIGTERM)
	for _, s := range scrapers {
		s.after(t, "is held", func(m map[string]float64) bool {
			left := time.Until(time.Unix(int64(m["coredns_selfpreserve_hold_deadline_timestamp_seconds{}"]), 0))
			return left > 50*time.Minute && left < time.Hour && m["coredns_selfpreserve_state{state=asking}"] == 1
		})
	}
	<-time.After(2 * time.Second) // and goes on to be
	for _, s := range scrapers {
		s.after(t, "is still scraped", func(map[string]float64) bool { return true })
		s.end()
		t.Logf("%s: %d scrapes of %d counters", s.p.IP, s.n, len(s.last))
		if panics := s.p.Said("panic"); len(panics) > 0 {
			t.Errorf("%s: %q", s.p.IP, panics)
		}
	}
	answered() // before nobody is there to answer
	for _, p := range f.all {
		p.SendSignal(t, syscall.SIGKILL)
	}
}
