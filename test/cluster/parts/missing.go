package parts

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// needed are the programs of this machine, by the Debian packages that have them.
var needed = []struct{ program, pkg string }{
	{"debootstrap", "debootstrap"},
	{"docker", "docker.io"},
	{"git", "git"},
	{"go", "golang, 1.26 or later"},
	{"ip", "iproute2"},
	{"make", "make"},
	{"nsenter", "util-linux"},
	{"setcap", "libcap2-bin"},
	{"tar", "tar"},
}

// missing names all that is not there, in one line.
func missing(ctx context.Context) error {
	var lacks []string
	for _, n := range needed {
		if _, err := exec.LookPath(n.program); err != nil {
			lacks = append(lacks, fmt.Sprintf("%s (Debian: %s)", n.program, n.pkg))
		}
	}
	if os.Geteuid() != 0 {
		lacks = append(lacks, "root, for nodes that mount and route")
	}
	if _, err := os.Stat("/dev/kmsg"); err != nil {
		lacks = append(lacks, "/dev/kmsg, which kubelets read")
	}
	// Kubelets on cgroup v2 need controllers delegated to the nodes, which nobody has tried here.
	if _, err := os.Stat("/sys/fs/cgroup/memory"); err != nil {
		lacks = append(lacks, "cgroup v1 with its memory controller at /sys/fs/cgroup/memory")
	}
	if len(lacks) == 0 {
		if err := exec.CommandContext(ctx, "docker", "info").Run(); err != nil {
			lacks = append(lacks, "a Docker engine that runs")
		}
	}
	if len(lacks) > 0 {
		return errors.New("missing: " + strings.Join(lacks, "; "))
	}
	return nil
}

// run runs a program, and gives what it has said if it fails.
func run(ctx context.Context, dir string, env []string, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		const enough = 4000
		return fmt.Errorf("%s %s: %w\n%s", program, strings.Join(args, " "), err, out[max(0, len(out)-enough):])
	}
	return nil
}
