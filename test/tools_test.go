package test

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// tool returns the path of a program of a Debian package. Without it the test is
// skipped, unless HOLDFAST_FORBID_SKIP is set, as CI does.
func tool(t testing.TB, program, debianPackage string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil { // servers are in sbin, which is not in everybody's PATH
		path, err = exec.LookPath(filepath.Join("/usr/sbin", program))
	}
	if err == nil {
		return path
	}
	if os.Getenv("HOLDFAST_FORBID_SKIP") != "" {
		t.Fatalf("%s is missing and skips are forbidden: apt-get install %s", program, debianPackage)
	}
	t.Skipf("%s is missing: apt-get install %s", program, debianPackage)
	return ""
}

// command runs a program in dir and returns what it printed.
func command(t testing.TB, dir, program string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...) // #nosec G204 -- the test's own
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", program, args, err, out)
	}
	return string(out)
}

// commandFails runs a program that must exit with an error, and returns its output.
func commandFails(t testing.TB, program string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, program, args...).CombinedOutput() // #nosec G204 -- the test's own
	if _, ok := errors.AsType[*exec.ExitError](err); !ok || ctx.Err() != nil {
		t.Fatalf("%s %q: %v, want an exit code\n%s", program, args, err, out)
	}
	return string(out)
}

// issued are the ports that freePort has given away: tests run side by side, and BIND
// shares a port with another BIND without a word.
var issued sync.Map

// freePort returns a port of 127.0.0.1 that is free for UDP and TCP, below those that
// Linux and BSD give to clients.
func freePort(t testing.TB) string {
	t.Helper()
	for range 1000 {
		port := strconv.Itoa(20000 + rand.IntN(12000))
		if _, given := issued.LoadOrStore(port, true); !given && isFree(port) {
			return port
		}
	}
	t.Fatal("no port is free for both UDP and TCP")
	return ""
}

// isFree leaves the port free. A program that another test starts meanwhile would hold a
// copy of the sockets until it has replaced this one.
func isFree(port string) bool {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	l, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		return false
	}
	defer func() { _ = l.Close() }()
	p, err := net.ListenPacket("udp", "127.0.0.1:"+port)
	if err != nil {
		return false
	}
	_ = p.Close()
	return true
}

// awaitAnswer asks addr until it answers, for at most ten seconds.
func awaitAnswer(t testing.TB, addr string, m *dns.Msg) {
	t.Helper()
	client := dns.Client{Timeout: 500 * time.Millisecond}
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	deadline := time.After(10 * time.Second)
	for {
		_, _, err := client.Exchange(m, addr)
		if err == nil {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("%s does not answer: %v", addr, err)
		case <-poll.C:
		}
	}
}
