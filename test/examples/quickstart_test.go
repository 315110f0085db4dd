package examples

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

// The example's Corefile runs from the top of the repository, and each row of its
// README shows what the row says.
func TestExampleQuickstartShowsWhatItsREADMESays(t *testing.T) {
	dig := lab.Tool(t, "dig", "bind9-dnsutils")
	readme := readExample(t, "quickstart/README.md")
	if !strings.Contains(readme, "go run ./build/coredns -conf corefile-examples/quickstart/Corefile\n") {
		t.Error("the README has another command than this test")
	}
	// On ports of its own, so that it passes while somebody has the example running.
	port := lab.FreePort(t)
	metrics := "127.0.0.1:" + lab.FreePort(t)
	primary, ready := lab.FreePort(t), lab.FreePort(t)
	ports := strings.NewReplacer("example.org:1053", "example.org:"+port, "example.org:1054", "example.org:"+primary,
		"127.0.0.1:1054", "127.0.0.1:"+primary, "127.0.0.1:9153", metrics, "127.0.0.1:8180", "127.0.0.1:"+ready, "-p 1053 ", "-p "+port+" ")
	conf := filepath.Join(t.TempDir(), "Corefile")
	lab.Write(t, conf, ports.Replace(readExample(t, "quickstart/Corefile")))
	for _, of := range []string{"ttlfloor", "stalecheck_zone_status"} {
		if !strings.Contains(readme, "curl -s http://127.0.0.1:9153/metrics | grep "+of+"\n") {
			t.Errorf("the README has another command for the metrics of %s than this test", of)
		}
	}
	lab.StartBinary(t, lab.Root, "-conf", conf)
	lab.AwaitAnswer(t, "127.0.0.1:"+port, lab.Query("fine.example.org.", dns.TypeA)) // counted for nothing

	rows := regexp.MustCompile("(?m)^\\| `dig ([^`]+)` \\| TTL (\\d+)(?: to (\\d+))?").FindAllStringSubmatch(readme, -1)
	if len(rows) != 7 {
		t.Fatalf("%d rows with a command and a TTL, want 7", len(rows))
	}
	for _, row := range rows {
		low, _ := strconv.Atoi(row[2])
		high := low
		if row[3] != "" {
			high, _ = strconv.Atoi(row[3])
		}
		var seen []string
		for range 20 {
			out := strings.TrimSpace(lab.Command(t, lab.Root, dig, append([]string{"+tries=1", "+time=20"}, strings.Fields(ports.Replace(row[1]))...)...))
			var one []string
			for line := range strings.Lines(out) {
				one = append(one, strings.Fields(line)[1])
			}
			slices.Sort(one)
			one = slices.Compact(one)
			ttl, err := strconv.Atoi(one[0])
			if err != nil || len(one) != 1 || ttl < low || ttl > high {
				t.Fatalf("dig %s: want one TTL of %d to %d in\n%s", row[1], low, high, out)
			}
			seen = append(seen, one[0])
		}
		slices.Sort(seen)
		if distinct := len(slices.Compact(seen)); (distinct == 1) != (low == high) {
			t.Errorf("dig %s: 20 answers had %d TTLs, want them scattered over %d to %d", row[1], distinct, low, high)
		}
	}
	lab.Eventually(t, lab.Patience, func() string {
		text := lab.Scrape(t, metrics)
		if strings.Contains(text, `coredns_stalecheck_zone_status{status="fresh",zone="example.org."} 1`+"\n") {
			return ""
		}
		return text
	})
	if !strings.Contains(readme, "curl -s http://127.0.0.1:8180/ready\n") {
		t.Error("the README has another command for /ready than this test")
	}
	lab.Eventually(t, lab.Patience, func() string {
		if body := lab.Fetch(t, "http://127.0.0.1:"+ready+"/ready"); body != "OK" {
			return "/ready says " + body
		}
		return ""
	})
	body := lab.Scrape(t, metrics)
	for reason, answers := range map[string]int{"zero": 60, "low": 20, "negative": 20} {
		want := fmt.Sprintf(`coredns_ttlfloor_responses_total{reason=%q,server="dns://127.0.0.1:%s",view="",zone="example.org."} %d`+"\n", reason, port, answers)
		if !strings.Contains(body, want) {
			t.Errorf("the metrics do not say %s", want)
		}
	}
}
