package chains

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

// systemd-resolved takes an answer that is raised and marked, and a denial. It has a network of its own, in
// which port 53 is free and a link is up, and files of its own, so that it asks our server alone.
func TestResolvedTakesRaisedAndMarkedAnswers(t *testing.T) {
	t.Parallel()
	program, ip, unshare := systemdResolved(t), lab.Tool(t, "ip", "iproute2"), lab.Tool(t, "unshare", "util-linux")
	lab.Binary(t)
	ns, dir, port := lab.NewNamespace(t), t.TempDir(), lab.FreePort(t)
	ns.Run(t, "link set lo up\nlink add d0 type veth peer name d1\nlink set d1 up\nlink set d0 up\naddr add 192.0.2.9/24 dev d0\nroute add default via 192.0.2.1\n", ip, "-batch", "-")
	lab.WriteAll(t, dir, map[string]string{
		"db": oldZone,
		"Corefile": "example.org:" + port + " {\n bind 127.0.0.1\n log\n ttlfloor 100s {\n jitter off\n }\n" +
			" stalecheck {\n serial unixtime\n }\n file db\n}\n",
		"resolved.conf": "[Resolve]\nDNS=127.0.0.1:" + port + "\nFallbackDNS=\nDomains=~.\nDNSSEC=no\nLLMNR=no\nMulticastDNS=no\n",
	})
	for file, line := range map[string]string{"passwd": "systemd-resolve:x:65001:65001::/:/bin/false\n", "group": "systemd-resolve:x:65001:\n"} {
		text, err := os.ReadFile(filepath.Join("/etc", file)) // #nosec G304 -- one of two
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains("\n"+string(text), "\nsystemd-resolve:") {
			text = append(text, line...)
		}
		if err := os.WriteFile(filepath.Join(dir, file), text, 0o644); err != nil { // #nosec G306 -- as in /etc
			t.Fatal(err)
		}
	}
	ask := func(addr, name string) (*dns.Msg, error) {
		conn, err := ns.Dial(t.Context(), "udp", addr)
		if err != nil {
			return nil, err
		}
		defer conn.Close()
		reply, _, err := (&dns.Client{Timeout: lab.Patience}).ExchangeWithConn(lab.QueryWithOPT(name, dns.TypeA, 1232), &dns.Conn{Conn: conn})
		return reply, err
	}

	coredns := ns.StartDaemon(t, dir, lab.Binary(t), "-conf", "Corefile")
	lab.Until(t, "the zone is stale", func() bool {
		reply, err := ask("127.0.0.1:"+port, "ns.example.org.")
		return err == nil && len(errorsOf(reply)) == 1
	})
	ns.StartDaemon(t, dir, unshare, "--mount", "sh", "-ec", fmt.Sprintf("mount --bind passwd /etc/passwd; mount --bind group /etc/group; mount -t tmpfs tmpfs /run; "+
		"mkdir -p /run/systemd/resolved.conf.d; install -m 644 resolved.conf /run/systemd/resolved.conf.d/; exec %q", program))
	var reply *dns.Msg
	lab.Until(t, "systemd-resolved has an answer", func() (ok bool) {
		var err error
		reply, err = ask("127.0.0.53:53", "www.example.org.")
		return err == nil && reply.Rcode == dns.RcodeSuccess
	})
	if lowest, _ := lab.TTLs(&dns.Msg{MsgHdr: reply.MsgHdr, Answer: reply.Answer}); len(reply.Answer) != 2 || lowest <= 60 {
		t.Errorf("it answers\n%v", reply)
	}
	if reply, err := ask("127.0.0.53:53", "gone.example.org."); err != nil || reply.Rcode != dns.RcodeNameError {
		t.Errorf("%v, and it denies by\n%v", err, reply)
	}
	if asked := regexp.MustCompile(`"A IN www\.example\.org\. udp \d+ false \d{4,}" NOERROR`); !asked.MatchString(coredns.String()) {
		t.Errorf("it has not asked with an OPT record:\n%s", coredns)
	}
}

// systemdResolved is the program. To install it would give the machine another resolver, and so .ci/run only
// unpacks it.
func systemdResolved(t *testing.T) string {
	t.Helper()
	const program = "lib/systemd/systemd-resolved"
	for _, above := range []string{filepath.Join(lab.Root, "bin/resolved"), filepath.Join(lab.Root, "bin/resolved/usr"), "/usr"} {
		path := filepath.Join(above, program)
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	lab.SkipWithout(t, "systemd-resolved", "unpack systemd-resolved as .ci/run does")
	return ""
}
