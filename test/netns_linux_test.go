package test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// netns is a network namespace. It has no name, and is no more when nobody uses it
// and its file is closed: so whatever ends a test, nothing of it is left.
type netns struct{ file *os.File }

// newNamespace needs root. Without, the test is skipped, unless HOLDFAST_FORBID_SKIP is set.
func newNamespace(t *testing.T) netns {
	t.Helper()
	var file *os.File
	made := make(chan error)
	go func() {
		runtime.LockOSThread() // for ever: the thread ends with the goroutine
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			file, err = os.Open("/proc/thread-self/ns/net")
		}
		made <- err
	}()
	if err := <-made; err != nil {
		if os.Getenv("HOLDFAST_FORBID_SKIP") != "" {
			t.Fatalf("no network namespace, and skips are forbidden: %v; run it as root", err)
		}
		t.Skipf("no network namespace: %v; run it as root", err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return netns{file}
}

// path is where other programs find the namespace while the test runs.
func (ns netns) path() string { return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), ns.file.Fd()) }

// inside does work that makes sockets or starts processes: they are in the namespace
// for as long as they live.
func (ns netns) inside(work func()) error {
	runtime.LockOSThread()
	outside, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		runtime.UnlockOSThread()
		return err
	}
	defer outside.Close()
	if err := unix.Setns(int(ns.file.Fd()), unix.CLONE_NEWNET); err != nil {
		runtime.UnlockOSThread()
		return err
	}
	defer func() { // else nobody else may have this thread
		if unix.Setns(int(outside.Fd()), unix.CLONE_NEWNET) == nil {
			runtime.UnlockOSThread()
		}
	}()
	work()
	return nil
}

// dial connects from inside.
func (ns netns) dial(ctx context.Context, network, address string) (conn net.Conn, err error) {
	if failed := ns.inside(func() { conn, err = new(net.Dialer).DialContext(ctx, network, address) }); failed != nil {
		return nil, failed
	}
	return conn, err
}

// run runs a program inside that reads what it has to do.
func (ns netns) run(t *testing.T, input, program string, args ...string) {
	t.Helper()
	cmd := exec.Command(program, args...) // #nosec G204 -- the test's own
	cmd.Stdin = strings.NewReader(input)
	var out []byte
	var err error
	if failed := ns.inside(func() { out, err = cmd.CombinedOutput() }); failed != nil {
		t.Fatal(failed)
	}
	if err != nil {
		t.Fatalf("%s: %v\n%s\n%s", program, err, input, out)
	}
}

// network is hosts on one switch, apart from this machine's own network.
type network struct {
	nft   string
	hub   netns // where the switch is; port pN leads to host N
	hosts []*host
}

// host is number N of a network, at 10.8.0.N and fd00:8::N.
type host struct {
	number int
	netns
	*member
}

func newNetwork(t *testing.T, hosts int) *network {
	t.Helper()
	ip, nft := tool(t, "ip", "iproute2"), tool(t, "nft", "nftables")
	takeTurn(t)
	n := &network{nft: nft, hub: newNamespace(t)}
	var hub strings.Builder
	hub.WriteString("link add hub type bridge\nlink set hub up\n")
	for i := range hosts {
		h := &host{number: i + 1, netns: newNamespace(t)}
		h.member = newMember("127.0.0.1:53", "127.0.0.1:8182", h.netns.dial)
		n.hosts = append(n.hosts, h)
		fmt.Fprintf(&hub, "link add p%d type veth peer name eth0 netns %s\nlink set p%[1]d master hub up\n", h.number, h.path())
	}
	n.hub.run(t, hub.String(), ip, "-batch", "-")
	for _, h := range n.hosts {
		h.netns.run(t, fmt.Sprintf("link set lo up\nlink set eth0 up\naddr add 10.8.0.%d/24 dev eth0\naddr add fd00:8::%[1]d/64 dev eth0 nodad\n", h.number), ip, "-batch", "-")
	}
	n.hub.run(t, "table bridge hub {\n set lost { type ifname . ifname; }\n chain f { type filter hook forward priority 0; iifname . oifname @lost drop; }\n}\n", nft, "-f", "-")
	return n
}

// lose drops every packet from these hosts to those, from now on.
func (n *network) lose(t *testing.T, from, to []*host) {
	t.Helper()
	var ways []string
	for _, a := range from {
		for _, b := range to {
			if a != b {
				ways = append(ways, fmt.Sprintf("p%d . p%d", a.number, b.number))
			}
		}
	}
	n.hub.run(t, "add element bridge hub lost { "+strings.Join(ways, ", ")+" }\n", n.nft, "-f", "-")
}

// cut is a partition: nothing passes between these hosts and those.
func (n *network) cut(t *testing.T, these, those []*host) {
	t.Helper()
	n.lose(t, these, those)
	n.lose(t, those, these)
}

func (n *network) heal(t *testing.T) {
	t.Helper()
	n.hub.run(t, "flush set bridge hub lost\n", n.nft, "-f", "-")
}
