package stalecheck

import (
	"fmt"
	"net"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/coredns/caddy"
	_ "github.com/coredns/coredns/core" // CoreDNS's server type
	"github.com/coredns/coredns/core/dnsserver"
	_ "github.com/coredns/coredns/plugin/bind"
	_ "github.com/coredns/coredns/plugin/file"

	"github.com/miekg/dns"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	caddy.Quiet, dnsserver.Quiet = true, true
	below := slices.Index(dnsserver.Directives, "tsig") + 1
	dnsserver.Directives = slices.Insert(slices.Clone(dnsserver.Directives), below, "refusing", pluginName)
	os.Exit(m.Run())
}

func corefile(body string) caddy.Input {
	return caddy.CaddyfileInput{Contents: []byte(body), Filepath: "Corefile", ServerTypeName: "dns"}
}

// silentReference is an address that takes queries and never answers.
func silentReference(t *testing.T) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn.LocalAddr().String()
}

// block is a server block with the plugin, and a zone of a serial.
func block(t *testing.T, reference string, serial int) string {
	t.Helper()
	path := t.TempDir() + "/db.example.org"
	zone := fmt.Sprintf("@ 300 IN SOA ns h %d 7200 900 1209600 300\n@ 300 IN NS ns\nns 300 IN A 127.0.0.1\n", serial)
	if err := os.WriteFile(path, []byte(zone), 0o600); err != nil {
		t.Fatal(err)
	}
	return "example.org:0 {\n bind 127.0.0.1\n stalecheck {\n primary " + reference + "\n }\n file " + path + " {\n reload 0\n }\n}\n" // else file leaves a goroutine after a failed reload
}

// run starts a Corefile, or reloads before with it, and waits until its listeners answer:
// CoreDNS cannot stop one that has not begun to.
func run(t *testing.T, before *caddy.Instance, body string) *caddy.Instance {
	t.Helper()
	var instance *caddy.Instance
	var err error
	if before == nil {
		instance, err = caddy.Start(corefile(body))
	} else {
		instance, err = before.Restart(corefile(body))
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, server := range instance.Servers() {
		for network, addr := range map[string]net.Addr{"udp": server.LocalAddr(), "tcp": server.Addr()} {
			c := dns.Client{Net: network, Timeout: 10 * time.Second}
			if _, _, err := c.Exchange(query("example.org. SOA"), addr.String()); err != nil {
				t.Fatal(err)
			}
		}
	}
	return instance
}

// end ends an instance as the process does.
func end(t *testing.T, instance *caddy.Instance) {
	t.Helper()
	for _, err := range instance.ShutdownCallbacks() {
		t.Error(err)
	}
	if err := instance.Stop(); err != nil {
		t.Error(err)
	}
}

// only returns the one instance that is alive.
func only(t *testing.T) *StaleCheck {
	t.Helper()
	live.Lock()
	defer live.Unlock()
	if len(live.instances) != 1 {
		t.Fatalf("%d instances are alive, want one", len(live.instances))
	}
	return live.instances[0]
}

// awaitOwn polls until the zone's own serial is known.
func awaitOwn(t *testing.T, s *StaleCheck, serial uint32) {
	t.Helper()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	deadline := time.After(10 * time.Second)
	for {
		z := s.zones[0]
		z.mu.Lock()
		own, known := z.history.Own()
		z.mu.Unlock()
		if known && own == serial {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("our own serial is %d (known: %v), want %d", own, known, serial)
		case <-poll.C:
		}
	}
}

func TestStopLeavesNothingBehind(t *testing.T) {
	silent := silentReference(t)
	before := goleak.IgnoreCurrent()
	instance := run(t, nil, block(t, silent, 8))
	awaitOwn(t, only(t), 8)
	end(t, instance)
	goleak.VerifyNone(t, before)
	if len(live.instances) > 0 {
		t.Error("an instance is alive after its end")
	}
}

func TestStopBeforeStartDoesNothing(t *testing.T) {
	s := newCheck(t, withPrimary)
	s.stop()
	s.stop()
}
