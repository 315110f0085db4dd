package fleet

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

// BenchmarkReadyBesideSaturatedDNS asks /ready 200 times a second, each time by a
// connection of its own as probes do, while dnsperf sends the server as much as it can
// answer, and while nobody asks it. Beside selfpreserve's, in the same seconds and as
// often: that of CoreDNS's own ready, and a bare HTTP server in this process, whose time
// is what the machine takes by itself. Five turns; the figures are medians of them.
//
//	go test ./test/fleet -run '^$' -bench ReadyBesideSaturatedDNS
func BenchmarkReadyBesideSaturatedDNS(b *testing.B) {
	dnsperf := lab.Tool(b, "dnsperf", "dnsperf")
	lab.Binary(b) // built before the clock of the first turn
	const turns, seconds = 5, 5
	for _, saturated := range []bool{false, true} {
		name := map[bool]string{false: "idle", true: "saturated"}[saturated]
		figures := map[string][]float64{}
		for turn := range turns {
			b.Run(fmt.Sprintf("%s/turn%d", name, turn), func(b *testing.B) {
				for what, value := range readyBeside(b, dnsperf, saturated, seconds) {
					b.ReportMetric(value, what)
					figures[what] = append(figures[what], value)
				}
				b.ReportMetric(0, "ns/op")
			})
		}
		for _, what := range []string{"selfpreserve", "ready", "machine"} {
			if p99 := figures[what+"-p99-ms"]; len(p99) == turns {
				fmt.Printf("%-9s %-12s p50 %6.2f ms, p99 %6.2f ms (%.2f to %.2f), slowest %.2f ms; %.0f queries a second\n", name, what,
					lab.Median(figures[what+"-p50-ms"]), lab.Median(p99), slices.Min(p99), slices.Max(p99), slices.Max(figures[what+"-max-ms"]), lab.Median(figures["queries/s"]))
			}
		}
		// In the same seconds, so that what the machine did is the same for both.
		for _, quantile := range []string{"p50", "p99"} {
			ours, theirs := figures["selfpreserve-"+quantile+"-ms"], figures["ready-"+quantile+"-ms"]
			if len(ours) == turns && lab.Median(ours) > theirTimes*lab.Median(theirs) {
				b.Errorf("%s: the %s of /ready is %.2f ms, that of ready %.2f ms in the same run", name, quantile, lab.Median(ours), lab.Median(theirs))
			}
		}
	}
}

// theirTimes is how many times as long as that of ready an answer of /ready may take: what two
// equal ones differ by on a busy machine.
const theirTimes = 1.25

// readyBeside measures one server for so many seconds.
func readyBeside(b *testing.B, dnsperf string, saturated bool, seconds int) map[string]float64 {
	b.Helper()
	dir, port := b.TempDir(), lab.FreePort(b)
	at := map[string]string{"selfpreserve": "127.0.0.1:" + lab.FreePort(b), "ready": "127.0.0.1:" + lab.FreePort(b)}
	lab.WriteAll(b, dir, map[string]string{
		"db":      lab.BenchZone(),
		"queries": lab.BenchQueries(),
		"Corefile": fmt.Sprintf("example.org:%s {\n bind 127.0.0.1\n errors\n selfpreserve %s {\n canary svc1.example.org\n }\n ready %s\n loadbalance\n cache 30\n file db\n}\n",
			port, at["selfpreserve"], at["ready"]),
	})
	lab.StartBinary(b, dir, "-conf", "Corefile", "-quiet")
	lab.AwaitAnswer(b, "127.0.0.1:"+port, lab.Query("example.org.", dns.TypeSOA))
	bare := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "OK") }))
	defer bare.Close()
	at["machine"] = strings.TrimPrefix(bare.URL, "http://")
	for _, what := range []string{"selfpreserve", "ready"} {
		awaitReady(b, at[what])
	}

	figures := map[string]float64{"queries/s": 0}
	var load sync.WaitGroup
	if saturated {
		load.Go(func() {
			cmd := exec.Command(dnsperf, "-s", "127.0.0.1", "-p", port, "-d", "queries", "-l", strconv.Itoa(seconds+2), "-c", "4") // #nosec G204 -- the test's own
			cmd.Dir = dir
			out, err := cmd.CombinedOutput()
			m := regexp.MustCompile(`Queries per second:\s+([\d.]+)`).FindSubmatch(out)
			if err != nil || m == nil {
				b.Errorf("dnsperf: %v\n%s", err, out)
				return
			}
			figures["queries/s"], _ = strconv.ParseFloat(string(m[1]), 64)
		})
		<-time.After(time.Second) // it has begun
	}
	took := probe(b, at, seconds)
	load.Wait()
	for what, all := range took {
		slices.Sort(all)
		ms := func(i int) float64 { return float64(all[i].Microseconds()) / 1000 }
		figures[what+"-p50-ms"], figures[what+"-p99-ms"], figures[what+"-max-ms"] = ms(len(all)/2), ms(len(all)*99/100), ms(len(all)-1)
	}
	return figures
}

// probe asks each address 200 times a second, whether or not it has answered yet, and
// returns how long each answer took, from before the connection to the end of the body.
func probe(b *testing.B, at map[string]string, seconds int) map[string][]time.Duration {
	b.Helper()
	const perSecond = 200
	client := http.Client{Timeout: lab.Patience, Transport: &http.Transport{DisableKeepAlives: true}}
	took := make(map[string][]time.Duration)
	var mu sync.Mutex
	var all sync.WaitGroup
	// In turn: of those asked at the same time the first would wake the others' process.
	turn := slices.Sorted(maps.Keys(at))
	ticker := time.NewTicker(time.Second / time.Duration(perSecond*len(turn)))
	defer ticker.Stop()
	for i := range perSecond * seconds * len(turn) {
		<-ticker.C
		what := turn[i%len(turn)]
		all.Go(func() {
			begin := time.Now()
			err := readyAt(&client, at[what])
			elapsed := time.Since(begin)
			mu.Lock()
			defer mu.Unlock()
			took[what] = append(took[what], elapsed)
			if err != nil {
				b.Errorf("%s: %v", what, err)
			}
		})
	}
	all.Wait()
	return took
}

func readyAt(client *http.Client, address string) error {
	response, err := client.Get("http://" + address + "/ready")
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%d %s", response.StatusCode, body)
	}
	return err
}

func awaitReady(b *testing.B, address string) {
	b.Helper()
	client := http.Client{Timeout: lab.Patience, Transport: &http.Transport{DisableKeepAlives: true}}
	lab.Until(b, address+" is ready", func() bool { return readyAt(&client, address) == nil })
}
