package selfpreserve

import (
	"crypto/tls"
	"net/netip"
	"time"
)

const (
	pluginName = "selfpreserve"

	defaultPort     = 8182
	defaultAddress  = ":8182"
	defaultMaxHold  = 20 * time.Second
	defaultPromise  = 15 * time.Second
	defaultInterval = 2 * time.Second
)

// config is what a Corefile says.
type config struct {
	settings
	address  string           // of the HTTP listener, host:port
	static   []netip.AddrPort // peers
	names    []peerName       // of peers
	canaries []canary
	tls      *tls.Config // nil if peers talk in the clear
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
	return &config{address: defaultAddress, settings: settings{
		minPeers: quota{number: 1}, maxHold: defaultMaxHold, promise: defaultPromise, interval: defaultInterval,
	}}
}
