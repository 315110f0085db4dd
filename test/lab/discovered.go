package lab

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// Discovered are servers on 127.0.0.1, 127.0.0.2 and so on that find each other by a name,
// which each of them serves.
type Discovered struct {
	DNS, HTTP string // ports
	metrics   string
	Name      string // of peers
	DB        string // a zone's file
	serial    int
}

// PeersName has the addresses of a fleet, in its own zone.
const PeersName = "peers.example.org."

// NewDiscovered publishes records and starts nobody.
func NewDiscovered(t *testing.T, records ...string) *Discovered {
	t.Helper()
	TakeTurn(t)
	Binary(t) // before there are ports that are free now
	f := &Discovered{DNS: FreePort(t), HTTP: FreePort(t), metrics: FreePort(t), Name: PeersName, DB: filepath.Join(t.TempDir(), "db")}
	f.Publish(t, records...)
	return f
}

// Publish puts these records at PeersName, and nothing else. Servers look for a change
// of the file every half second.
func (f *Discovered) Publish(t *testing.T, records ...string) {
	t.Helper()
	f.serial++
	text := fmt.Sprintf("$ORIGIN example.org.\n@ 300 IN SOA ns hostmaster %d 7200 900 1209600 300\n@ 300 IN NS ns\nwww 300 IN A 192.0.2.80\n", f.serial)
	for _, record := range records {
		text += "peers 5 IN " + record + "\n"
	}
	Write(t, f.DB, text)
}

// At is the address of a server's HTTP listener.
func (f *Discovered) At(number int) string { return fmt.Sprintf("127.0.0.%d:%s", number, f.HTTP) }

// MetricsAt is the address of the metrics of a server that is Monitored.
func (f *Discovered) MetricsAt(number int) string {
	return fmt.Sprintf("127.0.0.%d:%s", number, f.metrics)
}

// Monitored is a line for the Corefile of a server that has metrics.
func (f *Discovered) Monitored(number int) string { return "prometheus " + f.MetricsAt(number) }

// Start starts a server that listens at this address, with these lines for selfpreserve
// in place of those that say how often and for how long.
func (f *Discovered) Start(t *testing.T, number int, listen, lines string, plugins ...string) *Member {
	t.Helper()
	corefile := fmt.Sprintf(".:%s {\n bind 127.0.0.%d\n errors\n debug\n selfpreserve %s {\n peers dns %s:%s\n max_hold 10m\n%s\n }\n%s\n file %s example.org {\n reload 500ms\n }\n}\n",
		f.DNS, number, listen, strings.TrimSuffix(f.Name, "."), f.HTTP, lines, strings.Join(plugins, "\n"), f.DB)
	return StartMember(t, corefile, fmt.Sprintf("127.0.0.%d:%s", number, f.DNS), f.At(number), "")
}

// Quick is as quick as a busy machine allows.
const Quick = "promise 2s\ninterval 500ms\n"
