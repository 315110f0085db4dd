package zones

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
	"github.com/holdfastdns/holdfast/test/lab/embedded"
)

// Secondaries of other makes take the zone by AXFR, and once they have it by IXFR, as it is in the
// file, while every answer to a client is raised and marked: so are those that tell them the serial.
func TestSecondariesOfOursHaveTheZoneAsItIs(t *testing.T) {
	t.Parallel()
	const zone = "varied.example."
	drill, dir := lab.Tool(t, "drill", "ldnsutils"), t.TempDir()
	file := filepath.Join(dir, "db")
	lab.Write(t, file, variedZone)
	s := embedded.Start(t, zone+":0 {\n bind 127.0.0.1\n ttlfloor 30s {\n spread 10% 50%\n }\n stalecheck {\n serial unixtime\n }\n"+
		" tap $TAP\n transfer {\n to *\n }\n file "+file+" {\n reload 1s\n }\n}", nil)
	ours := onlooker{addr: s.UDP, zone: zone}
	lab.Until(t, "answers are marked and raised", func() bool {
		sight := ours.ask("www." + zone)
		return sight.reply != nil && len(sight.errors) == 1 && sight.errors[0].InfoCode == dns.ExtendedErrorCodeStaleAnswer && sight.reply.Answer[0].Header().Ttl >= 30
	})

	followers := make(map[string]onlooker)
	has := func(serial uint32, want string) {
		t.Helper()
		for made, o := range followers {
			lab.Until(t, fmt.Sprintf("%s has serial %d", made, serial), func() bool { got, ok := serialAt(o.addr, zone); return ok && got == serial })
			host, port, _ := strings.Cut(o.addr, ":")
			got := recordsOf(t, lab.Command(t, dir, drill, "-p", port, "@"+host, zone, "AXFR"))
			if want := recordsOf(t, want); !slices.Equal(got, want) {
				t.Errorf("%s has\n%s\nwant\n%s", made, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
	}
	for made, start := range secondaries {
		followers[made] = onlooker{addr: start(t, zone, s.TCP), zone: zone}
	}
	has(1, variedZone)

	moved := lab.Replaced(t, variedZone, "hostmaster 1 ", "hostmaster 2 ", "www     0 IN A     10.0.0.2", "www     0 IN A     10.0.0.9", "mail 3600", "mail 1", "alias ", "other ")
	lab.Write(t, file, moved)
	lab.Until(t, "ours has serial 2", func() bool { got, ok := serialAt(s.UDP, zone); return ok && got == 2 })
	for _, o := range followers {
		o.notify(t, zone)
	}
	has(2, moved)
	for _, qtype := range []uint16{dns.TypeAXFR, dns.TypeIXFR} {
		if s.Tap.Answer(lab.Query(zone, qtype)) == nil {
			t.Errorf("nobody has asked for %s", dns.TypeToString[qtype])
		}
	}
}

// secondaries start one of each make, which follows the server at an address as soon as a zone's
// timers or a NOTIFY say.
var secondaries = map[string]func(t *testing.T, zone, source string) (address string){
	"BIND": startSecondaryBIND,
	"Knot": secondaryFromFiles("knotd", "knot", "-c knot.conf", map[string]string{"knot.conf": `server:
    listen: 127.0.0.1@$PORT
    rundir: "$DIR"
database:
    storage: "$DIR"
remote:
  - id: source
    address: 127.0.0.1@$SOURCE
acl:
  - id: all
    action: [transfer, notify]
zone:
  - domain: $ZONE
    master: source
    acl: all
    storage: "$DIR"
    refresh-min-interval: 2
    retry-min-interval: 2
`}),
	"NSD": secondaryFromFiles("nsd", "nsd", "-d -c nsd.conf", map[string]string{"nsd.conf": `server:
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
zone:
	name: "$ZONE"
	zonefile: "copy"
	allow-notify: 127.0.0.1 NOKEY
	request-xfr: 127.0.0.1@$SOURCE NOKEY
	provide-xfr: 127.0.0.1 NOKEY
`}),
	"PowerDNS": secondaryFromFiles("pdns_server", "pdns-server pdns-backend-bind", "--config-dir=.", map[string]string{"pdns.conf": `launch=bind
bind-config=named.conf
local-address=127.0.0.1
local-port=$PORT
socket-dir=.
daemon=no
guardian=no
disable-syslog=yes
write-pid=no
security-poll-suffix=
cache-ttl=0
negquery-cache-ttl=0
query-cache-ttl=0
secondary=yes
xfr-cycle-interval=1
`, "named.conf": `zone "$ZONE" { type slave; file "copy"; masters { 127.0.0.1:$SOURCE; }; };
`, "copy": ""}),
}

func startSecondaryBIND(t *testing.T, zone, source string) string {
	t.Helper()
	b := lab.NewBIND(t, lab.FreePort(t), map[string]string{zone: ""})
	b.Follow(t, source)
	b.Start(t)
	return b.Addr
}

// secondaryFromFiles is a program of a Debian package that reads files. In these $SOURCE is the port of
// what it follows.
func secondaryFromFiles(program, debianPackage, args string, files map[string]string) func(t *testing.T, zone, source string) string {
	return func(t *testing.T, zone, source string) string {
		t.Helper()
		path, port, dir := lab.Tool(t, program, debianPackage), lab.FreePort(t), t.TempDir()
		for name, text := range files {
			lab.Write(t, filepath.Join(dir, name), strings.NewReplacer("$PORT", port, "$DIR", dir, "$ZONE", zone, "$SOURCE", strings.TrimPrefix(source, "127.0.0.1:")).Replace(text))
		}
		lab.StartDaemon(t, dir, path, strings.Fields(args)...)
		return "127.0.0.1:" + port
	}
}
