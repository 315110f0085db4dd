package incidents

import (
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/test/lab"
)

// Incident I5, the cluster DNS that was default: five replicas behind a Service, restarted
// one after the other, and then told to go all at once. The same binary without
// selfpreserve and with it.
//
// A SIGTERM is the deletion of a pod: the balancer knows of it at once. A pod that
// replaces another has another address, as pods do, and starts after what scheduling and
// the image take. In a cluster `peers dns` finds it; here the peers are listed.
func TestReplayI5ClusterIsRestartedAndKilled(t *testing.T) {
	t.Parallel()
	var stock, holdfast clusterToll
	t.Run("side by side", func(t *testing.T) {
		t.Run("stock", func(t *testing.T) {
			t.Parallel()
			stock = replayCluster(t, nil, func(p *lab.Peer) string { return p.CorefileWith("ready " + p.HTTP) })
		})
		t.Run("Holdfast", func(t *testing.T) {
			t.Parallel()
			w := watch(t, lab.Here())
			defer func() { alerted(t, "I5 cluster DNS", w) }()
			holdfast = replayCluster(t, w, func(p *lab.Peer) string {
				return p.Corefile("promise 4s\n interval 1s\n max_hold 30s\n canary canary.test\n")
			})
		})
	})
	if t.Failed() {
		return
	}
	replayed(t, "I5 cluster DNS", "queries lost in a rolling restart of five", stock.rolled.String(), holdfast.rolled.String())
	replayed(t, "I5 cluster DNS", "queries lost when all five receive SIGTERM at once", stock.killed.String(), holdfast.killed.String())
	if stock.killed.lost < 100 {
		t.Errorf("stock loses %d queries when all are killed, want a second's at least: nothing is shown", stock.killed.lost)
	}
	if lost := holdfast.rolled.lost + holdfast.killed.lost; lost > 0 {
		t.Errorf("Holdfast loses %d queries", lost)
	}
}

// clusterToll is what clients have seen during a rolling restart, and from the instant
// at which all replicas are told to go until others have replaced them.
type clusterToll struct{ rolled, killed toll }

func (c clusterToll) String() string {
	return fmt.Sprintf("rolling restart %s, kill-all %s", c.rolled, c.killed)
}

const (
	replicas   = 5
	podStartup = 7 * time.Second // from a pod's creation to its process
)

// awaitLameDuck waits until a server is on its way. Prometheus takes up to 5 s to notice that
// service discovery has dropped a server, less than the lame duck. With periods that are not
// shortened nobody would see that.
func awaitLameDuck(p *lab.Peer) {
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	for !p.Gone() && len(p.Said("plugin/selfpreserve: Leaving service")) == 0 {
		<-look.C
	}
}

// replayCluster has a Prometheus watch, if there is one. Its service discovery has the servers
// that have been ready, until they are on their way.
func replayCluster(t *testing.T, w *lab.Watch, corefile func(p *lab.Peer) string) (seen clusterToll) {
	var removed sync.WaitGroup
	t.Cleanup(removed.Wait)
	f := lab.NewFleet(t, 3*replicas, "")
	b := startBalancer(t)
	endpoints := make(map[*lab.Peer]*endpoint)
	start := func(p *lab.Peer) {
		// Longer than the probe takes to notice, or clients go on asking who is no more.
		p.Configure(t, strings.Replace(corefile(p), "lameduck 1s", "lameduck 8s", 1))
		p.Start(t)
		endpoints[p] = b.add(t, p.DNS, p.HTTP)
	}
	awaitReady := func(all ...*lab.Peer) {
		for _, p := range all {
			lab.Until(t, p.IP+" is ready", func() bool { return b.isReady(endpoints[p]) })
			w.Add(t, p.Metrics)
		}
	}
	remove := func(all ...*lab.Peer) {
		for _, p := range all {
			b.terminating(endpoints[p])
			p.SendSignal(t, syscall.SIGTERM)
			removed.Go(func() { awaitLameDuck(p); w.Remove(t, p.Metrics) })
		}
	}
	exit := func(all ...*lab.Peer) {
		for _, p := range all {
			p.Exits(t, 0)
		}
	}
	first, second, third := f.All[:replicas], f.All[replicas:2*replicas], f.All[2*replicas:]
	for _, p := range first {
		start(p)
	}
	awaitReady(first...)
	<-time.After(4 * time.Second) // a promise's lifetime, within which nobody leaves

	// A Deployment's RollingUpdate: one more, and when it is ready, one less.
	w.Quiet(t, quietTime)
	w.Phase("a rolling restart")
	end := b.clients()
	for i, p := range second {
		start(p)
		awaitReady(p)
		remove(first[i])
	}
	exit(first...)
	seen.rolled = end()

	end = b.clients()
	w.Phase("all five are told to go")
	remove(second...)
	<-time.After(podStartup)
	for _, p := range third {
		start(p)
	}
	awaitReady(third...)
	exit(second...)
	seen.killed = end()
	w.Fires(t, "HoldfastHeld warning")
	w.May("HoldfastNobodyMayLeave warning")
	w.Cure()
	w.Ends(t)
	if n := f.Forced(); n > 0 {
		t.Errorf("%d left by force", n)
	}
	return seen
}
