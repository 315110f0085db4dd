package stalecheck

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coredns/caddy"
	_ "github.com/coredns/coredns/core" // CoreDNS's server type
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/plugin"
	_ "github.com/coredns/coredns/plugin/bind"
	_ "github.com/coredns/coredns/plugin/file"
	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"

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

func TestReloadKeepsFirstSightings(t *testing.T) {
	silent := silentReference(t)
	before := goleak.IgnoreCurrent()
	instance := run(t, nil, block(t, silent, 8))
	old := only(t)
	awaitOwn(t, old, 8)
	sighted := time.Now().Add(-50 * time.Second)
	old.observe(old.zones[0], func(h *verdict.History, _ time.Time) { h.ObserveReference(0, 9, "", sighted) })
	old.zones[0].mu.Lock()
	old.zones[0].said.any, old.zones[0].said.status = true, verdict.Stale
	old.zones[0].mu.Unlock()

	told := strings.Join(logged(t, func() {
		instance = run(t, instance, block(t, silent, 8))
		awaitOwn(t, only(t), 8)
	}), "\n")
	if !strings.Contains(told, "Zone example.org. is fresh again") {
		t.Errorf("what was said before is forgotten: %q", told)
	}
	s := only(t)
	if s == old {
		t.Fatal("the old instance is still the one")
	}
	if v := s.zones[0].verdict.Load(); v.Reason != verdict.Behind || v.Age < 50*time.Second {
		t.Errorf("after the reload %s by %s, want behind by 50s and more", v.Reason, v.Age)
	}
	end(t, instance)
	goleak.VerifyNone(t, before)
}

func TestFailedReloadLeavesOnlyTheOld(t *testing.T) {
	silent := silentReference(t)
	before := goleak.IgnoreCurrent()
	instance := run(t, nil, block(t, silent, 8))
	old := only(t)
	// The address is nobody's (RFC 5737): all callbacks run, then the listener fails.
	bad := block(t, silent, 9) + strings.ReplaceAll(strings.Replace(block(t, silent, 9), "example.org", "example.net", 1), "127.0.0.1", "192.0.2.254")
	bad = strings.Replace(bad, "primary 192.0.2.254", "primary 127.0.0.1", 1)
	if _, err := instance.Restart(corefile(bad)); err == nil || !strings.Contains(err.Error(), "192.0.2.254") {
		t.Fatalf("the reload ended with %v", err)
	}
	if only(t) != old {
		t.Fatal("another instance is left")
	}
	awaitOwn(t, old, 8)
	end(t, instance)
	goleak.VerifyNone(t, before)
}

func TestReloadWithoutThePluginEndsIt(t *testing.T) {
	silent := silentReference(t)
	before := goleak.IgnoreCurrent()
	instance := run(t, nil, block(t, silent, 8))
	_, rest, _ := strings.Cut(block(t, silent, 8), "stalecheck")
	_, rest, _ = strings.Cut(rest, "}\n")
	instance = run(t, instance, "example.org:0 {\n bind 127.0.0.1\n"+rest)
	if len(live.instances) > 0 {
		t.Error("an instance is alive")
	}
	instance = run(t, instance, block(t, silent, 8)) // and back
	awaitOwn(t, only(t), 8)
	end(t, instance)
	goleak.VerifyNone(t, before)
}

// What a sister of the same Corefile or another view has seen is of other data.
func TestWhomAnInstanceInheritsFrom(t *testing.T) {
	old, now := new(int), new(int)
	alive := func(corefile *int, view, block string) *StaleCheck {
		s := watching(t, newCheck(t, withPrimary))
		s.corefile, s.view, s.block = corefile, view, block
		return s
	}
	alive(new(int), "", "a") // from before the last reload
	inside, a, b := alive(old, "inside", "a"), alive(old, "", "a"), alive(old, "", "b")
	alive(now, "", "a")
	for _, tc := range []struct {
		view, block string
		want        *StaleCheck
	}{{"inside", "a", inside}, {"inside", "c", inside}, {"", "a", a}, {"", "b", b}, {"", "c", b}, {"outside", "a", nil}} {
		s := newCheck(t, withPrimary)
		s.corefile, s.view, s.block = now, tc.view, tc.block
		live.Lock()
		got := s.before("example.org.")
		live.Unlock()
		if (tc.want == nil) != (got == nil) || (got != nil && got != tc.want.zones[0]) {
			t.Errorf("view %q, block %s inherits from %p, want %p", tc.view, tc.block, got, tc.want)
		}
	}
}

// refusing is a plugin that stands before ours and makes reloads fail.
var refusing struct{ restart, shutdown error }

func init() {
	plugin.Register("refusing", func(c *caddy.Controller) error {
		c.OnRestart(func() error { return refusing.restart })
		c.OnShutdown(func() error { return refusing.shutdown })
		return nil
	})
}

// CoreDNS does not ask the plugins behind one that refuses a reload whether they agree,
// but tells them that it has failed: as prometheus does while it is being scraped.
func TestAReloadThatIsRefusedLeavesTheWatch(t *testing.T) {
	silent := silentReference(t)
	instance := run(t, nil, strings.Replace(block(t, silent, 8), " stalecheck", " refusing\n stalecheck", 1))
	s := only(t)
	refusing.restart = errors.New("not now")
	_, err := instance.Restart(corefile(block(t, silent, 8)))
	refusing.restart = nil
	if err == nil || err.Error() != "not now" {
		t.Fatal(err)
	}
	if only(t) != s {
		t.Error("another instance watches")
	}
	end(t, instance)
}

// Nor does it call a reload good whose old instance does not end well, as with pprof
// while it profiles: the new one serves all the same.
func TestAReloadWhoseOldInstanceEndsBadlyHandsOverTheWatch(t *testing.T) {
	silent := silentReference(t)
	instance := run(t, nil, strings.Replace(block(t, silent, 8), " stalecheck", " refusing\n stalecheck", 1))
	old := only(t)
	refusing.shutdown = errors.New("not yet")
	_, err := instance.Restart(corefile(block(t, silent, 9)))
	refusing.shutdown = nil
	if err == nil || err.Error() != "not yet" {
		t.Fatal(err)
	}
	s := only(t)
	if s == old {
		t.Fatal("the old instance watches")
	}
	awaitOwn(t, s, 9)
	for _, instance := range slices.Clone(caddy.Instances()) {
		end(t, instance)
	}
}

func TestStopBeforeStartDoesNothing(t *testing.T) {
	s := newCheck(t, withPrimary)
	s.stop()
	s.stop()
}
