// Package embedded is CoreDNS servers in the test's own process, with all plugins, and a tap
// that sees what those below ours answer.
package embedded

import (
	"crypto/tls"
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
	"github.com/holdfastdns/holdfast/test/lab"
)

// setDirectives gives the servers of this process the plugins of plugin.cfg in its order,
// and directly below stalecheck one more, the tap.
var setDirectives = sync.OnceValue(func() error {
	entries, err := plugincfg.ReadFile(filepath.Join(lab.Root, "plugin.cfg"))
	if err != nil {
		return err
	}
	directives := plugincfg.Directives(entries)
	below := slices.Index(directives, "stalecheck") + 1
	return dnsserver.SetDirectives(slices.Insert(directives, below, "tap"))
})

// Validate sets up every directive of a Corefile without listening.
func Validate(corefile string) error {
	if err := setDirectives(); err != nil {
		return err
	}
	dnsserver.Quiet = true
	return caddy.ValidateAndExecuteDirectives(coretest.NewInput(corefile), nil, true)
}

// Server is a CoreDNS in this process. Addresses are those of its first listener;
// one that the transport does not have is empty.
type Server struct {
	UDP, TCP string
	Tap      *Tap // of the line "tap NAME", with the name of the test
}

// Start runs a Corefile until the test ends. $DIR in it is a directory that has the
// files, $TAP is the argument of the tap, and port 0 is one that nobody else has: CoreDNS
// lets others share its ports, and so Linux may give one away twice.
func Start(t testing.TB, corefile string, files map[string]string) *Server {
	t.Helper()
	if err := setDirectives(); err != nil {
		t.Fatal(err)
	}
	s, dir := new(Server), t.TempDir()
	lab.WriteAll(t, dir, files)
	t.Cleanup(func() { // after the server has stopped, so that all writers are done
		if s.Tap == nil {
			return
		}
		for _, change := range s.Tap.changed {
			t.Errorf("the backend's message was changed %s", change)
		}
	})
	corefile = strings.NewReplacer("$DIR", dir, "$TAP", t.Name(), ":0 {", ":"+lab.FreePort(t)+" {").Replace(corefile)
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
	s.UDP, s.TCP = loopback(udp), loopback(tcp)
	if found, ok := taps.Load(t.Name()); ok {
		s.Tap = found.(*Tap)
	}
	return s
}

func loopback(addr string) string { return strings.Replace(addr, "[::]", "127.0.0.1", 1) }

// Ask exchanges m over a transport: udp, tcp, tls (DoT).
func (s *Server) Ask(t testing.TB, transport string, m *dns.Msg) *dns.Msg {
	t.Helper()
	client := dns.Client{Net: transport, Timeout: lab.Patience, TLSConfig: &tls.Config{InsecureSkipVerify: true}, // #nosec G402 -- our own
		TsigSecret: map[string]string{lab.TSIGKey: lab.TSIGSecret}}
	addr := s.TCP
	switch transport {
	case "udp":
		addr = s.UDP
	case "tls":
		client.Net = "tcp-tls"
	}
	reply, _, err := client.Exchange(m, addr)
	if err != nil {
		t.Fatalf("%s: %v", transport, err)
	}
	return reply
}
