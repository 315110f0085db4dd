package stalecheck

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/nsid"
)

const (
	defaultMaxAge   = 60 * time.Second
	defaultInterval = 10 * time.Second
	defaultTTL      = 30 // seconds; what RFC 8767 section 4 gives to stale answers
)

func init() { plugin.Register(pluginName, setup) }

func setup(c *caddy.Controller) error {
	s, err := parse(c)
	if err != nil {
		return plugin.Error(pluginName, err)
	}
	config := dnsserver.GetConfig(c)
	s.block = fmt.Sprint(config.Transport, config.ListenHosts, config.Port, c.ServerBlockKeys[0])
	if s.corefile, _ = c.Get(pluginName).(*int); s.corefile == nil {
		s.corefile = new(int)
		c.Set(pluginName, s.corefile)
	}
	start := func() error {
		s.view = config.ViewName
		if n, ok := config.Handler("nsid").(nsid.Nsid); ok {
			s.nsidBytes = 4 + len(n.Data)
		}
		s.dns64 = config.Handler("dns64") != nil
		if err := s.readFrom(config.Handler); err != nil {
			return plugin.Error(pluginName, err)
		}
		s.leaveOutSelf(config.ListenHosts, config.Port, hostAddresses())
		registerCollector()
		s.start()
		return nil
	}
	var once sync.Once
	config.AddPlugin(func(next plugin.Handler) plugin.Handler {
		s.Next = next
		// The chain is made when every plugin of the Corefile is set up. A callback that
		// is added now is the last to run, when every backend has started.
		once.Do(func() { c.OnStartup(start) })
		return s
	})
	c.OnShutdown(func() error { s.stop(); return nil })
	c.OnRestart(func() error { s.beforeReload(); return nil })
	c.OnRestartFailed(func() error { s.afterFailedReload(); return nil })
	return nil
}

// readFrom sets where queries from within enter the chain of handlers.
func (s *StaleCheck) readFrom(handler func(name string) plugin.Handler) error {
	entry, err := belowCache(handler, s.Next)
	for _, z := range s.zones {
		z.backend.entry = entry
	}
	return err
}

// properties are the lines that a stanza may have. Each parser stores into the stanza
// what its arguments say, or tells what is wrong with them.
var properties = map[string]func(*stanza, []string) error{
	"primary":   func(s *stanza, args []string) error { return s.parseReferences(primary, args) },
	"peers":     func(s *stanza, args []string) error { return s.parseReferences(peers, args) },
	"heartbeat": (*stanza).parseHeartbeat,
	"serial":    (*stanza).parseSerial,
	"max_age":   func(s *stanza, args []string) error { return oneDuration("max_age", args, &s.rules.maxAge) },
	"interval":  func(s *stanza, args []string) error { return oneDuration("interval", args, &s.interval) },
	"ttl":       (*stanza).parseTTL,
	"action":    (*stanza).parseAction,
}

// stanza is a stanza as written.
type stanza struct {
	zones      []string
	rules      rules
	references []reference
	heartbeat  string
	interval   time.Duration
	ttl        uint32
	action     action
}

func parse(c *caddy.Controller) (*StaleCheck, error) {
	c.Next() // the directive's name
	s := stanza{interval: defaultInterval, ttl: defaultTTL, rules: rules{maxAge: defaultMaxAge}}
	if err := s.parseZones(c.RemainingArgs()); err != nil {
		return nil, c.Err(err.Error())
	}
	seen := make(map[string]struct{})
	for c.NextBlock() {
		property := c.Val()
		parseProperty, ok := properties[property]
		if !ok {
			return nil, c.Errf("unknown property %q: want one of %s", property,
				strings.Join(slices.Sorted(maps.Keys(properties)), ", "))
		}
		if _, ok := seen[property]; ok {
			return nil, c.Errf("%s is given twice: want it once, with all its values", property)
		}
		seen[property] = struct{}{}
		if err := parseProperty(&s, c.RemainingArgs()); err != nil {
			return nil, c.Err(err.Error())
		}
	}
	if c.Next() {
		if c.Val() == pluginName {
			return nil, plugin.ErrOnce
		}
		return nil, c.Errf("unexpected %q: want { at the end of the first line, } on a line of its own, and nothing behind them", c.Val())
	}
	check, err := s.build(c.ServerBlockKeys)
	if err != nil {
		return nil, c.Err(err.Error())
	}
	return check, nil
}

// build checks what the stanza's parts say together.
func (s *stanza) build(serverBlock []string) (*StaleCheck, error) {
	if s.rules.asks == [sources]bool{} {
		return nil, fmt.Errorf("no source: want at least one of primary, peers, heartbeat, serial")
	}
	if s.rules.maxAge < s.interval {
		return nil, fmt.Errorf("max_age of %s is below the interval of %s: want it no shorter", s.rules.maxAge, s.interval)
	}
	if s.rules.format == calendarDate && s.rules.maxAge < 24*time.Hour {
		return nil, fmt.Errorf("max_age of %s is too short for serial date, which counts days from midnight UTC: want at least 24h", s.rules.maxAge)
	}
	if s.action != flag && len(s.references) == 0 {
		return nil, fmt.Errorf("action %s is taken only while a primary or peer has newer data: want primary or peers beside it", actionNames[s.action])
	}
	block := plugin.Zones(plugin.OriginsFromArgsOrServerBlock(nil, serverBlock))
	if s.heartbeat != "" && !block.Contains(s.heartbeat) {
		return nil, fmt.Errorf("heartbeat %q is outside the server block: want a name in %s", s.heartbeat, strings.Join(block, " "))
	}
	check := &StaleCheck{
		byName: make(map[string]*zone), rules: s.rules, references: s.references, heartbeat: s.heartbeat,
		interval: s.interval, ttl: s.ttl, action: s.action,
		now: time.Now, ask: askSerial, turns: make(map[string]*turns),
	}
	for _, name := range plugin.OriginsFromArgsOrServerBlock(s.zones, serverBlock) {
		if !block.Contains(name) {
			return nil, fmt.Errorf("zone %q is outside the server block: want names in %s", name, strings.Join(block, " "))
		}
		if check.byName[name] != nil && len(s.zones) == 0 {
			continue // a block can have a zone on several ports
		}
		if check.byName[name] != nil {
			return nil, fmt.Errorf("zone %q is given twice: want it once", name)
		}
		z := check.newZone(name)
		check.zones = append(check.zones, z)
		check.byName[name] = z
	}
	for _, r := range s.references {
		check.turns[r.address] = newTurns(maxInFlight / len(s.references))
	}
	return check, nil
}
