package main

import (
	"fmt"
	"net"
	"path/filepath"
	"testing"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

// secondary is a server that transfers example.org from a primary, from an address of its own
// or with a key: so a primary can refuse one and not the others.
type secondary struct {
	kind    string
	address string
	refusal string // of this one alone, as begin of BIND's access list
}

// startSecondaries runs one of each kind. They look for a change every second or two, CoreDNS
// within three.
func startSecondaries(t *testing.T, primary string) (all []secondary) {
	t.Helper()
	_, primaryPort, err := net.SplitHostPort(primary)
	if err != nil {
		t.Fatal(err)
	}
	key := fmt.Sprintf("key %q", lab.TSIGKey)
	for _, kind := range []struct {
		name    string
		start   func(t *testing.T, dir, port, primaryPort string)
		refusal string
	}{{"CoreDNS", coreDNSSecondary, key + "; !127.0.0.1"}, {"BIND", bindSecondary, "!" + key}, {"NSD", nsdSecondary, "!" + nsdFrom}, {"Knot", knotSecondary, "!" + knotFrom}} {
		port := lab.FreePort(t)
		kind.start(t, t.TempDir(), port, primaryPort)
		all = append(all, secondary{kind.name, "127.0.0.1:" + port, kind.refusal})
	}
	for _, s := range all {
		lab.Until(t, s.kind+" has transferred the zone", func() bool {
			reply, err := dns.Exchange(lab.Query("example.org.", dns.TypeSOA), s.address)
			return err == nil && len(reply.Answer) == 1
		})
	}
	return all
}

// BIND has no such address: when it is refused it tries another.
const nsdFrom, knotFrom = "127.0.0.3", "127.0.0.4"

// coreDNSSecondary transfers from 127.0.0.1: CoreDNS cannot choose.
func coreDNSSecondary(t *testing.T, dir, port, primaryPort string) {
	lab.Write(t, filepath.Join(dir, "Corefile"), fmt.Sprintf("example.org:%s {\n bind 127.0.0.1\n secondary {\n transfer from 127.0.0.1:%s\n }\n}\n", port, primaryPort))
	lab.StartBinary(t, dir, "-conf", filepath.Join(dir, "Corefile"))
}

func bindSecondary(t *testing.T, dir, port, primaryPort string) {
	lab.Write(t, filepath.Join(dir, "named.conf"), fmt.Sprintf(`key %q { algorithm hmac-sha256; secret %q; };
server 127.0.0.1 { keys { %[1]q; }; };
controls { };
options {
	directory %[3]q;
	listen-on port %[4]s { 127.0.0.1; };
	listen-on-v6 { none; };
	pid-file none;
	session-keyfile none;
	recursion no;
	dnssec-validation no;
	notify no;
	min-refresh-time 1;
	min-retry-time 1;
};
zone "example.org" { type secondary; file "example.org"; primaries { 127.0.0.1 port %[5]s; }; };
`, lab.TSIGKey, lab.TSIGSecret, dir, port, primaryPort))
	lab.Command(t, dir, "cp", lab.Tool(t, "named", "bind9"), "named") // see lab.NewBIND
	lab.StartDaemon(t, dir, filepath.Join(dir, "named"), "-g", "-n", "1", "-c", "named.conf")
}

func nsdSecondary(t *testing.T, dir, port, primaryPort string) {
	conf := filepath.Join(dir, "nsd.conf")
	lab.Write(t, conf, fmt.Sprintf(`server:
	ip-address: 127.0.0.1@%s
	server-count: 1
	username: ""
	chroot: ""
	zonesdir: %q
	database: ""
	zonelistfile: ""
	xfrdfile: ""
	xfrdir: %[2]q
	pidfile: ""
remote-control:
	control-enable: no
zone:
	name: "example.org"
	zonefile: "db"
	request-xfr: AXFR 127.0.0.1@%[3]s NOKEY
	outgoing-interface: %[4]s
	min-refresh-time: 1
	min-retry-time: 1
`, port, dir, primaryPort, nsdFrom))
	lab.StartDaemon(t, dir, lab.Tool(t, "nsd", "nsd"), "-d", "-c", conf)
}

func knotSecondary(t *testing.T, dir, port, primaryPort string) {
	conf := filepath.Join(dir, "knot.conf")
	lab.Write(t, conf, fmt.Sprintf(`server:
    rundir: %q
    listen: 127.0.0.1@%s
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: %[1]q
log:
  - target: stderr
    any: info
remote:
  - id: primary
    address: 127.0.0.1@%[3]s
    via: %[4]s
zone:
  - domain: example.org
    storage: %[1]q
    file: db
    master: primary # which it asks every 2 s at most often
`, dir, port, primaryPort, knotFrom))
	lab.StartDaemon(t, dir, lab.Tool(t, "knotd", "knot"), "-c", conf)
}
