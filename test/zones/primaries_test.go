package zones

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

// state is what a primary has of its zone, and gives.
type state struct {
	serial uint32
	timers string
	frozen bool // it refuses transfers
	absent bool // it does not have the zone: all of it is REFUSED
	names  int  // so many that have an address, beside www: n0, n1 and so on
}

func (s state) zoneText() string {
	text := new(strings.Builder)
	text.WriteString(lab.ZoneText(s.serial, s.timers))
	for i := range s.names {
		fmt.Fprintf(text, "n%d IN A 10.%d.%d.%d\n", i, i>>16, i>>8&255, i&255)
	}
	return text.String()
}

// primary is a server of some make that has one zone, in a file.
type primary struct {
	*lab.Daemon
	addr, zone string
	configure  func(t *testing.T, s state)
	start      func(t *testing.T) *lab.Daemon
}

// makes are the name servers that a secondary may have as its primary.
var makes = map[string]func(t *testing.T, zone string) *primary{
	"BIND": func(t *testing.T, zone string) *primary {
		b := lab.NewBIND(t, lab.FreePort(t), map[string]string{zone: ""})
		allowed := map[bool]string{true: "any", false: "none"}
		return &primary{
			addr: b.Addr,
			configure: func(t *testing.T, s state) {
				b.Replace(t, zone, s.zoneText())
				b.Configure(t, allowed[!s.frozen], allowed[!s.absent])
			},
			start: func(t *testing.T) *lab.Daemon { b.Start(t); return b.Daemon },
		}
	},
	"Knot": fromFiles("knotd", "knot", "-c knot.conf", map[string]string{"knot.conf": `server:
    listen: 127.0.0.1@$PORT
    rundir: "$DIR"
    tcp-io-timeout: 30000 # ms; the default of 500 cut transfers short on a busy machine
database:
    storage: "$DIR"
acl:
  - id: all
    action: transfer
#zone zone:
#zone  - domain: $ZONE
#zone    storage: "$DIR"
#zone    file: db
#zone    zonefile-sync: -1
#zone    journal-content: none
#zone #transfer    acl: all
`}),
	"NSD": fromFiles("nsd", "nsd", "-d -c nsd.conf", map[string]string{"nsd.conf": `server:
	ip-address: 127.0.0.1@$PORT
	server-count: 1
	username: ""
	chroot: ""
	zonesdir: "$DIR"
	database: ""
	zonelistfile: ""
	xfrdfile: ""
	xfrdir: "$DIR"
	pidfile: ""
remote-control:
	control-enable: no
#zone zone:
#zone 	name: "$ZONE"
#zone 	zonefile: "db"
#zone #transfer 	provide-xfr: 127.0.0.1 NOKEY
`}),
	"PowerDNS": fromFiles("pdns_server", "pdns-server pdns-backend-bind", "--config-dir=.", map[string]string{"pdns.conf": `launch=bind
bind-config=named.conf
local-address=127.0.0.1
local-port=$PORT
socket-dir=.
daemon=no
guardian=no
disable-syslog=yes
write-pid=no
security-poll-suffix=
allow-axfr-ips=
#transfer allow-axfr-ips=127.0.0.1
`, "named.conf": `#zone zone "$ZONE" { type master; file "db"; };
`}),
}

// fromFiles is a program of a Debian package that reads files. In these $PORT is where it listens,
// and $DIR where they are. Lines that begin with #zone are there if it has the zone, those with #transfer
// if it gives it away.
func fromFiles(program, debianPackage, args string, files map[string]string) func(t *testing.T, zone string) *primary {
	return func(t *testing.T, zone string) *primary {
		path, port, dir := lab.Tool(t, program, debianPackage), lab.FreePort(t), t.TempDir()
		return &primary{
			addr: "127.0.0.1:" + port,
			configure: func(t *testing.T, s state) {
				lab.Write(t, filepath.Join(dir, "db"), s.zoneText())
				transfer, line := "", ""
				if s.frozen {
					transfer = "# "
				}
				if s.absent {
					line = "# "
				}
				for name, text := range files {
					lab.Write(t, filepath.Join(dir, name), strings.NewReplacer("$PORT", port, "$DIR", dir, "$ZONE", zone, "#zone ", line, "#transfer ", transfer).Replace(text))
				}
			},
			start: func(t *testing.T) *lab.Daemon { return lab.StartDaemon(t, dir, path, strings.Fields(args)...) },
		}
	}
}

// startPrimary starts a primary of some make.
func startPrimary(t *testing.T, made, zone string, s state) *primary {
	t.Helper()
	p := makes[made](t, zone)
	p.zone = zone
	p.becomes(t, s)
	return p
}

// withEachMake runs a test beside a primary of each make, and a secondary of it that watches it.
func withEachMake(t *testing.T, name string, s state, test func(t *testing.T, p *primary, o onlooker)) {
	withMakes(t, slices.Sorted(maps.Keys(makes)), name, s, test)
}

func withMakes(t *testing.T, these []string, name string, s state, test func(t *testing.T, p *primary, o onlooker)) {
	t.Parallel()
	for _, made := range these {
		t.Run(made, func(t *testing.T) {
			t.Parallel()
			zone := strings.ToLower(made) + "." + name + ".example."
			p := startPrimary(t, made, zone, s)
			o := startSecondary(t, p.addr, zone)
			o.referenceIs(t, p.addr, 1)
			test(t, p, o)
		})
	}
}

// becomes starts the process anew, with the zone so, and returns when it was started. It answers then.
func (p *primary) becomes(t *testing.T, s state) time.Time {
	t.Helper()
	if p.Daemon != nil {
		p.End(syscall.SIGTERM)
	}
	p.configure(t, s)
	began := time.Now()
	p.Daemon = p.start(t)
	lab.Until(t, fmt.Sprintf("the primary is %+v", s), func() bool {
		if s.absent {
			reply, err := dns.Exchange(lab.Query(p.zone, dns.TypeSOA), p.addr)
			return err == nil && reply.Rcode == dns.RcodeRefused
		}
		has, ok := serialAt(p.addr, p.zone)
		return ok && has == s.serial
	})
	return began
}
