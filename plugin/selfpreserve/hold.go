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
	mu      sync.Mutex
	node    *node
	servers []*httpServer
	current *corefile
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
	options *config // nil for the defaults
	where   string  // the server block of the options
	blocks  []enrolled

	queries  atomic.Uint64 // that its servers were asked
	instance *caddy.Instance
	unsure   bool // that its servers will ever be asked
	client   *client
}

func (cf *corefile) onStartup() error {
	cf.starts(caddy.Instances())
	if err := cf.start(); err != nil {
		return plugin.Error(pluginName, err)
	}
	return nil
}

// starts notes that CoreDNS has begun to start this Corefile, beside one that it would
// replace. If that one does not have this plugin, nobody will say that the reload failed.
func (cf *corefile) starts(instances []*caddy.Instance) {
	process.mu.Lock()
	defer process.mu.Unlock()
	if len(instances) == 0 {
		return
	}
	cf.instance = instances[len(instances)-1]
	told := process.current != nil && slices.Contains(instances, process.current.instance)
	cf.unsure = len(instances) > 1 && !told
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
	s, err := cf.surroundings()
	if err != nil {
		return err
	}
	if process.node == nil {
		begin := time.Now()
		process.node = newNode(newID(), s.conf, func() time.Duration { return time.Since(begin) },
			randv2.New(randv2.NewPCG(randv2.Uint64(), randv2.Uint64()))) // #nosec G404 -- for jitter
	}
	n := process.node
	if err := serveAt(n, s.conf); err != nil {
		return err
	}
	cf.client = newClient(s.conf.address, s.conf.tls, n.serverName)
	s.peerOf = cf.client
	before := process.current
	process.current = cf
	n.run(s)
	if before != nil && before.client != nil {
		before.client.close()
	}
	registerCollector()
	return nil
}

func newID() promise.ID { return promise.ID(rand.Text()) }

// serveAt listens at conf's address, unless that is so already.
func serveAt(n *node, conf *config) error {
	for _, s := range process.servers {
		if s.address == conf.address {
			s.tls.Store(conf.tls)
			return nil
		}
	}
	s, err := listen(n, conf)
	if err != nil {
		return err
	}
	process.servers = append(process.servers, s)
	return nil
}

// closeServers closes the listeners whose address is not this.
func closeServers(but string) {
	process.servers = slices.DeleteFunc(process.servers, func(s *httpServer) bool {
		if s.address != but {
			s.close()
		}
		return s.address != but
	})
}

// shutdown is called before any backend stops: for SIGTERM, and at the end of a reload.
func (cf *corefile) shutdown() error {
	if cf.replaced() {
		cf.retire()
		return nil
	}
	if n := currentNode(); n != nil {
		n.isInForce() // or nobody would ask this
		n.hold()
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
			closeServers(process.current.address())
		}
		return
	}
	process.current = nil
	process.node.pause()
	cf.client.close()
	closeServers("")
}

func (cf *corefile) address() string {
	if cf.options == nil {
		return defaultAddress
	}
	return cf.options.address
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
	closeServers(cf.address())
	process.mu.Unlock()
	return err
}

// stop ends everything.
func (cf *corefile) stop() {
	process.mu.Lock()
	defer process.mu.Unlock()
	if process.node != nil {
		process.node.pause()
	}
	if cf.client != nil {
		cf.client.close()
	}
	closeServers("")
	process.node, process.current = nil, nil
}
