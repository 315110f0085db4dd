package selfpreserve

import (
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/coredns/caddy"
	"go.uber.org/goleak"
)

func TestReloadKeepsPromisesAndListener(t *testing.T) {
	before := goleak.IgnoreCurrent()
	address := httpAddress(t)
	instance := begin(t, nil, selfpreserving(address))
	n := process.node
	promiseTo(t, process.node, "peer")
	instance = begin(t, instance, selfpreserving(address, "interval 1s"))
	if process.node != n || givenNow() != 1 || n.conf.interval != time.Second || len(process.listeners) != 1 {
		t.Errorf("after the reload: same node %t, %d given, interval %s, %d listeners", process.node == n, givenNow(), n.conf.interval, len(process.listeners))
	}
	end(t, instance)
	goleak.VerifyNone(t, before)
}

func TestReloadWithAnotherADDRESS(t *testing.T) {
	before := goleak.IgnoreCurrent()
	old, address := httpAddress(t), httpAddress(t)
	instance := begin(t, nil, selfpreserving(old))
	instance = begin(t, instance, selfpreserving(address))
	if get(t, old, "/peer") != "" || get(t, address, "/peer") == "" {
		t.Error("the old ADDRESS is still served, or the new one is not")
	}
	end(t, instance)
	goleak.VerifyNone(t, before)
}

// taken is a port that CoreDNS cannot listen on: a reload finds out when all plugins
// have started.
func taken(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	return port
}

func TestFailedReloadPutsTheOldCorefileInForceAgain(t *testing.T) {
	before := goleak.IgnoreCurrent()
	old, address := httpAddress(t), httpAddress(t)
	instance := begin(t, nil, selfpreserving(old, "interval 3s"))
	promiseTo(t, process.node, "peer")
	bad := strings.Replace(selfpreserving(address, "interval 1s"), ":0", ":"+taken(t), 1)
	if _, err := instance.Restart(corefileOf(bad)); err == nil {
		t.Fatal("the reload did not fail")
	}
	if process.node.conf.interval != 3*time.Second || givenNow() != 1 || get(t, old, "/peer") == "" || get(t, address, "/peer") != "" {
		t.Errorf("interval %s, %d given, old ADDRESS %q, new %q", process.node.conf.interval, givenNow(), get(t, old, "/peer"), get(t, address, "/peer"))
	}
	end(t, instance)
	goleak.VerifyNone(t, before)
}

func TestReloadWithoutThePluginAndBack(t *testing.T) {
	before := goleak.IgnoreCurrent()
	address := httpAddress(t)
	instance := begin(t, nil, selfpreserving(address))
	promiseTo(t, process.node, "peer")
	instance = begin(t, instance, block(""))
	if get(t, address, "/peer") != "" || currentNode() != nil {
		t.Error("the plugin is taken out, and still there")
	}
	buf := make([]byte, 1<<20)
	if stacks := string(buf[:runtime.Stack(buf, true)]); strings.Contains(stacks, "selfpreserve.(*node)") || strings.Contains(stacks, "selfpreserve.(*httpServer)") {
		t.Errorf("goroutines are left: %s", stacks)
	}
	instance = begin(t, instance, selfpreserving(address))
	if get(t, address, "/peer") == "" || givenNow() != 1 {
		t.Errorf("the plugin is back: %q, %d given", get(t, address, "/peer"), givenNow())
	}
	end(t, instance)
	goleak.VerifyNone(t, before)
}

// CoreDNS says that a reload has failed also when the old Corefile does not end well.
func TestReloadWhoseOldCorefileEndsWithAnErrorHasWorked(t *testing.T) {
	before := goleak.IgnoreCurrent()
	old, address := httpAddress(t), httpAddress(t)
	instance := begin(t, nil, strings.Replace(selfpreserving(old), "whoami", "whoami\n grudging", 1))
	if _, err := instance.Restart(corefileOf(selfpreserving(address))); err == nil {
		t.Fatal("no error")
	}
	if get(t, old, "/peer") != "" || get(t, address, "/peer") == "" {
		t.Error("the old ADDRESS is served again, or the new one is not")
	}
	all := caddy.Instances()
	await(t, all[len(all)-1])
	end(t, all[len(all)-1])
	goleak.VerifyNone(t, before)
}
