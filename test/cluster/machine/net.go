// Package machine makes the cluster's machines: containers on one wire. The wire is in this
// process's own network namespace, from which nothing leads out: what goes astray in the
// cluster ends here, two clusters may have the same addresses, and all of it goes away with
// this process.
package machine

import (
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

const (
	bridge = "wire"
	// Gateway is where this process is on the wire, and where nothing goes on.
	Gateway = "172.30.0.1"
	prefix  = "/24"
)

// Wire makes the wire. This process has to be in a network namespace of its own.
func Wire(ctx context.Context) error {
	for _, args := range []string{
		"link set lo up",
		"link add " + bridge + " type bridge forward_delay 0",
		"addr add " + Gateway + prefix + " dev " + bridge,
		"link set " + bridge + " up",
	} {
		if err := ip(ctx, args); err != nil {
			return err
		}
	}
	return nil
}

func ip(ctx context.Context, args string) error {
	if out, err := exec.CommandContext(ctx, "ip", strings.Fields(args)...).CombinedOutput(); err != nil {
		return fmt.Errorf("ip %s: %w: %s", args, err, out)
	}
	return nil
}

// Route sends what is for network by way of an address on the wire.
func Route(ctx context.Context, network, via string) error {
	return ip(ctx, "route replace "+network+" via "+via)
}

// plug connects m. The other end of its cable has its name.
func (m *Machine) plug(ctx context.Context) error {
	pid := strconv.Itoa(m.pid)
	if err := ip(ctx, "link add "+m.Name+" type veth peer name eth0 netns "+pid); err != nil {
		return err
	}
	if err := ip(ctx, "link set "+m.Name+" master "+bridge+" up"); err != nil {
		return err
	}
	return m.Inside(ctx, "ip addr add "+m.IP+prefix+" dev eth0 && ip link set eth0 up && ip route add default via "+Gateway)
}

// Inside runs a line of shell on m.
func (m *Machine) Inside(ctx context.Context, line string) error {
	_, err := m.Run(ctx, "sh", "-ec", line)
	return err
}

// Cut pulls the cable. The routes of the machine itself stay.
func (m *Machine) Cut(ctx context.Context) error { return ip(ctx, "link set "+m.Name+" nomaster") }

// Mend plugs it in again.
func (m *Machine) Mend(ctx context.Context) error {
	return ip(ctx, "link set "+m.Name+" master "+bridge)
}
