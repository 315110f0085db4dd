package selfpreserve

import (
	"crypto/rand"
	randv2 "math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/plugin"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
)

// process is what outlives a reload: the node with its promises, and its listeners.
var process struct {
	mu        sync.Mutex
	node      *node
	listeners listeners
	current   *corefile

	// visible is the node while a Corefile is in force, else nil. Whoever scrapes reads it
	// without the lock, which a reload holds while checks end that may hang.
	visible atomic.Pointer[node]
}

func currentNode() *node {
	process.mu.Lock()
	defer process.mu.Unlock()
	if process.current == nil {
		return nil
	}
	return process.node
}

// corefile is the plugin in one Corefile: the options, and the blocks that are enrolled.
type corefile struct {
	conf    *config // the defaults, unless a server block has options
	where   string  // that block
	blocks  []enrolled
	chained sync.Once // a chain of plugins was made

	queries  atomic.Uint64 // that its servers were asked
	instance *caddy.Instance
	onTrial  bool // nobody says so if the reload that brings it fails
	client   *client
}

func (cf *corefile) onStartup() error {
	cf.noteInstance(caddy.Instances())
	if err := cf.start(); err != nil {
		return plugin.Error(pluginName, err)
	}
	return nil
}

// noteInstance notes which instance CoreDNS has begun to start, beside one that it would
// replace. If that one does not have this plugin, nobody will say that the reload failed.
func (cf *corefile) noteInstance(instances []*caddy.Instance) {
	process.mu.Lock()
	defer process.mu.Unlock()
	cf.instance = instances[len(instances)-1]
	replaces := process.current != nil && slices.Contains(instances, process.current.instance)
	cf.onTrial = len(instances) > 1 && !replaces
}

// replaced is whether CoreDNS has stopped this Corefile's servers, as it does at the end
// of a reload before it calls anybody. For SIGTERM they still serve, also in the midst of
// a reload. Called only from CoreDNS's callbacks, which are ordered with that change.
func (cf *corefile) replaced() bool {
	process.mu.Lock()
	defer process.mu.Unlock()
	return !slices.Contains(caddy.Instances(), cf.instance)
}

// start puts this Corefile in force.
func (cf *corefile) start() error {
	process.mu.Lock()
	defer process.mu.Unlock()
	d, err := cf.dependencies()
	if err != nil {
		return err
	}
	unblockLog()
	if process.node == nil {
		begin := time.Now()
		process.node = newNode(promise.ID(rand.Text()), d.conf, func() time.Duration { return time.Since(begin) },
			randv2.New(randv2.NewPCG(randv2.Uint64(), randv2.Uint64()))) // #nosec G404 -- for jitter
	}
	n := process.node
	if err := process.listeners.open(n, d.conf); err != nil {
		return err
	}
	cf.client = newClient(d.conf.address, d.conf.tls, n.serverName)
	d.client = cf.client
	before := process.current
	process.current = cf
	process.visible.Store(n)
	n.run(d)
	if before != nil && before.client != nil {
		before.client.close()
	}
	registerCollector()
	return nil
}

// shutdown is called before any backend stops: for SIGTERM, and at the end of a reload.
func (cf *corefile) shutdown() error {
	if cf.replaced() {
		cf.retire()
		return nil
	}
	if n := currentNode(); n != nil {
		n.endTrial() // or nobody would hold this
		n.holdSIGTERM()
	}
	return nil
}

// retire ends what only this Corefile needed. If the new one has no selfpreserve, the
// node rests; should another reload bring it back, it still knows its promises.
func (cf *corefile) retire() {
	process.mu.Lock()
	defer process.mu.Unlock()
	if process.current != cf {
		if process.current != nil {
			process.listeners.closeOthers(process.current.conf.address)
		}
		return
	}
	process.current = nil
	process.visible.Store(nil)
	process.node.pause()
	cf.client.close()
	process.listeners.closeOthers("")
}

// restartFailed puts this Corefile in force again. CoreDNS also says so when the reload
// has worked and another plugin of the old Corefile does not end well: then there is no
// way back.
func (cf *corefile) restartFailed() error {
	if cf.replaced() {
		cf.retire()
		return nil
	}
	process.mu.Lock()
	current := process.current == cf
	process.mu.Unlock()
	if current {
		return nil
	}
	err := cf.start()
	process.mu.Lock()
	process.listeners.closeOthers(cf.conf.address)
	process.mu.Unlock()
	return err
}

// stop ends everything.
func (cf *corefile) stop() {
	process.mu.Lock()
	defer process.mu.Unlock()
	if process.node != nil {
		process.node.end()
	}
	if cf.client != nil {
		cf.client.close()
	}
	process.listeners.closeOthers("")
	process.node, process.current = nil, nil
	process.visible.Store(nil)
}
