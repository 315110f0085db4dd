package corefile

import (
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// SelfPreserve is what the stanza with selfpreserve's options says.
type SelfPreserve struct {
	MaxHold     time.Duration
	MinPeers    int      // 0 if only a percentage is given
	MinPercent  int      // 0 if none is given
	StaticPeers []string // addresses, with a port or without
	Own         string   // the IP address that it listens at, or nothing
	PeerNames   []string // of peers dns, fully qualified, without ports
	Canaries    []Canary
	TLS         bool
	Observe     bool // holds nothing
}

// HasPeers reports whether it asks anybody before it leaves.
func (s *SelfPreserve) HasPeers() bool { return s != nil && len(s.StaticPeers)+len(s.PeerNames) > 0 }

// Canary is a question that the server asks itself.
type Canary struct {
	Name  string // fully qualified
	block block  // that answers it
}

const defaultMaxHold = 20 * time.Second

func (c *Config) readSelfPreserve(b block) (err error) {
	for _, d := range b.directives["selfpreserve"] {
		if isBare := len(d.args)+len(d.properties) == 0; isBare {
			if c.SelfPreserve == nil {
				c.SelfPreserve, c.Ports.SelfPreserve = newSelfPreserve(), selfpreservePort
			}
			continue
		}
		if c.hasOptions {
			return d.at.errorf("options of selfpreserve are in two server blocks: want them in one")
		}
		c.SelfPreserve, c.hasOptions = newSelfPreserve(), true
		if c.Ports.SelfPreserve, err = d.port(selfpreservePort); err != nil {
			return err
		}
		if len(d.args) > 0 {
			c.SelfPreserve.Own, _, _ = net.SplitHostPort(d.args[0])
		}
		for _, p := range d.properties {
			if err := c.readOption(b, p); err != nil {
				return err
			}
		}
	}
	return nil
}

func newSelfPreserve() *SelfPreserve { return &SelfPreserve{MaxHold: defaultMaxHold, MinPeers: 1} }

func (c *Config) readOption(b block, p property) (err error) {
	s := c.SelfPreserve
	switch p.name {
	case "max_hold":
		s.MaxHold, err = p.duration(true)
	case "min_peers":
		err = s.readMinPeers(p)
	case "peers":
		err = s.readPeers(p)
	case "canary":
		if len(p.values) == 0 || p.values[0] == "" {
			return p.at.errorf("canary %w", errEmpty)
		}
		name := normal(p.values[0])
		s.Canaries = append(s.Canaries, Canary{name, c.answering(b, name)})
	case "tls":
		s.TLS = true
		if len(p.values) > 0 {
			c.addCertificate(b, p.values[0])
		}
	case "observe":
		s.Observe = true
	}
	return err
}

func (s *SelfPreserve) readMinPeers(p property) error {
	s.MinPeers = 0
	for _, value := range p.values {
		store, most := &s.MinPeers, 1024
		digits, isPercentage := strings.CutSuffix(value, "%")
		if isPercentage {
			store, most = &s.MinPercent, 100
		}
		n, err := strconv.Atoi(digits)
		if err != nil || n < 1 || n > most {
			return p.at.errorf("min_peers %q: want a whole number from 1 to 1024, or a percentage from 1%% to 100%%", value)
		}
		*store = n
	}
	return nil
}

func (s *SelfPreserve) readPeers(p property) error {
	if len(p.values) < 2 {
		return p.at.errorf("peers %q: want static ADDRESS... or dns NAME...", p.values)
	}
	for _, value := range p.values[1:] {
		host := value
		if h, _, err := net.SplitHostPort(value); err == nil {
			host = h
		}
		switch {
		case value == "":
			return p.at.errorf("peers %s %w", p.values[0], errEmpty)
		case p.values[0] == "static":
			s.StaticPeers = append(s.StaticPeers, value)
		case p.values[0] == "dns":
			s.PeerNames = append(s.PeerNames, normal(host))
		default:
			return p.at.errorf("peers %q: want static ADDRESS... or dns NAME...", p.values)
		}
	}
	return nil
}

// addCertificate takes a file's name as the plugins do: relative to root.
func (c *Config) addCertificate(b block, file string) {
	if !filepath.IsAbs(file) {
		for _, d := range b.directives["root"] {
			if len(d.args) == 1 {
				file = filepath.Join(d.args[0], file)
			}
		}
	}
	if !slices.Contains(c.Certificates, file) {
		c.Certificates = append(c.Certificates, file)
	}
}
