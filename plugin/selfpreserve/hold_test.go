package selfpreserve

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coredns/caddy"
	_ "github.com/coredns/coredns/core" // CoreDNS's server type
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/plugin"
	_ "github.com/coredns/coredns/plugin/bind"
	_ "github.com/coredns/coredns/plugin/whoami"

	"go.uber.org/goleak"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
)

var meanwhile = func() {}

func init() {
	caddy.Quiet, dnsserver.Quiet = true, true
	before := slices.Index(dnsserver.Directives, "trace")
	dnsserver.Directives = slices.Insert(slices.Clone(dnsserver.Directives), before, pluginName, "grudging", "restless")
	// A plugin that ends with an error, as pprof does while it profiles.
	plugin.Register("grudging", func(c *caddy.Controller) error {
		c.OnShutdown(func() error { return errors.New("not now") })
		return nil
	})
	// A plugin during whose start something else happens.
	plugin.Register("restless", func(c *caddy.Controller) error {
		c.OnStartup(func() error { meanwhile(); return nil })
		return nil
	})
}

func TestStopLeavesNothingBehind(t *testing.T) {
	before := goleak.IgnoreCurrent()
	address := httpAddress(t)
	instance := begin(t, nil, selfpreserving(address))
	if !strings.HasPrefix(get(t, address, "/peer"), "{") {
		t.Error("nobody listens at ADDRESS")
	}
	end(t, instance)
	if get(t, address, "/peer") != "" || process.node != nil {
		t.Error("the listener or the node is left")
	}
	goleak.VerifyNone(t, before)
}

// SIGTERM in the midst of a reload: the old Corefile's servers still serve, and the new
// one's plugins are starting.
func TestSIGTERMWhileAReloadHasBegunIsHeld(t *testing.T) {
	before := goleak.IgnoreCurrent()
	address := httpAddress(t)
	instance := begin(t, nil, selfpreserving(address))
	n := process.node
	promiseTo(t, n, "peer")
	held := false
	meanwhile = func() {
		left := make(chan struct{})
		go func() { instance.ShutdownCallbacks(); close(left) }()
		poll := time.NewTicker(5 * time.Millisecond)
		defer poll.Stop()
		for i := 0; i < 2000 && !held; i++ {
			<-poll.C
			held = n.view.Load().State == promise.Asking
		}
		n.step(promise.Released{From: "peer", Number: 1})
		<-left
	}
	defer func() { meanwhile = func() {} }()
	after, err := instance.Restart(corefileOf(strings.Replace(selfpreserving(address), "whoami", "whoami\n restless", 1)))
	if err != nil {
		t.Fatal(err)
	}
	if !held {
		t.Error("SIGTERM was taken for the end of a reload")
	}
	await(t, after)
	end(t, after)
	goleak.VerifyNone(t, before)
}

func TestADDRESSThatIsTakenIsAnErrorThatNamesIt(t *testing.T) {
	address := "127.0.0.1:" + taken(t)
	if _, err := caddy.Start(corefileOf(selfpreserving(address))); err == nil || !strings.Contains(err.Error(), address) {
		t.Errorf("the error is %v, want one with %s", err, address)
	}
	process.node = nil
}

func TestOptionsInTwoServerBlocksAreAnError(t *testing.T) {
	two := selfpreserving("127.0.0.1:8182") + strings.Replace(selfpreserving("127.0.0.1:8182"), "example.org", "example.net", 1)
	_, err := caddy.Start(corefileOf(two))
	if err == nil || !strings.Contains(err.Error(), "dns://example.org.:0 and dns://example.net.:0") || !strings.Contains(err.Error(), "want them in one") {
		t.Errorf("the error is %v", err)
	}
}
