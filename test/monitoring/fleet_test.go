// Package monitoring shows the alerts and the dashboard of build/monitoring on a real Prometheus
// that scrapes real servers, and that a cluster takes the objects.
package monitoring

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

const zone = "example.org."

// fleet is three secondaries of a BIND, with an upstream for all other names, clients that ask
// them, somebody who writes the heartbeat, and a vantage point.
type fleet struct {
	*lab.Watch
	servers  []*lab.Member
	dirs     []string // of each server's Corefile
	primary  *lab.BIND
	upstream *lab.Upstream
	key      string // file
	writer   *lab.Daemon
}

// corefile has everything that the dashboard shows.
const corefile = `.:DNS {
    bind IP
    errors
    prometheus METRICS
    health IP:HEALTH {
        lameduck 5s
    }
    reload 2s 1s
    selfpreserve HTTP {
        peers static PEERS
        promise 3s
        interval 1s
        max_hold 12s
        control
        canary www.example.org
        canary canary.test
    }
    ttlfloor 5s
    stalecheck example.org {
        primary PRIMARY
        heartbeat heartbeat.example.org
        max_age 8s
        interval 1s
    }
    cache 30 {
        disable success example.org canary.test
        disable denial example.org canary.test
    }
    secondary example.org {
        transfer from PRIMARY
    }
    forward . UPSTREAM
}
`

func startFleet(t *testing.T) *fleet {
	t.Helper()
	lab.Binary(t) // before there are ports that are free now
	lab.Holdfast(t)
	f := &fleet{upstream: lab.StartUpstream(t), key: filepath.Join(t.TempDir(), "key")}
	lab.Write(t, f.key, "hmac-sha256:"+lab.TSIGKey+":"+lab.TSIGSecret)
	// An EXPIRE of less than a day, so that a lost primary is soon a matter of hours.
	f.primary = lab.NewBIND(t, lab.FreePort(t), map[string]string{zone: lab.ZoneText(1, "1 1 80000") + "heartbeat 0 TXT 0\nvantage 0 TXT 0\n"})
	f.primary.Start(t)
	lab.AwaitAnswer(t, f.primary.Addr, lab.Query(zone, dns.TypeSOA))
	f.write(t)

	port, http, health, metrics := lab.FreePort(t), lab.FreePort(t), lab.FreePort(t), lab.FreePort(t)
	ips := []string{"127.0.0.1", "127.0.0.2", "127.0.0.3"}
	for _, ip := range ips {
		m := lab.NewMember(ip+":"+port, ip+":"+http, ip+":"+metrics, new(net.Dialer).DialContext)
		dir := t.TempDir()
		lab.Write(t, filepath.Join(dir, "Corefile"), lab.Replaced(t, corefile, ":DNS", ":"+port, "IP:HEALTH", ip+":"+health, "METRICS", m.Metrics, "HTTP", m.HTTP,
			"PEERS", strings.Join(ips, ":"+http+" ")+":"+http, "PRIMARY", f.primary.Addr, "UPSTREAM", f.upstream.Addr, "bind IP", "bind "+ip))
		f.servers, f.dirs = append(f.servers, m), append(f.dirs, dir)
		m.Run(t, dir)
	}
	for _, m := range f.servers {
		m.AwaitPeers(t, len(ips)-1)
	}
	f.ask(t)
	f.Watch = lab.NewWatch(lab.StartPrometheus(t, lab.Here()))
	for _, m := range f.servers {
		f.Add(t, m.Metrics)
	}
	f.Add(t, f.vantage(t))
	return f
}

// write starts a writer of the heartbeat.
func (f *fleet) write(t *testing.T) {
	t.Helper()
	f.writer = lab.StartDaemon(t, t.TempDir(), lab.Holdfast(t), "heartbeat", "heartbeat."+zone, "--interval", "1s", "--primary", f.primary.Addr, "--tsig-file", f.key)
}

// vantage starts a probe from outside that writes a heartbeat of its own, and returns where its
// metrics are.
func (f *fleet) vantage(t *testing.T) string {
	t.Helper()
	metrics := "127.0.0.1:" + lab.FreePort(t)
	lab.StartDaemon(t, t.TempDir(), lab.Holdfast(t), "probe", "vantage."+zone, f.primary.Addr, "--write", "--interval", "1s", "--timeout", "1s",
		"--primary", f.primary.Addr, "--tsig-file", f.key, "--listen", metrics)
	return metrics
}

// ask lets clients ask each server until the test ends: for names of the zone, one of which has
// TTL 0, for one that is in the cache, and for one that never is.
func (f *fleet) ask(t *testing.T) {
	t.Helper()
	ctx, end := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() {
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for n := 0; ctx.Err() == nil; n++ {
			<-tick.C
			name, qtype := []string{"www." + zone, "heartbeat." + zone, "cached.test.", fmt.Sprintf("n%d.test.", n)}[n%4], dns.TypeA
			if n%4 == 1 {
				qtype = dns.TypeTXT
			}
			server := f.servers[n%len(f.servers)].DNS
			all.Go(func() {
				client := dns.Client{Timeout: 3 * time.Second}
				_, _, _ = client.Exchange(lab.QueryWithOPT(name, qtype, 1232), server) // some are lost when servers go
			})
		}
	})
	t.Cleanup(func() { end(); all.Wait() })
}

// The primary is gone, and comes back with what it had.
func (f *fleet) losePrimary()             { f.primary.End(syscall.SIGTERM) }
func (f *fleet) findPrimary(t *testing.T) { t.Helper(); f.primary.Start(t) }

// fit waits until the servers are fit and in service.
func (f *fleet) fit(t *testing.T) {
	t.Helper()
	for _, m := range f.servers {
		lab.Eventually(t, time.Minute, func() string {
			if told := m.Ready(); told != "200 OK" {
				return m.HTTP + " says " + told
			}
			return ""
		})
	}
}
