package test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/miekg/dns"
)

// bind is a BIND 9 that is the primary of zones. Who has the key may update them.
type bind struct {
	*daemon
	dir, port string
	addr      string
	zones     []string
}

// startBIND runs BIND at a port of 127.0.0.1 with zones, by name, and the text of their
// files. Everybody may ask for them and transfer them.
func startBIND(t *testing.T, port string, zones map[string]string) *bind {
	t.Helper()
	b := newBIND(t, port, zones)
	b.run(t)
	return b
}

// newBIND is a BIND that does not run yet.
func newBIND(t *testing.T, port string, zones map[string]string) *bind {
	t.Helper()
	b := &bind{dir: t.TempDir(), port: port, addr: "127.0.0.1:" + port}
	// AppArmor's profile in Debian, which goes by the path, lets named read no other
	// configuration than the system's. It is cp that copies: had this process the file
	// open, it could not be run while any other test starts a program (golang/go#22315).
	command(t, b.dir, "cp", tool(t, "named", "bind9"), "named")
	for name, text := range zones {
		b.zones = append(b.zones, name)
		b.replace(t, name, text)
	}
	b.write(t, "any", "any")
	return b
}

// replace gives a zone another file, for the next run, and forgets all updates.
func (b *bind) replace(t *testing.T, zone, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, zone), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(b.dir, zone+".jnl")); err != nil {
		t.Fatal(err)
	}
}

// write writes the configuration, with who may transfer and query: any or none.
func (b *bind) write(t *testing.T, transfer, query string) {
	t.Helper()
	conf := new(strings.Builder)
	fmt.Fprintf(conf, `key %q { algorithm hmac-sha256; secret %q; };
controls { };
options {
	directory %q;
	listen-on port %s { 127.0.0.1; };
	listen-on-v6 { none; };
	pid-file none;
	session-keyfile none;
	recursion no;
	dnssec-validation no;
	notify no;
	allow-transfer { %s; };
	allow-query { %s; };
};
`, tsigKey, tsigSecret, b.dir, b.port, transfer, query)
	for _, zone := range b.zones {
		fmt.Fprintf(conf, "zone %q { type primary; file %q; allow-update { key %q; }; };\n", zone, zone, tsigKey)
	}
	if err := os.WriteFile(filepath.Join(b.dir, "named.conf"), []byte(conf.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

// run starts the process, and returns when it answers for all zones.
func (b *bind) run(t *testing.T) {
	t.Helper()
	b.start(t)
	for _, zone := range b.zones {
		until(t, "BIND answers for "+zone, func() bool { _, ok := serialAt(b.addr, zone); return ok })
	}
}

// start starts the process.
func (b *bind) start(t *testing.T) {
	t.Helper()
	b.daemon = startDaemon(t, b.dir, filepath.Join(b.dir, "named"), "-g", "-n", "1", "-c", "named.conf")
}

// allow makes the running process allow any or none to transfer and query.
func (b *bind) allow(t *testing.T, transfer, query string) {
	t.Helper()
	const done = "reloading configuration succeeded"
	before := strings.Count(b.String(), done)
	b.write(t, transfer, query)
	if err := b.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	until(t, "BIND is configured", func() bool { return strings.Count(b.String(), done) > before })
}

// update changes a zone, as lines of nsupdate say, and with it the serial.
func (b *bind) update(t *testing.T, zone string, lines ...string) {
	t.Helper()
	nsupdate(t, b.addr, zone, lines...)
}

// nsupdate sends one signed UPDATE to addr. $ZONE in it is the zone.
func nsupdate(t *testing.T, addr, zone string, lines ...string) {
	t.Helper()
	host, port, _ := strings.Cut(addr, ":")
	script := fmt.Sprintf("server %s %s\nzone %s\nupdate %s\nsend\n", host, port, zone, strings.ReplaceAll(strings.Join(lines, "\nupdate "), "$ZONE", zone))
	cmd := exec.Command(tool(t, "nsupdate", "bind9-dnsutils"), "-t", "10", "-y", "hmac-sha256:"+tsigKey+":"+tsigSecret) // #nosec G204 -- the test's own
	cmd.Stdin = strings.NewReader(script)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("nsupdate: %v\n%s%s", err, script, out)
	}
}

// serialAt asks the server at addr for a zone's serial, by a name that is in no cache.
func serialAt(addr, zone string) (uint32, bool) {
	reply, err := dns.Exchange(query(fmt.Sprintf("gone-%x.%s", rand.Uint64(), zone), dns.TypeA), addr)
	if err != nil || reply.Rcode != dns.RcodeNameError || len(reply.Ns) != 1 {
		return 0, false
	}
	soa, ok := reply.Ns[0].(*dns.SOA)
	if !ok {
		return 0, false
	}
	return soa.Serial, true
}
