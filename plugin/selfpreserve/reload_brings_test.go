package selfpreserve

import (
	"strings"
	"testing"
	"time"

	"github.com/coredns/caddy"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
	"go.uber.org/goleak"
)

// hasPeers is whether the process's node acts on the peers of its Corefile.
func hasPeers() bool { return process.node.view.Load().HasPeers }

// Nobody tells the plugin that a reload which brought it has failed: it would promise to
// stay, and not be asked when the process is told to go.
func TestAServerThatGetsThePluginByAReloadHasNoPeersUntilItIsAsked(t *testing.T) {
	before := goleak.IgnoreCurrent()
	address := httpAddress(t)
	with := selfpreserving(address, "peers static 127.0.0.1", "interval 100ms", "promise 1s", "max_hold 1100ms")
	instance := begin(t, nil, block(""))
	if _, err := instance.Restart(corefileOf(strings.Replace(with, ":0", ":"+taken(t), 1))); err == nil {
		t.Fatal("the reload did not fail")
	}
	for range 2 {
		inService(t, process.node)
		if hasPeers() {
			t.Fatal("a Corefile that is not in force promises")
		}
		instance = begin(t, instance, block("")) // it asks the servers without the plugin
	}
	instance = begin(t, instance, with)
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for i := 0; !hasPeers(); i++ {
		if <-poll.C; i == 2000 {
			t.Fatal("it is in force, and has no peers")
		}
	}
	instance = begin(t, instance, with)
	if !hasPeers() {
		t.Error("a reload from one Corefile with the plugin to another lost the peers")
	}
	end(t, instance)
	goleak.VerifyNone(t, before)
}

func TestAServerThatWasNotAskedYetIsHeldAllTheSame(t *testing.T) {
	before := goleak.IgnoreCurrent()
	with := selfpreserving(httpAddress(t), "peers static 127.0.0.1:1", "interval 200ms", "promise 1s", "max_hold 1100ms")
	instance := begin(t, begin(t, nil, block("")), with)
	n := process.node
	inService(t, n)
	n.mu.Lock()
	n.onTrial = true // as it is before the first query
	alone := n.conf.settings()
	n.mu.Unlock()
	alone.HasPeers = false
	n.step(promise.Reload{Settings: alone})
	began := time.Now()
	end(t, instance)
	if held := time.Since(began); held < time.Second {
		t.Errorf("SIGTERM was held for %s", held)
	}
	goleak.VerifyNone(t, before)
}

// SIGTERM in the midst of a reload reaches the Corefile that starts as well: see -race.
func TestACorefileMayBeToldToGoWhileItStarts(t *testing.T) {
	instance := begin(t, nil, block(""))
	cf, asked := new(corefile), make(chan struct{})
	go func() { defer close(asked); cf.replaced() }()
	cf.noteInstance(caddy.Instances())
	<-asked
	if cf.replaced() {
		t.Error("it was replaced by nobody")
	}
	end(t, instance)
}
