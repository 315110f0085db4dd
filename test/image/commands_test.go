package image

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

// What the README types, with this image for the one that it names, and a port of the test's.
func imageDoesWhatTheREADMETypes(t *testing.T, image string) {
	lab.Tool(t, "gzip", "gzip")
	dir := t.TempDir()
	shell := func(command, image string) string {
		t.Helper()
		return lab.Command(t, dir, "bash", "-euo", "pipefail", "-c", strings.NewReplacer("registry.example.org/holdfast:0.2.0-1", image, " holdfast version", " "+image+" version").Replace(command))
	}
	typed := lab.Typed(t, "build/image/README.md", 4)
	if !strings.HasPrefix(typed[1], "make image IMAGE=holdfast\n") {
		t.Errorf("the README makes the image by %s", typed[1])
	}
	version, _, _ := strings.Cut(typed[0], "kubectl exec ")
	if printed := shell(version, image); !strings.HasPrefix(printed, "Holdfast ") {
		t.Errorf("the command prints %s", printed)
	}

	// It comes back from the file that is carried to a host.
	carried := lab.Unique()
	lab.Docker(t, "tag", image, carried)
	shell(lab.Replaced(t, typed[2], "| gzip ", "| gzip --fast "), carried) // 100 MB
	lab.Docker(t, "image", "rm", carried)
	if said := lab.Docker(t, "load", "--input", filepath.Join(dir, "holdfast.tar.gz")); !strings.Contains(said, carried) {
		t.Errorf("the file has %s", said)
	}
	t.Cleanup(func() { lab.Docker(t, "image", "rm", carried) })

	writeReadable(t, filepath.Join(dir, "Corefile"), ".:53 {\n template IN A www.example.org {\n  answer \"{{ .Name }} 60 IN A 192.0.2.80\"\n }\n}\n")
	container, port := lab.Unique(), lab.FreePort(t)
	t.Cleanup(func() { lab.Docker(t, "rm", "--force", container) })
	run := lab.Replaced(t, typed[3], "docker run ", "docker run --detach --name "+container+" ",
		"-p 53:53/udp -p 53:53/tcp holdfast", fmt.Sprintf("-p 127.0.0.1:%s:53/udp -p 127.0.0.1:%s:53/tcp %s", port, port, carried))
	lab.Command(t, dir, "bash", "-c", run)
	for _, transport := range []string{"udp", "tcp"} {
		client := dns.Client{Net: transport, Timeout: lab.Patience}
		lab.Eventually(t, lab.Slow, func() string {
			reply, _, err := client.Exchange(lab.Query("www.example.org.", dns.TypeA), "127.0.0.1:"+port)
			if err != nil || len(reply.Answer) != 1 {
				return fmt.Sprintf("%s: %v %v\n%s", transport, err, reply, lab.Docker(t, "logs", container))
			}
			return ""
		})
	}
	want := regexp.MustCompile(`--stop-timeout (\d+) `).FindStringSubmatch(typed[3])[1]
	if has := lab.Docker(t, "inspect", "--format", "{{.Config.StopTimeout}}", container); has != want {
		t.Errorf("docker stop would kill after %s s, want %s", has, want)
	}
}
