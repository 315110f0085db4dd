package ttlfloor

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/plugin"

	"github.com/miekg/dns"
)

// Defaults, in seconds. 5 s is the floor of Knot Resolver, of the cache plugin and
// of linkerd-proxy; 30 s is what RFC 8767 section 4 gives to stale answers.
const (
	defaultFloor = 5
	defaultZero  = 30
)

var defaultJitter = Range{Low: 0.10, High: 0.50}

func init() { plugin.Register(pluginName, setup) }

func setup(c *caddy.Controller) error {
	t, err := parse(c)
	if err != nil {
		return plugin.Error(pluginName, err)
	}
	dnsserver.GetConfig(c).AddPlugin(func(next plugin.Handler) plugin.Handler {
		t.Next = next
		return t
	})
	return nil
}

// properties are the lines that a stanza may have. Each parser stores into the
// stanza what its arguments say, or tells what is wrong with them.
var properties map[string]func(*stanza, []string) error

func init() { // checkZones, which except leads to, looks into them
	properties = map[string]func(*stanza, []string) error{
		"zero":     func(s *stanza, args []string) error { return oneSeconds("zero", args, &s.policy.Zero) },
		"negative": func(s *stanza, args []string) error { return oneSeconds("negative", args, &s.policy.Negative) },
		"jitter":   func(s *stanza, args []string) error { return parseRange("jitter", 0, args, &s.policy.Jitter) },
		"spread":   func(s *stanza, args []string) error { return parseRange("spread", -100, args, &s.policy.Spread) },
		"types":    (*stanza).parseTypes,
		"except":   (*stanza).parseExcept,
	}
}

// stanza is a stanza as written, where 0 and nil say that nothing was.
type stanza struct {
	policy Policy
	types  map[uint16]struct{}
	zones  []string
	except []string
}

func parse(c *caddy.Controller) (*TTLFloor, error) {
	c.Next() // the directive's name
	s := stanza{policy: Policy{Jitter: defaultJitter}}
	if err := s.parseArgs(c.RemainingArgs()); err != nil {
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
			return nil, c.Errf("%s is given twice: want it once", property)
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
	t, err := s.build(c.ServerBlockKeys)
	if err != nil {
		return nil, c.Err(err.Error())
	}
	return t, nil
}

// build fills in what the stanza leaves out and checks what its parts say together.
func (s *stanza) build(serverBlock []string) (*TTLFloor, error) {
	p := s.policy
	if p.Floor == 0 {
		p.Floor = defaultFloor
	}
	if p.Zero == 0 {
		p.Zero = max(defaultZero, p.Floor)
	}
	if p.Zero < p.Floor {
		return nil, fmt.Errorf("zero %ds is below the floor: want at least %ds", p.Zero, p.Floor)
	}
	if p.Negative == 0 {
		p.Negative = p.Floor
	}
	z, err := newZones(s.zones, s.except, serverBlock)
	if err != nil {
		return nil, err
	}
	return &TTLFloor{zones: z, policy: p, types: s.types, now: time.Now, draw: rand.Uint64}, nil
}

// newZones joins what is in, which must lie in the server block, and what is taken
// out again, which must lie below that.
func newZones(in, except, serverBlock []string) (zones, error) {
	block := plugin.Zones(plugin.OriginsFromArgsOrServerBlock(nil, serverBlock))
	raised := plugin.Zones(plugin.OriginsFromArgsOrServerBlock(in, serverBlock))
	var z zones
	for _, name := range raised {
		if !block.Contains(name) {
			return nil, fmt.Errorf("zone %q is outside the server block: want names in %s", name, strings.Join(block, " "))
		}
		z = append(z, &zone{name: name})
	}
	for _, name := range except {
		for _, name := range plugin.Host(name).NormalizeExact() {
			if slices.Contains(raised, name) || !raised.Contains(name) {
				return nil, fmt.Errorf("except %q is not below a zone: want names below %s", name, strings.Join(raised, " "))
			}
			z = append(z, &zone{name: name, excepted: true})
		}
	}
	slices.SortStableFunc(z, func(a, b *zone) int { return len(b.name) - len(a.name) })
	return z, nil
}

func (s *stanza) parseTypes(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("types has no value: want record types such as A AAAA SRV")
	}
	s.types = make(map[uint16]struct{}, len(args))
	for _, arg := range args {
		rrtype, ok := dns.StringToType[strings.ToUpper(arg)]
		if !ok {
			return fmt.Errorf("types %q is no record type: want types such as A AAAA SRV", arg)
		}
		if neverRaised(rrtype) {
			return fmt.Errorf("types %q is a type whose TTL is never changed: want types such as A AAAA SRV", arg)
		}
		s.types[rrtype] = struct{}{}
	}
	return nil
}

func (s *stanza) parseExcept(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("except has no value: want zones")
	}
	s.except = args
	return checkZones("except", args)
}
