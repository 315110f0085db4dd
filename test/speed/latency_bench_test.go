package speed

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/test/lab"
)

// BenchmarkLatency asks each row's server at half of what stock CoreDNS can answer, at a
// fixed rate that does not wait for answers, so that a slow answer delays no question. The table
// has the medians of the turns.
//
//	go test ./test/speed -run '^$' -bench Latency -timeout 1h
func BenchmarkLatency(b *testing.B) {
	dnsperf := lab.Tool(b, "dnsperf", "dnsperf")
	turns, seconds := setting("TURNS", 5), setting("SECONDS", 5)
	binaries := map[bool]string{true: build(b, "github.com/coredns/coredns"), false: build(b, "./build/coredns")}
	for _, chain := range []func(*testing.B) chain{file, kubeadm} {
		c := chain(b)
		most := measure(b, dnsperf, binaries[true], c, rows[0], seconds).perSecond
		all := make([][][3]time.Duration, len(rows))
		for turn := range turns {
			for _, i := range rand.Perm(len(rows)) {
				b.Run(fmt.Sprintf("%s/turn%d/%s", c.name, turn, rows[i].name), func(b *testing.B) {
					at := latencies(b, dnsperf, binaries[rows[i].stock], c, rows[i], seconds, int(most/2))
					b.ReportMetric(float64(at[0].Microseconds()), "p50-µs")
					b.ReportMetric(float64(at[1].Microseconds()), "p99-µs")
					b.ReportMetric(float64(at[2].Microseconds()), "p99.9-µs")
					b.ReportMetric(0, "ns/op")
					all[i] = append(all[i], at)
				})
			}
		}
		fmt.Printf("\n| %s, %.0f queries a second | p50 | p99 | p99.9 |\n|---|--:|--:|--:|\n", c.name, most/2)
		for i, r := range rows {
			if len(all[i]) < turns {
				continue // -bench chose some of them
			}
			fmt.Printf("| %s |", r.name)
			for which := range 3 {
				fmt.Printf(" %.2f ms |", lab.Median(pick(all[i], which)))
			}
			fmt.Println()
		}
	}
}

func pick(all [][3]time.Duration, which int) (ms []float64) {
	for _, at := range all {
		ms = append(ms, float64(at[which])/1e6)
	}
	return ms
}

// answered is a line of dnsperf -v: rcode, name, type and seconds.
var answered = regexp.MustCompile(`(?m)^> NOERROR \S+ \S+ (\d+\.\d+)$`)

// latencies are p50, p99 and p99.9 of a server that was just started.
func latencies(b *testing.B, dnsperf, binary string, c chain, r row, seconds, rate int) (at [3]time.Duration) {
	b.Helper()
	s := start(b, binary, c, r, "")
	defer s.End(syscall.SIGTERM)
	s.load(b, dnsperf, 1, 0)
	out := lab.Command(b, s.dir, dnsperf, "-s", "127.0.0.1", "-p", s.port, "-d", "queries", "-l", strconv.Itoa(seconds),
		"-c", "8", "-q", "20000", "-Q", strconv.Itoa(rate), "-v")
	var took []time.Duration
	for _, line := range answered.FindAllStringSubmatch(out, -1) {
		d, err := time.ParseDuration(line[1] + "s")
		if err != nil {
			b.Fatal(err)
		}
		took = append(took, d)
	}
	if want := seconds * rate * 9 / 10; len(took) < want {
		b.Fatalf("%d answers in %d s, want at least %d: this machine is too slow for half of what stock answered", len(took), seconds, want)
	}
	slices.Sort(took)
	for i, share := range []float64{.5, .99, .999} {
		at[i] = took[int(share*float64(len(took)))]
	}
	return at
}
