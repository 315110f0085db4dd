package chains

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

// BenchmarkCPUPerQuery runs the binary with one chain four times: as it is, with
// ttlfloor, with rewrite ttl, which raises the same TTLs without scattering, and with
// stalecheck while the zone is fresh. Five turns in a changing order; the ratios are
// those of each turn's pair. The load is paced, below what two cores can answer: above
// it dnsperf and the server take the processor from each other, and the ratios scatter
// by a tenth.
//
//	go test ./test/chains -run '^$' -bench CPUPerQuery
func BenchmarkCPUPerQuery(b *testing.B) {
	dnsperf := lab.Tool(b, "dnsperf", "dnsperf")
	const turns = 5
	primary := lab.StartPrimary(b, func(string) {}) // has the serial of BenchZone
	lines := []string{"", "ttlfloor", "rewrite ttl suffix example.org. 5-", "stalecheck {\n primary " + primary + "\n }"}
	names := []string{"none", "ttlfloor", "rewrite", "stalecheck"}
	lab.Binary(b)                        // built before the clock of the first turn
	cpu := make([][]float64, len(lines)) // µs a query, by turn
	for turn := range turns {
		for i := range lines {
			chain := (i + turn) % len(lines)
			b.Run(fmt.Sprintf("turn%d/%s", turn, names[chain]), func(b *testing.B) {
				used := cpuPerQuery(b, dnsperf, lines[chain])
				b.ReportMetric(used, "cpu-µs/query")
				cpu[chain] = append(cpu[chain], used)
			})
		}
	}
	for chain, name := range names {
		if len(cpu[chain]) != turns {
			return // -bench chose some of them
		}
		var ratios []float64
		for turn := range turns {
			ratios = append(ratios, cpu[chain][turn]/cpu[0][turn])
		}
		fmt.Printf("%-10s median %6.2f cpu-µs/query, %.3f times none in the median (%.3f to %.3f)\n",
			name, lab.Median(cpu[chain]), lab.Median(ratios), slices.Min(ratios), slices.Max(ratios))
	}
}

// cpuPerQuery is the CPU time, user and system, that the binary takes for a query.
func cpuPerQuery(b *testing.B, dnsperf, line string) float64 {
	b.Helper()
	dir, port, metrics := b.TempDir(), lab.FreePort(b), "127.0.0.1:"+lab.FreePort(b)
	lab.WriteAll(b, dir, map[string]string{
		"db":      lab.BenchZone(),
		"queries": lab.BenchQueries(),
		"Corefile": fmt.Sprintf("example.org:%s {\n bind 127.0.0.1\n errors\n prometheus %s\n loadbalance\n %s\n cache 30\n file db\n}\n",
			port, metrics, line),
	})
	process := lab.StartBinary(b, dir, "-conf", "Corefile", "-quiet")
	lab.AwaitAnswer(b, "127.0.0.1:"+port, lab.Query("example.org.", dns.TypeSOA))
	load := func(seconds string) float64 {
		out := lab.Command(b, dir, dnsperf, "-s", "127.0.0.1", "-p", port, "-d", "queries", "-l", seconds, "-c", "4", "-Q", "15000")
		m := regexp.MustCompile(`Queries completed:\s+(\d+)`).FindStringSubmatch(out)
		if m == nil {
			b.Fatalf("dnsperf printed no count:\n%s", out)
		}
		n, _ := strconv.ParseFloat(m[1], 64)
		return n
	}
	load("1")
	before := lab.CPUTime(b, process.Pid)
	answered := load("5")
	used := lab.CPUTime(b, process.Pid) - before
	if strings.HasPrefix(line, "stalecheck") && !strings.Contains(lab.Scrape(b, metrics), `coredns_stalecheck_zone_status{status="fresh",zone="example.org."} 1`+"\n") {
		b.Error("the zone is not fresh, which costs more")
	}
	return used * 1e6 / answered
}
