package zones

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

// BenchmarkThousandZonesAtRest runs the binary with a thousand zones that nobody asks it
// for: as it is, and with stalecheck at its defaults beside a primary that has the same
// serials. It measures after two intervals, when every zone has been looked at.
//
//	go test ./test/zones -run '^$' -bench ThousandZonesAtRest
func BenchmarkThousandZonesAtRest(b *testing.B) {
	const interval = 10 * time.Second // stalecheck's default
	stanza := fmt.Sprintf("stalecheck {\n  primary %s\n }", lab.StartPrimary(b, func(string) {}))
	lab.Binary(b) // built before the first clock
	for _, chain := range []struct{ name, line string }{{"none", ""}, {"stalecheck", stanza}} {
		b.Run(chain.name, func(b *testing.B) {
			dir, port, scrape := b.TempDir(), lab.FreePort(b), lab.FreePort(b)
			keys := strings.ReplaceAll(manyNames(), ".example", ".example:"+port)
			lab.WriteAll(b, dir, map[string]string{
				"db": "@ 3600 IN SOA ns hostmaster 1 7200 900 1209600 60\n@ 3600 IN NS ns\nns 3600 IN A 10.0.0.53\n",
				"Corefile": fmt.Sprintf("%s {\n bind 127.0.0.1\n errors\n prometheus 127.0.0.1:%s\n %s\n cache 30\n file db {\n  reload 0\n }\n}\n",
					strings.TrimSpace(keys), scrape, chain.line),
			})
			process := lab.StartBinary(b, dir, "-conf", "Corefile", "-quiet")
			lab.AwaitAnswer(b, "127.0.0.1:"+port, lab.Query("z0.example.", dns.TypeSOA))
			<-time.After(2 * interval)
			before := lab.CPUTime(b, process.Pid)
			<-time.After(2 * interval)
			b.ReportMetric((lab.CPUTime(b, process.Pid)-before)*1000/(2*interval).Seconds(), "cpu-ms/s")
			b.ReportMetric(residentMiB(b, process.Pid), "rss-MiB")

			figures := scraped(b, "127.0.0.1:"+scrape)
			b.ReportMetric(figures["go_goroutines"], "goroutines")
			b.ReportMetric(figures["go_memstats_heap_inuse_bytes"]/(1<<20), "heap-MiB")
			if fresh := figures["fresh"]; chain.line != "" && fresh != manyZones {
				b.Errorf("%.0f zones are fresh, want %d: these are not the figures of rest", fresh, manyZones)
			}
			b.ReportMetric(0, "ns/op") // it would be the benchmark's own waiting
		})
	}
}

// residentMiB is the memory of a process that is in RAM: VmRSS of proc(5).
func residentMiB(b *testing.B, pid int) float64 {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	m := regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindSubmatch(status)
	if m == nil {
		b.Fatalf("no VmRSS in %s", status)
	}
	kibibytes, _ := strconv.ParseFloat(string(m[1]), 64)
	return kibibytes / 1024
}

// scraped are the metrics without labels that a server exports, and as "fresh" the
// number of zones that stalecheck says are.
func scraped(b *testing.B, addr string) map[string]float64 {
	b.Helper()
	figures := make(map[string]float64)
	for line := range strings.Lines(lab.Scrape(b, addr)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		figures[name], _ = strconv.ParseFloat(value, 64)
		if strings.HasPrefix(name, `coredns_stalecheck_zone_status{status="fresh"`) {
			figures["fresh"] += figures[name]
		}
	}
	return figures
}
