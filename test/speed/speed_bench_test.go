// Package speed measures the binary as a whole process, beside CoreDNS as it is.
package speed

import (
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/holdfastdns/holdfast/test/lab"
)

// BenchmarkWholeProcess starts each row's server in turn, in random order, and asks it with
// dnsperf: 8 clients, 100 questions outstanding. The table has the medians of the turns, and
// where the CPU goes by a profile of one more turn.
//
//	go test ./test/speed -run '^$' -bench WholeProcess -timeout 1h
//
// HOLDFAST_SPEED_TURNS and HOLDFAST_SPEED_SECONDS change the five turns of five seconds.
func BenchmarkWholeProcess(b *testing.B) {
	dnsperf := lab.Tool(b, "dnsperf", "dnsperf")
	turns, seconds := setting("TURNS", 5), setting("SECONDS", 5)
	binaries := map[bool]string{true: build(b, "github.com/coredns/coredns"), false: build(b, "./build/coredns")}
	for _, chain := range []func(*testing.B) chain{file, kubeadm} {
		c := chain(b)
		all := make([][]figures, len(rows))
		for turn := range turns {
			for _, i := range rand.Perm(len(rows)) {
				b.Run(fmt.Sprintf("%s/turn%d/%s", c.name, turn, rows[i].name), func(b *testing.B) {
					f := measure(b, dnsperf, binaries[rows[i].stock], c, rows[i], seconds)
					b.ReportMetric(f.perSecond, "queries/s")
					b.ReportMetric(f.cpu, "cpu-µs/query")
					b.ReportMetric(0, "ns/op")
					all[i] = append(all[i], f)
				})
			}
		}
		fmt.Printf("\n| %s | queries a second | times stock | µs of CPU a query | stack | collector |\n|---|--:|--:|--:|--:|--:|\n", c.name)
		var stock float64
		for i, r := range rows {
			if len(all[i]) < turns {
				continue // -bench chose some of them
			}
			perSecond, cpu := median(all[i], func(f figures) float64 { return f.perSecond }), median(all[i], func(f figures) float64 { return f.cpu })
			if stock == 0 {
				stock = perSecond
			}
			var stack, collector string
			b.Run(c.name+"/profile/"+r.name, func(b *testing.B) {
				stack, collector = shares(b, profile(b, dnsperf, binaries[r.stock], c, r, seconds))
				b.ReportMetric(0, "ns/op")
			})
			fmt.Printf("| %s | %.0f | %.2f | %.1f | %s | %s |\n", r.name, perSecond, perSecond/stock, cpu, stack, collector)
		}
	}
}

// shares are those of a profile that go into growing stacks and into collecting garbage.
func shares(b *testing.B, profile string) (stack, collector string) {
	b.Helper()
	out := lab.Command(b, lab.Root, "go", "tool", "pprof", "-top", "-cum", "-nodefraction=0", "-nodecount=5000", profile)
	share := func(of string) string {
		m := regexp.MustCompile(`(?m)\s([\d.]+)%\s+runtime\.` + of + `$`).FindStringSubmatch(out)
		if m == nil {
			return "0 %"
		}
		return strings.TrimSpace(m[1]) + " %"
	}
	return share("newstack"), share("gcBgMarkWorker")
}

func median(all []figures, of func(figures) float64) float64 {
	var values []float64
	for _, f := range all {
		values = append(values, of(f))
	}
	return lab.Median(values)
}

func setting(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv("HOLDFAST_SPEED_" + name)); err == nil {
		return n
	}
	return otherwise
}
