package image

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

// asShipped is how an operator runs the image: nothing can be written, and there is no
// privilege but to bind port 53.
var asShipped = []string{"--read-only", "--user", "65532", "--cap-drop", "ALL", "--cap-add", "NET_BIND_SERVICE"}

// What the README's table says of privileges. The engine lets everybody bind port 53
// unless ip_unprivileged_port_start is set back to what Linux has.
func imageBindsPort53(t *testing.T, image string) {
	const linuxPorts, noNew = "--sysctl=net.ipv4.ip_unprivileged_port_start=1024", "--security-opt=no-new-privileges"
	corefile := filepath.Join(t.TempDir(), "Corefile")
	writeReadable(t, corefile, ".:53 {\n template IN A www.example.org {\n  answer \"{{ .Name }} 60 IN A 192.0.2.80\"\n }\n}\n")
	for _, c := range []struct {
		name  string
		args  []string
		fails string // in what it prints; "" if it serves
	}{
		{"with the capability alone", append([]string{linuxPorts}, asShipped...), ""},
		{"with the capability and no new privileges", append([]string{linuxPorts, noNew}, asShipped...), "bind: permission denied"},
		{"with the ports of an engine and no new privileges", append([]string{noNew}, asShipped...), ""},
		{"without the capability", []string{"--read-only", "--cap-drop", "ALL"}, "operation not permitted"},
	} {
		t.Run(c.name, func(t *testing.T) {
			container := lab.Unique()
			args := append([]string{"run", "--detach", "--name", container, "--volume", corefile + ":/Corefile:ro"}, c.args...)
			t.Cleanup(func() { lab.Docker(t, "rm", "--force", container) })
			// Some engines fail here, others once the process is about to start.
			ran, _ := exec.Command("docker", append(args, image)...).CombinedOutput() // #nosec G204 -- the test's own
			if c.fails != "" {
				lab.Eventually(t, 3*lab.Patience, func() string {
					if said := string(ran) + lab.Docker(t, "logs", container); !strings.Contains(said, c.fails) {
						return fmt.Sprintf("it says %q, want %q", said, c.fails)
					}
					if state := lab.Docker(t, "inspect", "--format", "{{.State.Running}}", container); state != "false" {
						return "it is still running"
					}
					return ""
				})
				return
			}
			if all := strings.Fields(lab.Docker(t, "top", container, "-eo", "pid,uid,comm")); len(all) != 6 || all[4] != "65532" {
				t.Errorf("its processes are %q, want one of user 65532", all)
			}
			ip := lab.Docker(t, "inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", container)
			for _, transport := range []string{"udp", "tcp"} {
				client := dns.Client{Net: transport, Timeout: lab.Patience}
				lab.Eventually(t, 3*lab.Patience, func() string {
					reply, _, err := client.Exchange(lab.Query("www.example.org.", dns.TypeA), ip+":53")
					if err != nil || len(reply.Answer) != 1 {
						return fmt.Sprintf("%s: %v %v\n%s", transport, err, reply, lab.Docker(t, "logs", container))
					}
					return ""
				})
			}
		})
	}
}

// writeReadable writes a file that a container's user may read.
func writeReadable(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil { // #nosec G306 -- not a secret
		t.Fatal(err)
	}
}
