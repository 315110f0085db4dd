package stalecheck

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/nsid"

	"github.com/holdfastdns/holdfast/plugin/internal/stanza"
	"github.com/holdfastdns/holdfast/plugin/stalecheck/ask"
	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"
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
		if err := s.canFollow(config.Handlers()); err != nil {
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

// parser keeps what a stanza says.
type parser struct {
	zones      []string
	rules      verdict.Rules
	references []verdict.Reference
	heartbeat  string
	catalogs   []string
	interval   time.Duration
	ttl        uint32
	action     action
}

// properties are the lines that a stanza may have.
func (p *parser) properties() map[string]stanza.Property {
	return map[string]stanza.Property{
		"primary":   {Parse: func(values []string) error { return p.parseReferences(verdict.Primary, values) }},
		"peers":     {Parse: func(values []string) error { return p.parseReferences(verdict.Peers, values) }},
		"heartbeat": {Parse: p.parseHeartbeat},
		"serial":    {Parse: p.parseSerial},
		"catalog":   {Parse: p.parseCatalogs},
		"max_age":   {Parse: stanza.Duration(&p.rules.MaxAge, minDuration, maxDuration)},
		"interval":  {Parse: stanza.Duration(&p.interval, minDuration, maxDuration)},
		"ttl":       {Parse: stanza.One("want off, or whole seconds from 1s to 168h", &p.ttl, parseTTL)},
		"action":    {Parse: p.parseAction},
	}
}

func parse(c *caddy.Controller) (*StaleCheck, error) {
	p := parser{interval: defaultInterval, ttl: defaultTTL, rules: verdict.Rules{MaxAge: defaultMaxAge}}
	lines, err := stanza.Read(c, p.parseZones, p.properties())
	if err != nil {
		return nil, err
	}
	return p.build(lines, c.ServerBlockKeys)
}

// build checks what the stanza's parts say together.
func (p *parser) build(lines *stanza.Lines, serverBlock []string) (*StaleCheck, error) {
	if p.rules.Sources == [verdict.NumSources]bool{} {
		return nil, lines.At().Errf("no source: want at least one of primary, peers, heartbeat, serial")
	}
	if p.rules.MaxAge < p.interval {
		return nil, lines.At("max_age", "interval").Errf("max_age of %s is below the interval of %s: want it no shorter", p.rules.MaxAge, p.interval)
	}
	if p.rules.SerialFormat == verdict.CalendarDate && p.rules.MaxAge < 24*time.Hour {
		return nil, lines.At("max_age", "serial").Errf("max_age of %s is too short for serial date, which counts days from midnight UTC: want at least 24h", p.rules.MaxAge)
	}
	if p.action != flag && len(p.references) == 0 {
		return nil, lines.At("action").Errf("action %s is taken only while a primary or peer has newer data: want primary or peers beside it", actionNames[p.action])
	}
	block := plugin.Zones(plugin.OriginsFromArgsOrServerBlock(nil, serverBlock))
	if p.heartbeat != "" && !block.Contains(p.heartbeat) {
		return nil, lines.At("heartbeat").Errf("heartbeat %q is outside the server block: want a name in %s", p.heartbeat, strings.Join(block, " "))
	}
	for _, name := range p.catalogs {
		if !block.Contains(name) {
			return nil, lines.At("catalog").Errf("catalog %q is outside the server block: want names in %s", name, strings.Join(block, " "))
		}
	}
	zones, err := stanza.Zones(slices.Concat(p.zones, p.catalogs), serverBlock)
	if err != nil {
		return nil, lines.At().Err(err.Error())
	}
	check := &StaleCheck{
		byName: make(map[string]*zone), rules: p.rules, references: p.references, heartbeat: p.heartbeat,
		interval: p.interval, ttl: p.ttl, action: p.action,
		now: time.Now, turns: make(map[string]*turns), lines: make(map[string]*ask.Line),
	}
	for _, name := range zones {
		if check.byName[name] != nil && (len(p.zones) == 0 || slices.Contains(p.catalogs, name)) {
			continue // a block can have a zone on several ports, and a catalog may be named as a zone, too
		}
		if check.byName[name] != nil {
			return nil, lines.At().Errf("zone %q is given twice: want it once", name)
		}
		z := check.newZone(name)
		check.zones = append(check.zones, z)
		check.byName[name] = z
	}
	check.catalogs.names, check.catalogs.block = p.catalogs, block
	check.catalogs.read, check.catalogs.before = make(map[string]*catalogState), make(map[string]legacy)
	for _, r := range p.references {
		check.turns[r.Address] = newTurns(maxInFlight / len(p.references))
		check.lines[r.Address] = ask.NewLine(r.Address)
	}
	check.ask = func(ctx context.Context, address, zone string) (verdict.Answer, verdict.Failure) {
		return askReference(ctx, check.lines[address], zone)
	}
	return check, nil
}
