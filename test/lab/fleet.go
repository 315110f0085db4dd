package lab

import (
	"errors"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Fleet is servers of the binary that are each other's peers. They are on 127.0.0.1,
// 127.0.0.2 and so on, with the same ports.
type Fleet struct {
	dns, http, health, metrics string // ports
	All                        []*Peer

	mu      sync.Mutex
	daemons []*Daemon // that were ever started
}

// Peer is a member of a fleet, with a backend of its own for its canary.
type Peer struct {
	*Member
	fleet   *Fleet
	IP, dir string
	Backend *Backend
}

// NewFleet makes a fleet of n servers and starts none of them.
func NewFleet(t *testing.T, n int, options string) *Fleet {
	t.Helper()
	TakeTurn(t)
	Binary(t) // before there are ports that are free now
	f := &Fleet{dns: FreePort(t), http: FreePort(t), health: FreePort(t), metrics: FreePort(t)}
	for i := range n {
		ip := fmt.Sprintf("127.0.0.%d", i+1)
		f.All = append(f.All, &Peer{NewMember(ip+":"+f.dns, ip+":"+f.http, ip+":"+f.metrics, new(net.Dialer).DialContext), f, ip, t.TempDir(), startBackend(t)})
	}
	for _, p := range f.All {
		p.Configure(t, p.Corefile(options))
		Write(t, filepath.Join(p.dir, "db"), ExampleZone)
	}
	return f
}

// Corefile has a selfpreserve with these options and all of the fleet as peers.
func (p *Peer) Corefile(options string) string {
	peers := ""
	for _, p := range p.fleet.All {
		peers += " " + p.HTTP
	}
	return p.CorefileWith("selfpreserve " + p.HTTP + " {\n peers static" + peers + "\n " + options + "}\n")
}

// CorefileWith has these lines in the place of selfpreserve's.
func (p *Peer) CorefileWith(selfpreserve string) string {
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
`, p.fleet.dns, p.IP, selfpreserve, p.IP, p.fleet.health, p.IP, p.fleet.metrics, p.Backend.addr)
}

// Configure writes the Corefile, for the next start or reload.
func (p *Peer) Configure(t *testing.T, corefile string) {
	t.Helper()
	Write(t, filepath.Join(p.dir, "Corefile"), corefile)
}

// Dir is where the Corefile is.
func (p *Peer) Dir() string { return p.dir }

// Start starts the process.
func (p *Peer) Start(t *testing.T) {
	t.Helper()
	p.Run(t, p.dir)
	p.fleet.mu.Lock()
	defer p.fleet.mu.Unlock()
	p.fleet.daemons = append(p.fleet.daemons, p.Daemon)
}

// Exits waits until the process has ended by itself, and wants the exit code.
func (p *Peer) Exits(t *testing.T, code int) {
	t.Helper()
	Until(t, p.IP+" exits", p.Gone)
	got := 0
	if p.Err != nil {
		got = -1
	}
	if failed, ok := errors.AsType[*exec.ExitError](p.Err); ok {
		got = failed.ExitCode()
	}
	if got != code {
		t.Errorf("%s exits with %d (%v), want %d", p.IP, got, p.Err, code)
	}
}

// Forced is how many have ever left by force.
func (f *Fleet) Forced() (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, d := range f.daemons {
		n += strings.Count(d.String(), LogLeavesByForce)
	}
	return n
}
