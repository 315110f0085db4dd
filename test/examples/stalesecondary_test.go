package examples

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

// The README's commands, typed one after the other into a shell, show what it says.
func TestExampleStaleSecondaryShowsWhatItsREADMESays(t *testing.T) {
	lab.Tool(t, "dig", "bind9-dnsutils")
	lab.Tool(t, "nsupdate", "bind9-dnsutils")
	lab.Tool(t, "curl", "curl")
	// On ports of its own, so that it passes while somebody has the example running.
	primary, secondary, metrics := lab.FreePort(t), lab.FreePort(t), lab.FreePort(t)
	ports := strings.NewReplacer("1055", primary, "1056", secondary, "9156", metrics)
	var typed []string
	for _, commands := range lab.Typed(t, "corefile-examples/stale-secondary/README.md", 7) {
		typed = append(typed, ports.Replace(commands))
	}
	var running []*lab.Daemon
	for i, name := range []string{"Corefile.primary", "Corefile"} {
		if want := "go run ./build/coredns -conf corefile-examples/stale-secondary/" + name + "\n"; typed[i] != want {
			t.Errorf("the README's command is %q, want %q", typed[i], want)
		}
		conf := filepath.Join(t.TempDir(), name)
		lab.Write(t, conf, ports.Replace(readExample(t, "stale-secondary/"+name)))
		running = append(running, lab.StartBinary(t, lab.Root, "-conf", conf))
		lab.AwaitAnswer(t, "127.0.0.1:"+[]string{primary, secondary}[i], lab.Query("www.example.org.", dns.TypeA))
	}
	shell := func(command_ string) string { return lab.Command(t, lab.Root, "bash", "-c", command_) }
	awaited := func(within time.Duration, command_ string, want ...string) {
		t.Helper()
		lab.Eventually(t, within, func() string {
			out := shell(command_)
			for _, pattern := range want {
				if !regexp.MustCompile(pattern).MatchString(out) {
					return "no " + pattern + " in\n" + out
				}
			}
			return ""
		})
	}
	dig, update, look, notify, heartbeat := typed[2], typed[3], typed[4], typed[5], typed[6]
	const slack = 10 * time.Second // for a machine that stalls; the README's times are asserted elsewhere
	awaited(slack, dig, `3600\s+IN\s+A\s+10\.0\.0\.1\n`)
	if out := shell(dig); strings.Contains(out, "EDE") {
		t.Errorf("a fresh answer is marked:\n%s", out)
	}
	shell(update)
	awaited(10*time.Second+slack, dig, `; EDE: 3 \(Stale Answer\): \(\d+s behind, serial 2026112101 < 2026112102\)\n`, `\s30\s+IN\s+A\s+10\.0\.0\.1\n`)
	awaited(slack, look, `; EDE: 19 \(Stale NXDOMAIN Answer\): \(\d+s behind`,
		`coredns_stalecheck_age_seconds\{source="primary",zone="example.org."\} \d`,
		`coredns_stalecheck_zone_status\{status="stale",zone="example.org."\} 1\n`)
	if log := running[1].String(); !strings.Contains(log, "Zone example.org. is stale: ") {
		t.Errorf("the log does not tell:\n%s", log)
	}
	shell(notify)
	lab.Eventually(t, 4*time.Second+slack, func() string {
		if out := shell(dig); strings.Contains(out, "EDE") || !strings.Contains(out, "10.0.0.2") {
			return out
		}
		return ""
	})
	heartbeat = strings.ReplaceAll(heartbeat, "go run ./cmd/holdfast", lab.Holdfast(t))
	awaited(slack, heartbeat+"true # its finding is no failure", `written: heartbeat\.example\.org\., to 127\.0\.0\.1:`+primary,
		`√  127\.0\.0\.1:`+primary+` +udp +fresh +0s +\d+s +2026112103 `,
		`‼  127\.0\.0\.1:`+secondary+` +udp +behind +2s +- +2026112102 .* 2s behind, serial 2026112102 < 2026112103\n`)
}
