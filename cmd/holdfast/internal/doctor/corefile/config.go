package corefile

//go:generate go run ../../../../../build/gen ../../../../../plugin.cfg zplugin.go corefile

import (
	"net"
	"slices"
	"strconv"
	"time"

	"github.com/coredns/coredns/plugin"
)

// Config is what a Corefile says about a server, with defaults filled in.
type Config struct {
	File string

	// Lameduck is how long health waits between SIGTERM, or the end of the hold, and the
	// end of the listeners: the sum over its stanzas, since each waits in its turn.
	Lameduck time.Duration

	Ports        Ports
	SelfPreserve *SelfPreserve // nil if it is not configured
	Heartbeats   []string      // names of stalecheck's, fully qualified

	// ClusterZones are the zones of kubernetes, fully qualified.
	ClusterZones plugin.Zones

	// IsHoldfast is whether a plugin of Holdfast's is in it.
	IsHoldfast bool

	// Unknown are directives of plugins that the binary does not have.
	Unknown []Place

	// Zones are those that a plugin of Holdfast's is given by name.
	Zones []Zone

	// Certificates are the files of certificates that are presented to others.
	Certificates []string

	blocks     []block
	hasOptions bool // of selfpreserve, in a block that was read
}

// Ports are where each plugin answers over HTTP. health and ready may stand in more than one
// server block; selfpreserve's is 0 if it does not stand in any.
type Ports struct {
	Health, Ready []int
	SelfPreserve  int
}

// The plugins' defaults.
const (
	healthPort       = 8080
	readyPort        = 8181
	selfpreservePort = 8182
)

// Read reads a Corefile, which is at file below the folder root: a container's file system,
// or nothing. Errors name the file and line.
func Read(root, file string, text []byte) (*Config, error) {
	blocks, err := parseBlocks(root, file, text)
	if err != nil {
		return nil, err
	}
	c := &Config{File: file, blocks: blocks}
	for _, read := range []func(block) error{c.readHealth, c.readReady, c.readSelfPreserve, c.readStalecheck, c.readTLS} {
		for _, b := range blocks {
			if err := read(b); err != nil {
				return nil, err
			}
		}
	}
	c.Unknown = unknown(blocks)
	for _, b := range blocks {
		c.Zones = append(c.Zones, b.named()...)
		for _, d := range b.directives["kubernetes"] {
			c.ClusterZones = append(c.ClusterZones, plugin.OriginsFromArgsOrServerBlock(d.args, b.keys)...)
		}
		for _, name := range []string{"selfpreserve", "stalecheck", "ttlfloor"} {
			c.IsHoldfast = c.IsHoldfast || len(b.directives[name]) > 0
		}
	}
	return c, nil
}

func (c *Config) readHealth(b block) error {
	for _, d := range b.directives["health"] {
		port, err := d.port(healthPort)
		if err != nil {
			return err
		}
		c.Ports.Health = append(c.Ports.Health, port)
		for _, p := range d.properties {
			if p.name != "lameduck" {
				continue
			}
			lameduck, err := p.duration(false)
			if err != nil {
				return err
			}
			c.Lameduck += lameduck
		}
	}
	return nil
}

func (c *Config) readReady(b block) error {
	for _, d := range b.directives["ready"] {
		port, err := d.port(readyPort)
		if err != nil {
			return err
		}
		c.Ports.Ready = append(c.Ports.Ready, port)
	}
	return nil
}

// port is that of the address behind a directive's name, or else the default.
func (d directive) port(otherwise int) (int, error) {
	if len(d.args) == 0 {
		return otherwise, nil
	}
	_, port, err := net.SplitHostPort(d.args[0])
	if err != nil {
		return 0, d.at.errorf("address %q has no port: want one such as :%d", d.args[0], otherwise)
	}
	n, err := strconv.Atoi(port)
	if err != nil || n < 1 || n > 65535 {
		return 0, d.at.errorf("address %q has port %q: want one from 1 to 65535", d.args[0], port)
	}
	return n, nil
}

func (c *Config) readStalecheck(b block) error {
	for _, d := range b.directives["stalecheck"] {
		for _, p := range d.properties {
			if p.name != "heartbeat" {
				continue
			}
			name, err := p.one()
			if err != nil {
				return err
			}
			if name = normal(name); !slices.Contains(c.Heartbeats, name) {
				c.Heartbeats = append(c.Heartbeats, name)
			}
		}
	}
	return nil
}

// readTLS finds what DNS over TLS and its like present; selfpreserve's own stands there.
func (c *Config) readTLS(b block) error {
	for _, d := range b.directives["tls"] {
		if len(d.args) >= 2 {
			c.addCertificate(b, d.args[0])
		}
	}
	return nil
}
