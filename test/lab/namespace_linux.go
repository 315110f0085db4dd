package lab

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

// Namespace is a network namespace. It has no name, and is no more when nobody uses it
// and its file is closed: so whatever ends a test, nothing of it is left.
type Namespace struct{ file *os.File }

// NewNamespace needs root. Without, the test is skipped.
func NewNamespace(t *testing.T) Namespace {
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
		SkipWithout(t, fmt.Sprintf("a network namespace (%v)", err), "run as root")
	}
	t.Cleanup(func() { _ = file.Close() })
	return Namespace{file}
}

// Path is where other programs find the namespace while the test runs.
func (ns Namespace) Path() string { return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), ns.file.Fd()) }

// Inside does work that makes sockets or starts processes: they are in the namespace
// for as long as they live.
func (ns Namespace) Inside(work func()) error {
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

// Dial connects from inside.
func (ns Namespace) Dial(ctx context.Context, network, address string) (conn net.Conn, err error) {
	if failed := ns.Inside(func() { conn, err = new(net.Dialer).DialContext(ctx, network, address) }); failed != nil {
		return nil, failed
	}
	return conn, err
}

// Run runs a program inside that reads what it has to do.
func (ns Namespace) Run(t *testing.T, input, program string, args ...string) {
	t.Helper()
	cmd := exec.Command(program, args...) // #nosec G204 -- the test's own
	cmd.Stdin = strings.NewReader(input)
	var out []byte
	var err error
	if failed := ns.Inside(func() { out, err = cmd.CombinedOutput() }); failed != nil {
		t.Fatal(failed)
	}
	if err != nil {
		t.Fatalf("%s: %v\n%s\n%s", program, err, input, out)
	}
}

// StartDaemon starts a program inside.
func (ns Namespace) StartDaemon(t *testing.T, dir, program string, args ...string) (d *Daemon) {
	t.Helper()
	if err := ns.Inside(func() { d = StartDaemon(t, dir, program, args...) }); err != nil {
		t.Fatal(err)
	}
	return d
}
