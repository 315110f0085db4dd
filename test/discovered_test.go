package test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// discovered are servers on 127.0.0.1, 127.0.0.2 and so on that find each other by a name,
// which each of them serves.
type discovered struct {
	dns, http string // ports
	name      string // of peers
	db        string // a zone's file
	serial    int
}

// peersName has the addresses of a fleet, in its own zone.
const peersName = "peers.example.org."

func newDiscovered(t *testing.T, records ...string) *discovered {
	t.Helper()
	takeTurn(t)
	binary(t) // before there are ports that are free now
	f := &discovered{dns: freePort(t), http: freePort(t), name: peersName, db: filepath.Join(t.TempDir(), "db")}
	f.publish(t, records...)
	return f
}

// publish puts these records at peersName, and nothing else. Servers look for a change
// of the file every half second.
func (f *discovered) publish(t *testing.T, records ...string) {
	t.Helper()
	f.serial++
	text := fmt.Sprintf("$ORIGIN example.org.\n@ 300 IN SOA ns hostmaster %d 7200 900 1209600 300\n@ 300 IN NS ns\nwww 300 IN A 192.0.2.80\n", f.serial)
	for _, record := range records {
		text += "peers 5 IN " + record + "\n"
	}
	if err := os.WriteFile(f.db+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(f.db+".new", f.db); err != nil {
		t.Fatal(err)
	}
}

// at is the address of a server's HTTP listener.
func (f *discovered) at(number int) string { return fmt.Sprintf("127.0.0.%d:%s", number, f.http) }

// start starts a server that listens at this address, with these lines for selfpreserve
// in place of those that say how often and for how long.
func (f *discovered) start(t *testing.T, number int, listen, lines string, plugins ...string) *member {
	t.Helper()
	corefile := fmt.Sprintf(".:%s {\n bind 127.0.0.%d\n errors\n debug\n selfpreserve %s {\n peers dns %s:%s\n max_hold 10m\n%s\n }\n%s\n file %s example.org {\n reload 500ms\n }\n}\n",
		f.dns, number, listen, strings.TrimSuffix(f.name, "."), f.http, lines, strings.Join(plugins, "\n"), f.db)
	return startMember(t, corefile, fmt.Sprintf("127.0.0.%d:%s", number, f.dns), f.at(number), "")
}

// quick is as quick as a busy machine allows.
const quick = "promise 2s\ninterval 500ms\n"
