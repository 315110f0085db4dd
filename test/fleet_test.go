package test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
	"testing"
	"time"
)

// fleet is servers of the binary that are each other's peers. They are on 127.0.0.1,
// 127.0.0.2 and so on, with the same ports.
type fleet struct {
	dns, http, health, metrics string // ports
	all                        []*peer

	mu      sync.Mutex
	daemons []*daemon // that were ever started
}

// peer is a member of a fleet, with a backend of its own for its canary.
type peer struct {
	*member
	fleet   *fleet
	ip, dir string
	backend *backend
}

// hasty are options that are as short as a busy machine allows.
const hasty = "promise 2s\n interval 500ms\n max_hold 10s\n canary canary.test\n"

// newFleet makes a fleet of n servers and starts none of them.
func newFleet(t *testing.T, n int, options string) *fleet {
	t.Helper()
	takeTurn(t)
	binary(t) // before there are ports that are free now
	f := &fleet{dns: freePort(t), http: freePort(t), health: freePort(t), metrics: freePort(t)}
	for i := range n {
		ip := fmt.Sprintf("127.0.0.%d", i+1)
		f.all = append(f.all, &peer{newMember(ip+":"+f.dns, ip+":"+f.http, new(net.Dialer).DialContext), f, ip, t.TempDir(), startBackend(t)})
	}
	for _, p := range f.all {
		p.configure(t, p.corefile(options))
		if err := os.WriteFile(filepath.Join(p.dir, "db"), []byte(oldZone), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

// runFleet starts n servers and waits until all are in service.
func runFleet(t *testing.T, n int, options string) *fleet {
	t.Helper()
	f := newFleet(t, n, options)
	for _, p := range f.all {
		p.start(t)
	}
	for _, p := range f.all {
		p.await(t, "200 OK")
	}
	return f
}

// runMatureFleet also waits until nobody is within a promise's lifetime of its start,
// when it may not leave.
func runMatureFleet(t *testing.T, n int, options string) *fleet {
	t.Helper()
	f := runFleet(t, n, options)
	promise, err := time.ParseDuration(regexp.MustCompile(`promise (\S+)`).FindStringSubmatch(options)[1])
	if err != nil {
		t.Fatal(err)
	}
	<-time.After(promise)
	return f
}

// corefile has a selfpreserve with these options and all of the fleet as peers.
func (p *peer) corefile(options string) string {
	peers := ""
	for _, p := range p.fleet.all {
		peers += " " + p.http
	}
	return p.corefileWith("selfpreserve " + p.http + " {\n peers static" + peers + "\n " + options + "}\n")
}

func (p *peer) corefileWith(selfpreserve string) string {
	return fmt.Sprintf(`.:%s {
 bind %s
 errors
 %s
 health %s:%s {
  lameduck 1s
 }
 prometheus %s:%s
 file db example.org
 forward canary.test %s {
  max_fails 0
 }
}
`, p.fleet.dns, p.ip, selfpreserve, p.ip, p.fleet.health, p.ip, p.fleet.metrics, p.backend.addr)
}

func (p *peer) configure(t *testing.T, corefile string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(p.dir, "Corefile"), []byte(corefile), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (p *peer) start(t *testing.T) {
	t.Helper()
	p.run(t, p.dir)
	p.fleet.mu.Lock()
	defer p.fleet.mu.Unlock()
	p.fleet.daemons = append(p.fleet.daemons, p.daemon)
}

// reload sends SIGUSR1 and waits until the log says this once more. A process that has
// just started may not hear a signal yet.
func (p *peer) reload(t *testing.T, corefile, outcome string) {
	t.Helper()
	p.configure(t, corefile)
	before, heard := len(p.said(outcome)), len(p.said("SIGUSR1: Reloading"))
	again := time.NewTicker(time.Second)
	defer again.Stop()
	p.signal(t, syscall.SIGUSR1)
	until(t, p.ip+" logs "+outcome, func() bool {
		select {
		case <-again.C:
			if len(p.said("SIGUSR1: Reloading")) == heard {
				t.Logf("%s did not hear SIGUSR1", p.ip)
				p.signal(t, syscall.SIGUSR1)
			}
		default:
		}
		return len(p.said(outcome)) > before
	})
}

const reloaded = "Reloading complete"

// signal sends a signal to all, as much at one instant as can be.
func (f *fleet) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	for _, p := range f.all {
		p.signal(t, s)
	}
}

func (p *peer) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := p.Signal(s); err != nil {
		t.Fatalf("%s of %s: %v", s, p.ip, err)
	}
}

// exits waits until the process has ended by itself, and wants the exit code.
func (p *peer) exits(t *testing.T, code int) {
	t.Helper()
	until(t, p.ip+" exits", p.gone)
	got := 0
	if p.err != nil {
		got = -1
	}
	if failed, ok := errors.AsType[*exec.ExitError](p.err); ok {
		got = failed.ExitCode()
	}
	if got != code {
		t.Errorf("%s exits with %d (%v), want %d", p.ip, got, p.err, code)
	}
}

// await waits until /ready says what matches the pattern.
func (p *peer) await(t *testing.T, pattern string) {
	t.Helper()
	want := regexp.MustCompile("^(?:" + pattern + ")$")
	eventually(t, 3*patience, func() string {
		if p.gone() {
			t.Fatalf("%s has ended: %v", p.ip, p.err)
		}
		if told := p.ready(); !want.MatchString(told) {
			return fmt.Sprintf("/ready of %s is %q, want %q", p.ip, told, pattern)
		}
		return ""
	})
}
