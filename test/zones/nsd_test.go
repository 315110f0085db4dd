package zones

import (
	"fmt"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/test/lab"
	"github.com/holdfastdns/holdfast/test/lab/embedded"
)

// nsd is an NSD that serves a zone.
type nsd struct {
	*lab.Daemon
	dir, addr, zone string
}

func startNSD(t *testing.T, zone string, serial uint32) *nsd {
	t.Helper()
	port := lab.FreePort(t)
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
	lab.Write(t, filepath.Join(n.dir, "nsd.conf"), conf)
	n.write(t, serial)
	n.run(t, serial)
	return n
}

func (n *nsd) write(t *testing.T, serial uint32) {
	t.Helper()
	lab.Write(t, filepath.Join(n.dir, "db"), lab.ZoneText(serial, lab.Lazy))
}

// run starts the process, and returns when it answers with the serial.
func (n *nsd) run(t *testing.T, serial uint32) {
	t.Helper()
	n.Daemon = lab.StartDaemon(t, n.dir, lab.Tool(t, "nsd", "nsd"), "-d", "-c", filepath.Join(n.dir, "nsd.conf"))
	n.answers(t, serial)
}

func (n *nsd) answers(t *testing.T, serial uint32) {
	t.Helper()
	lab.Until(t, fmt.Sprintf("NSD has serial %d", serial), func() bool {
		has, ok := serialAt(n.addr, n.zone)
		return ok && has == serial
	})
}

// serve makes the running process serve another serial.
func (n *nsd) serve(t *testing.T, serial uint32) {
	t.Helper()
	n.write(t, serial)
	n.SendSignal(t, syscall.SIGHUP)
	n.answers(t, serial)
}

func TestOneOfTwoPrimariesThatIsAheadCounts(t *testing.T) {
	t.Parallel()
	const zone = "ahead.example."
	b := startBIND(t, lab.FreePort(t), map[string]string{zone: lab.ZoneText(1, lab.Eager)})
	n := startNSD(t, zone, 1)
	o := startWithTwoPrimaries(t, zone, b, n)

	fault := time.Now()
	n.serve(t, 2)
	flagged := o.flagged(t, fault, maxAge, "%s behind, serial 1 < 2")

	// The primary that still answers has what we have: that takes nothing back.
	n.End(syscall.SIGTERM)
	o.referenceIs(t, n.addr, 0)
	o.referenceIs(t, b.Addr, 1)
	o.stays(t, faultShows, flagged)

	n.write(t, 1)
	n.run(t, 1)
	o.unflagged(t, time.Now())
}

func TestOneOfTwoPrimariesThatIsBehindUsIsNoReset(t *testing.T) {
	t.Parallel()
	const zone = "lagging.example."
	b := startBIND(t, lab.FreePort(t), map[string]string{zone: lab.ZoneText(2, lab.Eager)})
	n := startNSD(t, zone, 1)
	o := startWithTwoPrimaries(t, zone, b, n)
	o.stays(t, faultShows, plain)
	o.expectStatus(t, "fresh")

	// What the other said last still stands.
	b.End(syscall.SIGTERM)
	o.referenceIs(t, b.Addr, 0)
	o.stays(t, faultShows, plain)

	// Back with the serial of the one that was behind, the two agree: we are above both.
	b.Replace(t, zone, lab.ZoneText(1, lab.Eager))
	fault := time.Now()
	b.run(t)
	o.flagged(t, fault, maxAge, "above the primary for %s, serial 2 > 1")
}

// startWithTwoPrimaries runs a secondary that transfers from BIND and watches both.
func startWithTwoPrimaries(t *testing.T, zone string, b *bind, n *nsd) onlooker {
	t.Helper()
	s := embedded.Start(t, zone+":0 {\n bind 127.0.0.1\n"+stanza(maxAge, "primary "+b.Addr+" "+n.addr)+
		"secondary {\n transfer from "+b.Addr+"\n}\n}", nil)
	o := onlooker{addr: s.UDP, zone: zone}
	lab.Until(t, "the first transfer", func() bool { _, ok := serialAt(o.addr, zone); return ok })
	o.referenceIs(t, b.Addr, 1)
	o.referenceIs(t, n.addr, 1)
	return o
}
