package packages

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

// debian is a container in which systemd has booted a small Debian.
type debian struct{ name, ip string }

// bootDebian needs no image: it is debootstrap that makes it. It has folders of this machine, by
// where they are inside.
func bootDebian(t *testing.T, folders map[string]string) debian {
	t.Helper()
	root := filepath.Join(t.TempDir(), "root")
	// What it mounts ends with it, however it ends.
	longCommand(t, ".", nil, "unshare", "--mount", "debootstrap", "--variant=minbase", "--include=bird2,curl,init-system-helpers,systemd,systemd-sysv", "bookworm", root)
	image := lab.Unique()
	longCommand(t, root, nil, "sh", "-c", "tar --exclude=./dev/* --exclude=./var/cache/apt/* --exclude=./var/lib/apt/lists/* -c . | docker import - "+image)
	t.Cleanup(func() { lab.Docker(t, "image", "rm", image) })

	d := debian{name: lab.Unique()}
	t.Cleanup(func() {
		if t.Failed() {
			out, _ := exec.Command("docker", "exec", d.name, "journalctl", "--no-pager", "--lines=60").CombinedOutput() // #nosec G204 -- the test's own
			t.Logf("the journal:\n%s", out)
		}
		lab.Docker(t, "rm", "--force", d.name)
	})
	// What systemd needs to be the first process, and its sandboxes to be made; the last is BIRD's.
	args := []string{"run", "--detach", "--name", d.name, "--env", "container=docker", "--cap-add", "SYS_ADMIN", "--cap-add", "NET_ADMIN", "--cap-add", "NET_BROADCAST",
		"--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined", "--cgroupns", "host", "--volume", "/sys/fs/cgroup:/sys/fs/cgroup:rw",
		"--tmpfs", "/run", "--tmpfs", "/run/lock", "--tmpfs", "/tmp"}
	for inside, folder := range folders {
		args = append(args, "--volume", folder+":"+inside+":ro")
	}
	lab.Docker(t, append(args, image, "/lib/systemd/systemd")...)
	lab.Eventually(t, lab.Slow, func() string {
		out, err := d.try("systemctl", "is-system-running", "--wait")
		if err != nil && out != "degraded" { // BIRD without a configuration of ours is of no interest
			return "systemd is not up: " + out
		}
		return ""
	})
	d.ip = lab.Docker(t, "inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", d.name)
	return d
}

// try runs a program inside.
func (d debian) try(args ...string) (out string, err error) {
	all, err := exec.Command("docker", append([]string{"exec", d.name}, args...)...).CombinedOutput() // #nosec G204 -- the test's own
	return strings.TrimSpace(string(all)), err
}

// run runs a program inside that must not fail.
func (d debian) run(t *testing.T, args ...string) (out string) {
	t.Helper()
	out, err := d.try(args...)
	if err != nil {
		t.Fatalf("%q: %v\n%s", args, err, out)
	}
	return out
}

// is is what systemctl says of a unit, whatever its exit code: active, disabled.
func (d debian) is(question, unit string) string {
	out, _ := d.try("systemctl", "is-"+question, unit)
	return out
}

// write writes a file inside.
func (d debian) write(t *testing.T, path, text string) {
	t.Helper()
	here := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(here, []byte(text), 0o644); err != nil { // #nosec G306 -- for the service's user
		t.Fatal(err)
	}
	lab.Docker(t, "cp", here, d.name+":"+path)
}

// answers is what the server says is the address of www.example.org, or why it says nothing.
func (d debian) answers() string {
	client := dns.Client{Timeout: lab.Patience}
	reply, _, err := client.Exchange(lab.Query("www.example.org.", dns.TypeA), d.ip+":53")
	if err != nil {
		return err.Error()
	}
	if len(reply.Answer) != 1 {
		return reply.String()
	}
	return reply.Answer[0].(*dns.A).A.String()
}

// awaitAnswer waits till the server says an address.
func (d debian) awaitAnswer(t *testing.T, want string) {
	t.Helper()
	lab.Eventually(t, lab.Slow, func() string {
		if got := d.answers(); got != want {
			return fmt.Sprintf("it says %s, want %s", got, want)
		}
		return ""
	})
}
