package test

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"
	coretest "github.com/coredns/coredns/test"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/build/gen/plugincfg"
	_ "github.com/holdfastdns/holdfast/plugin/selfpreserve"
	_ "github.com/holdfastdns/holdfast/plugin/stalecheck"
	_ "github.com/holdfastdns/holdfast/plugin/ttlfloor"
)

// setDirectives gives the servers of this process the plugins of plugin.cfg in its order,
// and directly below stalecheck one more, the tap.
var setDirectives = sync.OnceValue(func() error {
	entries, err := plugincfg.ReadFile(filepath.Join(root, "plugin.cfg"))
	if err != nil {
		return err
	}
	directives := plugincfg.Directives(entries)
	below := slices.Index(directives, "stalecheck") + 1
	return dnsserver.SetDirectives(slices.Insert(directives, below, "tap"))
})

// validate sets up every directive of a Corefile without listening.
func validate(corefile string) error {
	if err := setDirectives(); err != nil {
		return err
	}
	dnsserver.Quiet = true
	return caddy.ValidateAndExecuteDirectives(coretest.NewInput(corefile), nil, true)
}

// server is a CoreDNS in this process. Addresses are those of its first listener;
// one that the transport does not have is empty.
type server struct {
	udp, tcp string
	tap      *tap // of the line "tap NAME", with the name of the test
}

// start runs a Corefile until the test ends. $DIR in it is a directory that has the
// files, $TAP is the argument of the tap, and port 0 is one that nobody else has: CoreDNS
// lets others share its ports, and so Linux may give one away twice.
func start(t *testing.T, corefile string, files map[string]string) *server {
	t.Helper()
	if err := setDirectives(); err != nil {
		t.Fatal(err)
	}
	s, dir := new(server), t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { // after the server has stopped, so that all writers are done
		if s.tap == nil {
			return
		}
		for _, change := range s.tap.changed {
			t.Errorf("the backend's message was changed %s", change)
		}
	})
	corefile = strings.NewReplacer("$DIR", dir, "$TAP", t.Name(), ":0 {", ":"+freePort(t)+" {").Replace(corefile)
	instance, udp, tcp, err := coretest.CoreDNSServerAndPorts(corefile)
	if err != nil {
		t.Fatalf("%v\n%s", err, corefile)
	}
	t.Cleanup(func() {
		for _, err := range instance.ShutdownCallbacks() {
			t.Error(err)
		}
		if err := instance.Stop(); err != nil {
			t.Error(err)
		}
	})
	s.udp, s.tcp = loopback(udp), loopback(tcp)
	if found, ok := taps.Load(t.Name()); ok {
		s.tap = found.(*tap)
	}
	return s
}

func loopback(addr string) string { return strings.Replace(addr, "[::]", "127.0.0.1", 1) }

// ask exchanges m over a transport: udp, tcp, tls (DoT).
func (s *server) ask(t *testing.T, transport string, m *dns.Msg) *dns.Msg {
	t.Helper()
	client := dns.Client{Net: transport, Timeout: patience, TLSConfig: &tls.Config{InsecureSkipVerify: true}, // #nosec G402 -- our own
		TsigSecret: map[string]string{tsigKey: tsigSecret}}
	addr := s.tcp
	switch transport {
	case "udp":
		addr = s.udp
	case "tls":
		client.Net = "tcp-tls"
	}
	reply, _, err := client.Exchange(m, addr)
	if err != nil {
		t.Fatalf("%s: %v", transport, err)
	}
	return reply
}
