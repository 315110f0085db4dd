package lab

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// BIND is a BIND 9 that is the primary of zones. Who has the key may update them.
type BIND struct {
	*Daemon
	dir, port string
	source    string // if not "", it is a secondary of the server there
	Addr      string
	Zones     []string
}

// NewBIND is a BIND that does not run yet, for a port of 127.0.0.1, with zones, by name, and
// the text of their files. Everybody may ask for them and transfer them.
func NewBIND(t *testing.T, port string, zones map[string]string) *BIND {
	t.Helper()
	b := &BIND{dir: t.TempDir(), port: port, Addr: "127.0.0.1:" + port}
	// AppArmor's profile in Debian, which goes by the path, lets named read no other
	// configuration than the system's. It is cp that copies: had this process the file
	// open, it could not be run while any other test starts a program (golang/go#22315).
	Command(t, b.dir, "cp", Tool(t, "named", "bind9"), "named")
	for name, text := range zones {
		b.Zones = append(b.Zones, name)
		b.Replace(t, name, text)
	}
	b.Configure(t, "any", "any")
	return b
}

// Follow makes it a secondary of the server at an address, which may ask as soon as a zone's
// timers say.
func (b *BIND) Follow(t *testing.T, source string) {
	t.Helper()
	b.source = source
	b.Configure(t, "any", "any")
}

// Start starts the process.
func (b *BIND) Start(t *testing.T) {
	t.Helper()
	b.Daemon = StartDaemon(t, b.dir, filepath.Join(b.dir, "named"), "-g", "-n", "1", "-c", "named.conf")
}

// Replace gives a zone another file, for the next run, and forgets all updates.
func (b *BIND) Replace(t *testing.T, zone, text string) {
	t.Helper()
	Write(t, filepath.Join(b.dir, zone), text)
	if err := os.RemoveAll(filepath.Join(b.dir, zone+".jnl")); err != nil {
		t.Fatal(err)
	}
}

// Allow makes the running process allow any, none, or these addresses to transfer and query.
func (b *BIND) Allow(t *testing.T, transfer, query string) {
	t.Helper()
	const done = "reloading configuration succeeded"
	before := strings.Count(b.String(), done)
	b.Configure(t, transfer, query)
	b.SendSignal(t, syscall.SIGHUP)
	Until(t, "BIND is configured", func() bool { return strings.Count(b.String(), done) > before })
}

// Configure writes the configuration, with who may transfer and query: any, none, or
// addresses with ; between.
func (b *BIND) Configure(t *testing.T, transfer, query string) {
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
`, TSIGKey, TSIGSecret, b.dir, b.port, transfer, query)
	for _, zone := range b.Zones {
		if b.source != "" {
			host, port, _ := net.SplitHostPort(b.source)
			fmt.Fprintf(conf, "zone %q { type secondary; file %q; primaries port %s { %s; }; min-refresh-time 1; min-retry-time 1; };\n", zone, zone+".copy", port, host)
			continue
		}
		fmt.Fprintf(conf, "zone %q { type primary; file %q; allow-update { key %q; }; };\n", zone, zone, TSIGKey)
	}
	Write(t, filepath.Join(b.dir, "named.conf"), conf.String())
}
