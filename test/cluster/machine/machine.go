package machine

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"github.com/holdfastdns/holdfast/test/cluster/parts"
)

// Machine is a container that stands for one.
type Machine struct {
	Name, IP string
	id       string
	pid      int // of its first process, which its namespaces are found by
}

// Etc is where a machine has the files of this run.
const Etc = "/etc/kubernetes"

// Start makes a machine and connects it. It is a container like a privileged one: Docker
// refuses to make those where it lacks a capability itself, so they are named one by one.
func Start(ctx context.Context, p *parts.Parts, run, name, ip, files string) (*Machine, error) {
	m := &Machine{Name: name, IP: ip, id: run + "-" + name}
	args := []string{"run", "--detach", "--name", m.id, "--hostname", name, "--label", parts.Label + "=" + run,
		"--network", "none", "--cgroupns", "private",
		"--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined", "--security-opt", "systempaths=unconfined",
		"--device-cgroup-rule", "a *:* rwm", "--device", "/dev/kmsg",
		"--tmpfs", "/run:exec", "--tmpfs", "/tmp", "--volume", "/var",
		"--volume", p.Programs + ":/opt/kubernetes:ro", "--volume", p.Inside + ":/opt/inside:ro", "--volume", files + ":" + Etc + ":ro"}
	bounding, err := capabilities()
	if err != nil {
		return nil, err
	}
	for _, c := range bounding {
		args = append(args, "--cap-add", c)
	}
	// Mounts have to reach pods and come back from them, and Docker mounts read-only what a
	// kubelet writes to.
	const prepare = `mount --make-rshared /
mount -o remount,rw /sys
for m in /sys/fs/cgroup /sys/fs/cgroup/*; do if mountpoint -q $m; then mount -o remount,bind,rw $m; fi; done
exec /opt/inside/pause`
	args = append(args, "--entrypoint", "/bin/sh", p.Node, "-ec", prepare)
	if out, err := exec.CommandContext(ctx, "docker", args...).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("docker run %s: %w: %s", m.id, err, out)
	}
	out, err := exec.CommandContext(ctx, "docker", "inspect", "--format", "{{.State.Pid}}", m.id).Output()
	if err != nil {
		return nil, err
	}
	if m.pid, err = strconv.Atoi(strings.TrimSpace(string(out))); err != nil || m.pid == 0 {
		logs, _ := exec.CommandContext(ctx, "docker", "logs", m.id).CombinedOutput()
		return nil, fmt.Errorf("%s does not run: %s", m.id, logs)
	}
	return m, m.plug(ctx)
}

// Run runs a program on m and gives what it writes.
func (m *Machine) Run(ctx context.Context, args ...string) (string, error) {
	cmd := m.Command(ctx, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %s: %w: %s", m.Name, strings.Join(args, " "), err, stderr.String())
	}
	return string(out), nil
}

// Command is a program on m. Its input is ours, so that it can end when this process does.
func (m *Machine) Command(ctx context.Context, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, "docker", append([]string{"exec", "--interactive", m.id}, args...)...)
}

// Spawn starts a daemon: its process id is in /run/NAME.pid, its log in /var/log/NAME.log.
func (m *Machine) Spawn(ctx context.Context, name string, args ...string) error {
	line := fmt.Sprintf("echo $$ >/run/%s.pid; exec %s >>/var/log/%s.log 2>&1", name, strings.Join(args, " "), name)
	if out, err := exec.CommandContext(ctx, "docker", "exec", "--detach", m.id, "sh", "-c", line).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %s: %w: %s", m.Name, name, err, out)
	}
	return nil
}

// Kill sends a signal to a daemon, and with KILL or TERM waits until it is gone.
func (m *Machine) Kill(ctx context.Context, name, signal string) error {
	line := fmt.Sprintf("p=$(cat /run/%s.pid); kill -%s $p", name, signal)
	if signal == "KILL" || signal == "TERM" {
		line += "; for i in $(seq 100); do [ -e /proc/$p ] || exit 0; sleep 0.1; done; exit 1"
	}
	return m.Inside(ctx, line)
}

// Alive says whether a daemon runs.
func (m *Machine) Alive(ctx context.Context, name string) bool {
	return m.Inside(ctx, "kill -0 $(cat /run/"+name+".pid)") == nil
}

// names of the capabilities by their numbers, as in linux/capability.h.
var names = strings.Fields(`CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE
	NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT
	SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP
	MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ`)

// capabilities are those that this process may hand on.
func capabilities() ([]string, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return nil, err
	}
	_, rest, _ := strings.Cut(string(status), "CapBnd:")
	line, _, _ := strings.Cut(rest, "\n")
	bits, err := strconv.ParseUint(strings.TrimSpace(line), 16, 64)
	if err != nil {
		return nil, fmt.Errorf("CapBnd in /proc/self/status: %w", err)
	}
	var have []string
	for i, name := range names {
		if bits>>i&1 == 1 {
			have = append(have, name)
		}
	}
	return have, nil
}
