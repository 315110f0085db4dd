package image

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/test/lab"
)

// imageHoldsAStop runs the example three-servers, each in a container. One is paused and
// another stopped: it stays till the first is back, since two peers have to promise.
func imageHoldsAStop(t *testing.T, image string) {
	network, ip := networkOfThree(t)
	var all []*lab.Member
	var names []string
	for i := range 3 {
		const folder = "corefile-examples/three-servers/"
		text := lab.Read(t, fmt.Sprintf(folder+"Corefile.%d", i+1))
		corefile := filepath.Join(t.TempDir(), "Corefile")
		writeReadable(t, corefile, strings.NewReplacer("127.0.0.1", ip[0], "127.0.0.2", ip[1], "127.0.0.3", ip[2], "example.org:1057", "example.org:53",
			"corefile-examples/three-servers", "/zones", "max_hold 20s", "max_hold 10m\n        min_peers 2").Replace(text))
		name := lab.Unique()
		t.Cleanup(func() {
			if t.Failed() {
				t.Logf("%s:\n%s", name, lab.Docker(t, "logs", name))
			}
			lab.Docker(t, "rm", "--force", name)
		})
		lab.Docker(t, append(append([]string{"run", "--detach", "--name", name, "--network", network, "--ip", ip[i],
			"--volume", corefile + ":/Corefile:ro", "--volume", filepath.Join(lab.Root, folder, "db.example.org") + ":/zones/db.example.org:ro"}, asShipped...), image)...)
		names = append(names, name)
		all = append(all, lab.NewMember(ip[i]+":53", ip[i]+":8182", "", new(net.Dialer).DialContext))
	}
	for _, m := range all {
		m.AwaitPeers(t, 2)
	}
	// As kubectl exec does it in a pod.
	told := lab.Docker(t, "exec", names[0], "/holdfast", "status", ip[0])
	for _, address := range ip {
		if !strings.Contains(told, address) {
			t.Errorf("status does not show %s:\n%s", address, told)
		}
	}
	paused, stopped, third := all[0], all[1], all[2]
	lab.Docker(t, "pause", names[0])
	stop := lab.StartDaemon(t, ".", "docker", "stop", "--time", "600", names[1])
	says := func(m *lab.Member, prefix string) {
		t.Helper()
		lab.Eventually(t, lab.Slow, func() string {
			if told := m.Ready(); !strings.HasPrefix(told, prefix) {
				return m.HTTP + " says " + told
			}
			return ""
		})
	}
	// After a promise's lifetime, six seconds, it may leave and has not enough promises.
	says(stopped, "200 PRESERVED: SIGTERM, with 1 of 2 promises; ")
	lab.AllPreserved(t, 2*time.Second, stopped)
	if paused.Answers("www.example.org.") {
		t.Error("the paused one answers")
	}
	if told := third.Ready(); told != "200 OK" {
		t.Errorf("the third says %s", told)
	}

	lab.Docker(t, "unpause", names[0])
	lab.Until(t, "docker stop is done", func() bool {
		select {
		case <-stop.Ended:
			return true
		default:
			return false
		}
	})
	if code := lab.Docker(t, "inspect", "--format", "{{.State.ExitCode}}", names[1]); code != "0" {
		t.Errorf("the stopped one exits with %s", code)
	}
	if log := lab.Docker(t, "logs", names[1]); !strings.Contains(log, lab.LogLeaves) {
		t.Errorf("the log of the stopped one does not say %q", lab.LogLeaves)
	}
	for _, m := range []*lab.Member{paused, third} {
		says(m, "200 OK")
		if !m.Answers("www.example.org.") {
			t.Errorf("%s does not answer", m.DNS)
		}
	}
}

// networkOfThree makes a network of which three addresses are known.
func networkOfThree(t *testing.T) (name string, ip [3]string) {
	t.Helper()
	name = lab.Unique()
	for range 20 { // others may have a network that is drawn
		prefix := fmt.Sprintf("10.%d.%d.", rand.IntN(256), rand.IntN(256))
		if exec.Command("docker", "network", "create", "--subnet", prefix+"0/28", name).Run() == nil { // #nosec G204 -- the test's own
			t.Cleanup(func() { lab.Docker(t, "network", "rm", name) })
			return name, [3]string{prefix + "2", prefix + "3", prefix + "4"}
		}
	}
	t.Fatal("no network is free")
	return "", ip
}
