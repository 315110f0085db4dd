package lab

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/build/monitoring"
)

// Quicker is by how much the periods of alerts are shorter in tests than in rules.yaml.
const Quicker = 30

// Prometheus is a real one that scrapes servers each second, as one job, and has the alerts of
// build/monitoring, with periods that are Quicker.
type Prometheus struct {
	url, sd string
	client  *http.Client

	mu      sync.Mutex
	targets []string
}

// Place is where a Prometheus runs: on this host, or in a network namespace.
type Place struct {
	Start func(t *testing.T, dir, program string, args ...string) *Daemon
	Dial  func(ctx context.Context, network, address string) (net.Conn, error)
}

// Here is this host.
func Here() Place {
	return Place{
		Start: func(t *testing.T, dir, program string, args ...string) *Daemon {
			return StartDaemon(t, dir, program, args...)
		},
		Dial: new(net.Dialer).DialContext,
	}
}

// StartPrometheus starts one that scrapes nobody yet, and waits until it answers. Without
// Debian's prometheus the test is skipped.
func StartPrometheus(t *testing.T, where Place) *Prometheus {
	t.Helper()
	program := Tool(t, "prometheus", "prometheus")
	rules, err := monitoring.Quicker(monitoring.Rules, Quicker)
	if err != nil {
		t.Fatal(err)
	}
	dir, addr := t.TempDir(), "127.0.0.1:"+FreePort(t)
	WriteAll(t, dir, map[string]string{
		"rules.yaml":   rules,
		"targets.json": "[]",
		"prometheus.yml": `global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}
rule_files: [rules.yaml]
scrape_configs:
- job_name: dns
  file_sd_configs: [{files: [targets.json], refresh_interval: 1s}]
`,
	})
	p := &Prometheus{url: "http://" + addr, sd: filepath.Join(dir, "targets.json"),
		client: &http.Client{Timeout: Patience, Transport: &http.Transport{DialContext: where.Dial, DisableKeepAlives: true}}}
	where.Start(t, dir, program, "--config.file=prometheus.yml", "--storage.tsdb.path=data", "--web.listen-address="+addr, "--log.level=warn")
	Until(t, "Prometheus is ready", func() bool {
		response, err := p.client.Get(p.url + "/-/ready")
		if err != nil {
			return false
		}
		_ = response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
	return p
}

// Add lets it scrape the metrics at these addresses too.
func (p *Prometheus) Add(t *testing.T, addrs ...string) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.targets = append(p.targets, addrs...)
	p.discovered(t)
}

// Remove ends that, as when a server is taken out of service discovery.
func (p *Prometheus) Remove(t *testing.T, addr string) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.targets = slices.DeleteFunc(p.targets, func(a string) bool { return a == addr })
	p.discovered(t)
}

// discovered writes what service discovery finds.
func (p *Prometheus) discovered(t *testing.T) {
	t.Helper()
	text, err := json.Marshal([]map[string][]string{{"targets": append([]string{}, p.targets...)}})
	if err != nil {
		t.Fatal(err)
	}
	Write(t, p.sd, string(text))
}

// AwaitScraped waits until all that were added have been scraped.
func (p *Prometheus) AwaitScraped(t *testing.T) {
	t.Helper()
	p.mu.Lock()
	want := len(p.targets)
	p.mu.Unlock()
	Until(t, fmt.Sprintf("Prometheus scrapes %d servers", want), func() bool {
		now := time.Now()
		up := p.Query(t, "sum(up)", now)
		return len(up) == 1 && up[0].Last() == float64(want)
	})
}

// Series is a series of samples of Prometheus' query API.
type Series struct {
	Labels  map[string]string
	Samples []Sample
}

// Sample is the value at an instant.
type Sample struct {
	At    time.Time
	Value float64
}

// Last is the newest value.
func (s Series) Last() float64 { return s.Samples[len(s.Samples)-1].Value }

// Query evaluates an expression at an instant. What it gives is a vector: each series has one
// sample.
func (p *Prometheus) Query(t *testing.T, expr string, at time.Time) []Series {
	t.Helper()
	return p.ask(t, "query", url.Values{"query": {expr}, "time": {seconds(at)}})
}

// QueryRange evaluates an expression at each step from an instant to another.
func (p *Prometheus) QueryRange(t *testing.T, expr string, from, to time.Time, step time.Duration) []Series {
	t.Helper()
	return p.ask(t, "query_range", url.Values{"query": {expr}, "start": {seconds(from)}, "end": {seconds(to)}, "step": {fmt.Sprint(step.Seconds())}})
}

func seconds(at time.Time) string {
	return strconv.FormatFloat(float64(at.UnixMilli())/1000, 'f', 3, 64)
}

func (p *Prometheus) ask(t *testing.T, api string, query url.Values) (found []Series) {
	t.Helper()
	response, err := p.client.Get(p.url + "/api/v1/" + api + "?" + query.Encode())
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var reply struct {
		Status, Error string
		Data          struct {
			Result []struct {
				Metric map[string]string
				Value  [2]any
				Values [][2]any
			}
		}
	}
	if err := json.NewDecoder(response.Body).Decode(&reply); err != nil || reply.Status != "success" {
		t.Fatalf("%s: %v %s", query.Get("query"), err, reply.Error)
	}
	for _, r := range reply.Data.Result {
		s := Series{Labels: r.Metric}
		if r.Values == nil {
			r.Values = [][2]any{r.Value}
		}
		for _, v := range r.Values {
			at, _ := v[0].(float64)
			text, _ := v[1].(string)
			value, err := strconv.ParseFloat(text, 64)
			if err != nil {
				t.Fatalf("%s: %v", query.Get("query"), err)
			}
			s.Samples = append(s.Samples, Sample{At: time.UnixMilli(int64(at * 1000)), Value: value})
		}
		found = append(found, s)
	}
	return found
}

// Complains says which rules cannot be evaluated, and which alerts have words that cannot.
func (p *Prometheus) Complains(t *testing.T) (all []string) {
	t.Helper()
	var reply struct {
		Data struct {
			Groups []struct {
				Rules []struct {
					Name, Health, LastError string
					Alerts                  []struct{ Annotations map[string]string }
				}
			}
		}
	}
	response, err := p.client.Get(p.url + "/api/v1/rules")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&reply); err != nil || len(reply.Data.Groups) == 0 {
		t.Fatalf("the rules: %v, %d groups", err, len(reply.Data.Groups))
	}
	for _, g := range reply.Data.Groups {
		for _, r := range g.Rules {
			if r.Health == "err" {
				all = append(all, r.Name+": "+r.LastError)
			}
			for _, a := range r.Alerts {
				for name, text := range a.Annotations {
					if strings.Contains(text, "<error") || strings.Contains(text, "<no value>") {
						all = append(all, fmt.Sprintf("%s: %s is %q", r.Name, name, text))
					}
				}
			}
		}
	}
	return all
}
