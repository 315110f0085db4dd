package test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// imageHoldsAStop runs the example three-servers, each in a container. One is paused and
// another stopped: it stays till the first is back, since two peers have to promise.
func imageHoldsAStop(t *testing.T, image string) {
	network, ip := networkOfThree(t)
	var all []*member
	var names []string
	for i := range 3 {
		const folder = "corefile-examples/three-servers/"
		text := read(t, fmt.Sprintf(folder+"Corefile.%d", i+1))
		corefile := filepath.Join(t.TempDir(), "Corefile")
		writeReadable(t, corefile, strings.NewReplacer("127.0.0.1", ip[0], "127.0.0.2", ip[1], "127.0.0.3", ip[2], "example.org:1057", "example.org:53",
			"corefile-examples/three-servers", "/zones", "max_hold 20s", "max_hold 10m\n        min_peers 2").Replace(text))
		name := unique()
		t.Cleanup(func() {
			if t.Failed() {
				t.Logf("%s:\n%s", name, docker(t, "logs", name))
			}
			docker(t, "rm", "--force", name)
		})
		docker(t, append(append([]string{"run", "--detach", "--name", name, "--network", network, "--ip", ip[i],
			"--volume", corefile + ":/Corefile:ro", "--volume", filepath.Join(root, folder, "db.example.org") + ":/zones/db.example.org:ro"}, asShipped...), image)...)
		names = append(names, name)
		all = append(all, newMember(ip[i]+":53", ip[i]+":8182", "", new(net.Dialer).DialContext))
	}
	for _, m := range all {
		m.awaitPeers(t, 2)
	}
	paused, stopped, third := all[0], all[1], all[2]
	docker(t, "pause", names[0])
	stop := startDaemon(t, ".", "docker", "stop", "--time", "600", names[1])
	says := func(m *member, prefix string) {
		t.Helper()
		eventually(t, slow, func() string {
			if told := m.ready(); !strings.HasPrefix(told, prefix) {
				return m.http + " says " + told
			}
			return ""
		})
	}
	// After a promise's lifetime, six seconds, it may leave and has not enough promises.
	says(stopped, "200 PRESERVED: SIGTERM, has 1 of 2 promises; ")
	allPreserved(t, 2*time.Second, stopped)
	if paused.answers("www.example.org.") {
		t.Error("the paused one answers")
	}
	if told := third.ready(); told != "200 OK" {
		t.Errorf("the third says %s", told)
	}

	docker(t, "unpause", names[0])
	until(t, "docker stop is done", func() bool {
		select {
		case <-stop.ended:
			return true
		default:
			return false
		}
	})
	if code := docker(t, "inspect", "--format", "{{.State.ExitCode}}", names[1]); code != "0" {
		t.Errorf("the stopped one exits with %s", code)
	}
	if log := docker(t, "logs", names[1]); !strings.Contains(log, leaves) {
		t.Errorf("the log of the stopped one does not say %q", leaves)
	}
	for _, m := range []*member{paused, third} {
		says(m, "200 OK")
		if !m.answers("www.example.org.") {
			t.Errorf("%s does not answer", m.dns)
		}
	}
}

// networkOfThree makes a network of which three addresses are known.
func networkOfThree(t *testing.T) (name string, ip [3]string) {
	t.Helper()
	name = unique()
	for range 20 { // others may have a network that is drawn
		prefix := fmt.Sprintf("10.%d.%d.", rand.IntN(256), rand.IntN(256))
		if exec.Command("docker", "network", "create", "--subnet", prefix+"0/28", name).Run() == nil { // #nosec G204 -- the test's own
			t.Cleanup(func() { docker(t, "network", "rm", name) })
			return name, [3]string{prefix + "2", prefix + "3", prefix + "4"}
		}
	}
	t.Fatal("no network is free")
	return "", ip
}
