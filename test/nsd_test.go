package test

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// nsd is an NSD that serves a zone.
type nsd struct {
	*daemon
	dir, addr, zone string
}

func startNSD(t *testing.T, zone string, serial uint32) *nsd {
	t.Helper()
	port := freePort(t)
	n := &nsd{dir: t.TempDir(), addr: "127.0.0.1:" + port, zone: zone}
	conf := fmt.Sprintf(`server:
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
	name: %q
	zonefile: "db"
`, port, n.dir, zone)
	if err := os.WriteFile(filepath.Join(n.dir, "nsd.conf"), []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	n.write(t, serial)
	n.run(t, serial)
	return n
}

func (n *nsd) write(t *testing.T, serial uint32) {
	t.Helper()
	file := filepath.Join(n.dir, "db")
	if err := os.WriteFile(file+".new", []byte(zoneText(serial, lazy)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
}

// run starts the process, and returns when it answers with the serial.
func (n *nsd) run(t *testing.T, serial uint32) {
	t.Helper()
	n.daemon = startDaemon(t, n.dir, tool(t, "nsd", "nsd"), "-d", "-c", filepath.Join(n.dir, "nsd.conf"))
	n.answers(t, serial)
}

func (n *nsd) answers(t *testing.T, serial uint32) {
	t.Helper()
	until(t, fmt.Sprintf("NSD has serial %d", serial), func() bool {
		has, ok := serialAt(n.addr, n.zone)
		return ok && has == serial
	})
}

// serve makes the running process serve another serial.
func (n *nsd) serve(t *testing.T, serial uint32) {
	t.Helper()
	n.write(t, serial)
	if err := n.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	n.answers(t, serial)
}

func TestOneOfTwoPrimariesThatIsAheadCounts(t *testing.T) {
	t.Parallel()
	const zone = "ahead.example."
	b := startBIND(t, freePort(t), map[string]string{zone: zoneText(1, eager)})
	n := startNSD(t, zone, 1)
	o := startWithTwoPrimaries(t, zone, b, n)

	fault := time.Now()
	n.serve(t, 2)
	flagged := o.flagged(t, fault, maxAge, "%s behind, serial 1 < 2")

	// The primary that still answers has what we have: that takes nothing back.
	n.end(syscall.SIGTERM)
	o.referenceIs(t, n.addr, 0)
	o.referenceIs(t, b.addr, 1)
	o.stays(t, faultShows, flagged)

	n.write(t, 1)
	n.run(t, 1)
	o.unflagged(t, time.Now())
}

func TestOneOfTwoPrimariesThatIsBehindUsIsNoReset(t *testing.T) {
	t.Parallel()
	const zone = "lagging.example."
	b := startBIND(t, freePort(t), map[string]string{zone: zoneText(2, eager)})
	n := startNSD(t, zone, 1)
	o := startWithTwoPrimaries(t, zone, b, n)
	o.stays(t, faultShows, plain)
	o.expectStatus(t, "fresh")

	// What the other said last still stands.
	b.end(syscall.SIGTERM)
	o.referenceIs(t, b.addr, 0)
	o.stays(t, faultShows, plain)

	// Back with the serial of the one that was behind, the two agree: we are above both.
	b.replace(t, zone, zoneText(1, eager))
	fault := time.Now()
	b.run(t)
	o.flagged(t, fault, maxAge, "above the primary for %s, serial 2 > 1")
}

// startWithTwoPrimaries runs a secondary that transfers from BIND and watches both.
func startWithTwoPrimaries(t *testing.T, zone string, b *bind, n *nsd) onlooker {
	t.Helper()
	s := start(t, zone+":0 {\n bind 127.0.0.1\n"+stanza(maxAge, "primary "+b.addr+" "+n.addr)+
		"secondary {\n transfer from "+b.addr+"\n}\n}", nil)
	o := onlooker{addr: s.udp, zone: zone}
	until(t, "the first transfer", func() bool { _, ok := serialAt(o.addr, zone); return ok })
	o.referenceIs(t, b.addr, 1)
	o.referenceIs(t, n.addr, 1)
	return o
}
