package test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// cpuZone has the answers of cluster DNS; all TTLs are low, so that each is raised.
func cpuZone() string {
	var b strings.Builder
	b.WriteString("$ORIGIN example.org.\n@ 3600 IN SOA ns hostmaster 1 7200 900 1209600 2\n@ 3600 IN NS ns\n")
	for i := range 100 {
		fmt.Fprintf(&b, "svc%d 2 IN A 10.0.0.%d\n", i, i)
	}
	for i := range 25 {
		fmt.Fprintf(&b, "headless 2 IN A 10.0.1.%d\n", i)
	}
	b.WriteString("_http._tcp.web 2 IN SRV 0 50 80 svc1\n_http._tcp.web 2 IN SRV 0 50 80 svc2\n")
	return b.String()
}

// cpuQueries is dnsperf's input: of 100 queries 85 ask for one address, 5 for 25, 5
// for SRV, and 5 for a name that is not there.
func cpuQueries() string {
	var b strings.Builder
	for i := range 100 {
		switch i % 20 {
		case 0:
			b.WriteString("headless.example.org A\n")
		case 5:
			b.WriteString("_http._tcp.web.example.org SRV\n")
		case 10:
			fmt.Fprintf(&b, "gone%d.example.org A\n", i)
		default:
			fmt.Fprintf(&b, "svc%d.example.org A\n", i)
		}
	}
	return b.String()
}

// BenchmarkCPUPerQuery runs the binary with one chain four times: as it is, with
// ttlfloor, with rewrite ttl, which raises the same TTLs without scattering, and with
// stalecheck while the zone is fresh. Five turns in a changing order; the ratios are
// those of each turn's pair. The load is paced, below what two cores can answer: above
// it dnsperf and the server take the processor from each other, and the ratios scatter
// by a tenth.
//
//	go test ./test -run '^$' -bench CPUPerQuery
func BenchmarkCPUPerQuery(b *testing.B) {
	dnsperf := tool(b, "dnsperf", "dnsperf")
	const turns = 5
	primary := startPrimary(b, func(string) {}) // has the serial of cpuZone
	lines := []string{"", "ttlfloor", "rewrite ttl suffix example.org. 5-", "stalecheck {\n primary " + primary + "\n }"}
	names := []string{"none", "ttlfloor", "rewrite", "stalecheck"}
	binary(b)                            // built before the clock of the first turn
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
			name, median(cpu[chain]), median(ratios), slices.Min(ratios), slices.Max(ratios))
	}
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// cpuPerQuery is the CPU time, user and system, that the binary takes for a query.
func cpuPerQuery(b *testing.B, dnsperf, line string) float64 {
	b.Helper()
	dir, port, scrape := b.TempDir(), freePort(b), freePort(b)
	for name, content := range map[string]string{
		"db":      cpuZone(),
		"queries": cpuQueries(),
		"Corefile": fmt.Sprintf("example.org:%s {\n bind 127.0.0.1\n errors\n prometheus 127.0.0.1:%s\n loadbalance\n %s\n cache 30\n file db\n}\n",
			port, scrape, line),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	process := runBinary(b, dir, "-conf", "Corefile", "-quiet")
	awaitAnswer(b, "127.0.0.1:"+port, query("example.org.", dns.TypeSOA))
	load := func(seconds string) float64 {
		out := command(b, dir, dnsperf, "-s", "127.0.0.1", "-p", port, "-d", "queries", "-l", seconds, "-c", "4", "-Q", "15000")
		m := regexp.MustCompile(`Queries completed:\s+(\d+)`).FindStringSubmatch(out)
		if m == nil {
			b.Fatalf("dnsperf printed no count:\n%s", out)
		}
		n, _ := strconv.ParseFloat(m[1], 64)
		return n
	}
	load("1")
	before := cpuTime(b, process.Pid)
	answered := load("5")
	used := cpuTime(b, process.Pid) - before
	if strings.HasPrefix(line, "stalecheck") && scraped(b, "127.0.0.1:"+scrape)["fresh"] != 1 {
		b.Error("the zone is not fresh, which costs more")
	}
	return used * 1e6 / answered
}

// cpuTime is what a process has used, in seconds: fields utime and stime of proc(5).
func cpuTime(b *testing.B, pid int) float64 {
	b.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	_, behindName, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(behindName)
	const clockTicks = 100 // USER_HZ, the same on every Linux that Go runs on
	utime, _ := strconv.ParseFloat(fields[11], 64)
	stime, _ := strconv.ParseFloat(fields[12], 64)
	return (utime + stime) / clockTicks
}
