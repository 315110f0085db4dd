package test

import (
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// daemon is a server in a process of its own, and what it has printed so far. It runs
// until the test ends, if it is not ended before.
type daemon struct {
	*os.Process
	ended chan struct{} // closed when the process has been waited for
	err   error         // how it ended

	mu  sync.Mutex
	out strings.Builder
}

func startDaemon(t testing.TB, dir, program string, args ...string) *daemon {
	t.Helper()
	d := &daemon{ended: make(chan struct{})}
	cmd := exec.Command(program, args...) // #nosec G204 -- the test's own
	cmd.Dir = dir
	cmd.Stdout, cmd.Stderr = d, d
	cmd.WaitDelay = patience // for children that keep the output open
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	d.Process = cmd.Process
	go func() {
		d.err = cmd.Wait()
		close(d.ended)
	}()
	t.Cleanup(func() {
		d.end(syscall.SIGTERM)
		if t.Failed() {
			t.Logf("%s:\n%s", program, d)
		}
	})
	return d
}

// runBinary starts the binary in dir until the test ends. At the end it gets SIGTERM
// and must exit without an error.
func runBinary(t testing.TB, dir string, args ...string) *daemon {
	t.Helper()
	d := startDaemon(t, dir, binary(t), args...)
	t.Cleanup(func() {
		d.end(syscall.SIGTERM)
		if d.err != nil {
			t.Errorf("the binary ended with %v", d.err)
		}
	})
	return d
}

// end ends the process by a signal, or by SIGKILL if that takes too long.
func (d *daemon) end(by syscall.Signal) {
	_ = d.Signal(by)
	_ = d.Signal(syscall.SIGCONT) // it may have been stopped
	stuck := time.AfterFunc(2*patience, func() { _ = d.Kill() })
	defer stuck.Stop()
	<-d.ended
}

func (d *daemon) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.out.Write(p)
}

func (d *daemon) String() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.out.String()
}
