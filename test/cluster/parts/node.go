package parts

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// suite is the Debian that a node is of, whatever this machine is.
const suite = "bookworm"

// packages are what a node has besides Debian's smallest system. runc and containerd run
// pods, the plugins give them addresses, iptables, nft and conntrack are kube-proxy's.
var packages = []string{
	"bind9-dnsutils", "ca-certificates", "conntrack", "containerd", "containernetworking-plugins", "curl", "dbus-daemon",
	"etcd-server", "ethtool", "iproute2", "iptables", "kmod", "mount", "nftables", "procps", "runc", "socat", "util-linux",
}

// node makes the node's image: Debian as debootstrap lays it out.
func (p *Parts) node(ctx context.Context) error {
	id := key([]byte(suite), []byte(strings.Join(packages, " ")))
	p.Node = "holdfast-cluster/node:" + id
	archive := filepath.Join(p.Cache, "node-"+id+".tar")
	if err := whole(archive, func(tmp string) error {
		dir := tmp + ".root"
		defer os.RemoveAll(dir)
		cmd := exec.CommandContext(ctx, "debootstrap", "--variant=minbase", "--include="+strings.Join(packages, ","), suite, dir)
		// What it mounts ends with it, however it ends: nobody shall clear away this machine's /proc.
		cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("debootstrap: %w\n%s", err, out[max(0, len(out)-2000):])
		}
		return run(ctx, "", nil, "tar", "-C", dir, "--exclude=./var/cache/apt/*", "--exclude=./var/lib/apt/lists/*", "--exclude=./dev/*", "--exclude=./proc/*", "-cf", tmp, ".")
	}); err != nil {
		return err
	}
	if exec.CommandContext(ctx, "docker", "image", "inspect", p.Node).Run() == nil {
		return nil
	}
	return run(ctx, "", nil, "docker", "import", "--change", "LABEL "+Label+"=image", archive, p.Node)
}

// Label marks all that Docker keeps for us.
const Label = "holdfast.cluster"
