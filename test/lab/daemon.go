package lab

import (
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Daemon is a server in a process of its own, and what it has printed so far. It runs
// until the test ends, if it is not ended before.
type Daemon struct {
	*os.Process
	Ended chan struct{} // closed when the process has been waited for
	Err   error         // how it ended

	mu  sync.Mutex
	out strings.Builder
}

// StartDaemon starts a program in dir.
func StartDaemon(t testing.TB, dir, program string, args ...string) *Daemon {
	t.Helper()
	d := &Daemon{Ended: make(chan struct{})}
	cmd := exec.Command(program, args...) // #nosec G204 -- the test's own
	cmd.Dir = dir
	cmd.Stdout, cmd.Stderr = d, d
	cmd.WaitDelay = Patience // for children that keep the output open
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	d.Process = cmd.Process
	go func() {
		d.Err = cmd.Wait()
		close(d.Ended)
	}()
	t.Cleanup(func() {
		d.End(syscall.SIGTERM)
		if t.Failed() {
			t.Logf("%s:\n%s", program, d)
		}
	})
	return d
}

// StartBinary starts the binary in dir until the test ends. At the end it gets SIGTERM
// and must exit without an error.
func StartBinary(t testing.TB, dir string, args ...string) *Daemon {
	t.Helper()
	d := StartDaemon(t, dir, Binary(t), args...)
	t.Cleanup(func() {
		d.End(syscall.SIGTERM)
		if d.Err != nil {
			t.Errorf("the binary ended with %v", d.Err)
		}
	})
	return d
}

// SendSignal sends the process a signal.
func (d *Daemon) SendSignal(t testing.TB, s syscall.Signal) {
	t.Helper()
	if err := d.Signal(s); err != nil {
		t.Fatalf("%s: %v", s, err)
	}
}

// Reload sends CoreDNS SIGUSR1 and waits until the log has outcome once more. Go drops this
// signal in a process whose trap, a goroutine of its own, has not run yet, which also one that
// answers may be.
func (d *Daemon) Reload(t testing.TB, outcome string) {
	t.Helper()
	const hears = "SIGUSR1: Reloading"
	count := func(text string) int { return strings.Count(d.String(), text) }
	before, heard := count(outcome), count(hears)
	again := time.NewTicker(time.Second)
	defer again.Stop()
	d.SendSignal(t, syscall.SIGUSR1)
	Until(t, "the log says "+outcome, func() bool {
		select {
		case <-again.C:
			if count(hears) == heard {
				t.Log("it did not hear SIGUSR1")
				d.SendSignal(t, syscall.SIGUSR1)
			}
		default:
		}
		return count(outcome) > before
	})
}

// Terminate sends SIGTERM.
func (d *Daemon) Terminate(t testing.TB) { d.SendSignal(t, syscall.SIGTERM) }

// End ends the process by a signal, or by SIGKILL if that takes too long.
func (d *Daemon) End(by syscall.Signal) {
	_ = d.Signal(by)
	_ = d.Signal(syscall.SIGCONT) // it may have been stopped
	stuck := time.AfterFunc(2*Patience, func() { _ = d.Kill() })
	defer stuck.Stop()
	<-d.Ended
}

func (d *Daemon) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.out.Write(p)
}

// String is what the process has printed so far.
func (d *Daemon) String() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.out.String()
}
