package examples

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

// The README's commands show what it says, with an etcd as Debian has it, until it is
// killed, and after.
func TestExampleEtcdShowsWhatItsREADMESays(t *testing.T) {
	t.Parallel()
	lab.Tool(t, "dig", "bind9-dnsutils")
	lab.Tool(t, "etcdctl", "etcd-client")
	client, peer := "http://127.0.0.1:"+lab.FreePort(t), "http://127.0.0.1:"+lab.FreePort(t)
	etcd := lab.StartDaemon(t, t.TempDir(), lab.Tool(t, "etcd", "etcd-server"), "--data-dir", "data",
		"--listen-client-urls", client, "--advertise-client-urls", client,
		"--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", "default="+peer)
	lab.Until(t, "etcd is ready", func() bool { return strings.Contains(etcd.String(), "ready to serve client requests") })

	readme := readExample(t, "etcd/README.md")
	typed := lab.Typed(t, "corefile-examples/etcd/README.md", 4)
	var shown []string
	for _, m := range regexp.MustCompile("(?s)~~~ txt\n(.*?)~~~\n").FindAllStringSubmatch(readme, -1) {
		shown = append(shown, m[1])
	}
	if len(shown) != 4 {
		t.Fatalf("%d outputs, want 4: forward, dig, the mark, alerts", len(shown))
	}
	const endpoints = "export ETCDCTL_API=3 ETCDCTL_ENDPOINTS="
	shell := func(typed string) string { return lab.Command(t, ".", "bash", "-c", endpoints+client+"\n"+typed) }
	shell(typed[0])
	beat := func() *lab.Daemon {
		return lab.StartDaemon(t, t.TempDir(), "bash", "-c", endpoints+client+"\n"+lab.Replaced(t, typed[1], "sleep 15", "sleep 0.3"))
	}
	e := startExample(t, "etcd", "services.example.org.",
		"http://192.0.2.21:2379 http://192.0.2.22:2379 http://192.0.2.23:2379", client,
		"peers static 192.0.2.11 192.0.2.12 192.0.2.13", "peers static 127.0.0.1:$HTTP 127.0.0.2:$HTTP 127.0.0.3:$HTTP",
		"max_age 60s", "max_age 3s\n        interval 1s", "cache 30 {", "cache 5 {")
	if reply := e.ask(t, "heartbeat.services.example.org.", dns.TypeTXT); reply.Rcode != dns.RcodeNameError {
		t.Errorf("there is a heartbeat already:\n%v", reply)
	}
	heart := beat()
	_, port, _ := strings.Cut(e.DNS, ":")
	look := func(typed string) string { return shell(lab.Replaced(t, typed, "@192.0.2.11", "@127.0.0.1 -p "+port)) }
	e.awaitMetric(t, `coredns_stalecheck_zone_status{status="fresh",zone="services.example.org."} 1`)
	lab.Until(t, "it is ready", func() bool { return e.Ready() == "200 OK" })
	sorted := func(text string) []string { // loadbalance shuffles
		lines := strings.Split(strings.TrimSpace(text), "\n")
		slices.Sort(lines)
		return lines
	}
	if out := look(typed[2]); !slices.Equal(sorted(out), sorted(shown[1])) {
		t.Errorf("the README shows\n%sand it is\n%s", shown[1], out)
	}
	if out := look(typed[3]); strings.Contains(out, "EDE") {
		t.Errorf("a fresh answer is marked:\n%s", out)
	}

	heart.End(syscall.SIGTERM)
	mark := regexp.MustCompile(strings.ReplaceAll(regexp.QuoteMeta(strings.TrimSpace(shown[2])), "75", `\d+`))
	lab.Eventually(t, lab.Slow, func() string {
		if out := look(typed[3]); !mark.MatchString(out) || !strings.Contains(out, "\t192.0.2.31\n") {
			return fmt.Sprintf("no %s in\n%s", mark, out)
		}
		return ""
	})
	beat()
	e.awaitMetric(t, `coredns_stalecheck_zone_status{status="fresh",zone="services.example.org."} 1`)

	etcd.End(syscall.SIGKILL)
	e.awaitMetric(t, `coredns_stalecheck_zone_status{status="unknown",zone="services.example.org."} 1`)
	lab.Eventually(t, lab.Slow, func() string { // once the entry of the cache has ended
		reply := e.ask(t, "db.services.example.org.", dns.TypeA)
		if reply.Rcode != dns.RcodeSuccess || len(reply.Answer) != 2 {
			t.Fatalf("a name that was known is lost:\n%v", reply)
		}
		if low, high := lab.TTLs(reply); low != 30 || high != 30 {
			return reply.String()
		}
		return ""
	})
	const check = "canary heartbeat.services.example.org. TXT"
	e.awaitMetric(t, fmt.Sprintf("coredns_selfpreserve_fit{check=%q} 0", check))
	lab.Until(t, "the log names the canary", func() bool {
		return len(e.Said("[WARNING]", fmt.Sprintf("Check %q has failed 3 times in a row", check))) == 1
	})
	lab.Until(t, "it stays", func() bool { return strings.HasPrefix(e.Ready(), "200 PRESERVED: "+check) })
	if reply := e.ask(t, "unknown.services.example.org.", dns.TypeA); reply.Rcode != dns.RcodeServerFailure {
		t.Errorf("a name that nobody has asked for is answered:\n%v", reply)
	}
}
