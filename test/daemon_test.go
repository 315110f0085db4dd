package test

import (
	"flag"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// Tests with servers of other makes wait for zones to grow old, and do little else: by
// default only as many would run at once as there are processors.
func init() {
	testing.Init()
	if err := flag.Set("test.parallel", "32"); err != nil {
		panic(err)
	}
}

// turns are those of tests that run several servers and load them. More at once would
// make the others late, which assert when an old zone is seen.
var turns = make(chan struct{}, 6)

// takeTurn waits for one of the turns, till the end of the test. A test takes one.
func takeTurn(t *testing.T) {
	t.Helper()
	turns <- struct{}{}
	t.Cleanup(func() { <-turns })
}

// daemon is a server in a process of its own. It runs until the test ends, if it is not
// ended before.
type daemon struct {
	running
	ended chan struct{} // closed when the process has been waited for
	err   error         // how it ended
}

func startDaemon(t *testing.T, dir, program string, args ...string) *daemon {
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

// end ends the process by a signal, or by SIGKILL if that takes too long.
func (d *daemon) end(by syscall.Signal) {
	_ = d.Signal(by)
	_ = d.Signal(syscall.SIGCONT) // it may have been stopped
	stuck := time.AfterFunc(patience, func() { _ = d.Kill() })
	defer stuck.Stop()
	<-d.ended
}

// until polls until ok is true, which guards against hanging and measures nothing.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	const limit = 30 * time.Second
	deadline := time.After(limit)
	for !ok() {
		select {
		case <-deadline:
			t.Fatalf("%s: not within %s", what, limit)
		case <-poll.C:
		}
	}
}
