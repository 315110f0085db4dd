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
	typed := lab.Typed(t, "corefile-examples/quickstart/README.md", 4)
	front := lab.Typed(t, "README.md", 2)
	const start = "go run ./build/coredns -conf corefile-examples/quickstart/Corefile\n"
	if typed[0] != start || front[0] != start || !strings.HasPrefix(lab.Typed(t, "CONTRIBUTING.md", 1)[0], start) {
		t.Errorf("the pages start it with %q and %q, want %q", typed[0], front[0], start)
	}
	// On ports of its own, so that it passes while somebody has the example running.
	port := lab.FreePort(t)
	metrics := "127.0.0.1:" + lab.FreePort(t)
	primary, ready := lab.FreePort(t), lab.FreePort(t)
	ports := strings.NewReplacer("example.org:1053", "example.org:"+port, "example.org:1054", "example.org:"+primary,
		"127.0.0.1:1054", "127.0.0.1:"+primary, "127.0.0.1:9153", metrics, "127.0.0.1:8180", "127.0.0.1:"+ready, "-p 1053 ", "-p "+port+" ")
	conf := filepath.Join(t.TempDir(), "Corefile")
	lab.Write(t, conf, ports.Replace(readExample(t, "quickstart/Corefile")))
	server := lab.StartBinary(t, lab.Root, "-conf", conf)
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
	shell := func(command_ string) string { return lab.Command(t, lab.Root, "bash", "-c", ports.Replace(command_)) }
	shows := func(command_, want string) {
		t.Helper()
		lab.Eventually(t, lab.Slow, func() string {
			if out := shell(command_); !strings.Contains(out, want) {
				return "no " + want + " in\n" + out
			}
			return ""
		})
	}
	for reason, answers := range map[string]int{"zero": 60, "low": 20, "negative": 20} {
		shows(typed[1], fmt.Sprintf(`coredns_ttlfloor_responses_total{reason=%q,server="dns://127.0.0.1:%s",view="",zone="example.org."} %d`+"\n", reason, port, answers))
	}
	shows(typed[2], `coredns_stalecheck_zone_status{status="fresh",zone="example.org."} 1`+"\n")
	shows(typed[3], "OK{") // and then the status
	shows(typed[3], `"state": "serving"`)
	theFrontPageShows(t, shell(front[1]))
	if out := server.String(); !strings.Contains(out, "CoreDNS-") || strings.Contains(out, "WARNING") || strings.Contains(out, "ERROR") {
		t.Errorf("on the first screen there is more than what a newcomer may pass over:\n%s", out)
	}
}

// theFrontPageShows compares an answer with the TTLs that README.md promises for it.
func theFrontPageShows(t *testing.T, answer string) {
	t.Helper()
	promised := regexp.MustCompile(`The zone says TTL 0\. The answer says (\d+) to (\d+) seconds`).FindStringSubmatch(lab.Read(t, "README.md"))
	seen := regexp.MustCompile(`^zero\.example\.org\.\s+(\d+)\s+IN\s+A\s+\S+\n`).FindStringSubmatch(answer)
	if promised == nil || seen == nil {
		t.Fatalf("README.md promises %q, and its dig shows\n%s", promised, answer)
	}
	low, _ := strconv.Atoi(promised[1])
	high, _ := strconv.Atoi(promised[2])
	if ttl, _ := strconv.Atoi(seen[1]); ttl < low || ttl > high {
		t.Errorf("README.md promises %q, and its dig shows\n%s", promised[0], answer)
	}
}
