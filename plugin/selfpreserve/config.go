package selfpreserve

import (
	"crypto/tls"
	"net/netip"
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
)

const (
	pluginName = "selfpreserve"

	defaultPort     = 8182
	defaultAddress  = ":8182"
	defaultMaxHold  = 20 * time.Second
	defaultPromise  = 15 * time.Second
	defaultInterval = 2 * time.Second

	// Longer than a Deployment waits till it says that it makes no progress (10m).
	defaultColdStart = 15 * time.Minute
)

// config is what a Corefile says.
type config struct {
	address  string           // of the HTTP listener, host:port
	peers    bool             // whether any are configured
	static   []netip.AddrPort // peers
	names    []peerName       // of peers
	minPeers promise.Quota
	maxHold  time.Duration
	promise  time.Duration // lifetime
	interval time.Duration
	canaries []canary
	capacity int         // queries a second, or 0
	tls      *tls.Config // nil if peers talk in the clear
	observe  bool
	control  bool // operators may give orders

	coldStart time.Duration // or promise.Never
}

// settings are those that bear on decisions.
func (c *config) settings() promise.Settings {
	return promise.Settings{HasPeers: c.peers, MinPeers: c.minPeers, MaxHold: c.maxHold, Lifetime: c.promise, Interval: c.interval, Capacity: c.capacity, Observe: c.observe, ColdStart: c.coldStart}
}

// peerName is a name whose addresses are peers.
type peerName struct {
	name string // fully qualified
	port uint16
}

// canary is a question that the own listener has to answer.
type canary struct {
	name  string // fully qualified
	qtype uint16
}

func defaultConfig() *config {
	return &config{
		address: defaultAddress, minPeers: promise.Quota{Number: 1},
		maxHold: defaultMaxHold, promise: defaultPromise, interval: defaultInterval, coldStart: defaultColdStart,
	}
}
