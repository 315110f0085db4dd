package ttlfloor

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/plugin"

	"github.com/holdfastdns/holdfast/plugin/internal/stanza"

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

// parser keeps what a stanza says, where 0 and nil say that nothing is written.
type parser struct {
	policy Policy
	types  map[uint16]struct{}
	zones  []string
	except []string
}

// properties are the lines that a stanza may have.
func (p *parser) properties() map[string]stanza.Property {
	seconds := func(store *uint32) func([]string) error {
		return stanza.One(wantSeconds, store, stanza.Seconds(maxSeconds))
	}
	return map[string]stanza.Property{
		"zero":     {Parse: seconds(&p.policy.Zero)},
		"negative": {Parse: seconds(&p.policy.Negative)},
		"jitter":   {Parse: percentages(0, &p.policy.Jitter)},
		"spread":   {Parse: percentages(-100, &p.policy.Spread)},
		"types":    {Parse: p.parseTypes},
		"except":   {Parse: p.parseExcept},
	}
}

func parse(c *caddy.Controller) (*TTLFloor, error) {
	p := parser{policy: Policy{Jitter: defaultJitter}}
	lines, err := stanza.Read(c, p.parseArguments, p.properties())
	if err != nil {
		return nil, err
	}
	return p.build(lines, c.ServerBlockKeys)
}

// build fills in what the stanza leaves out and checks what its parts say together.
func (p *parser) build(lines *stanza.Lines, serverBlock []string) (*TTLFloor, error) {
	policy := p.policy
	if policy.Floor == 0 {
		policy.Floor = defaultFloor
	}
	if policy.Zero == 0 {
		policy.Zero = max(defaultZero, policy.Floor)
	}
	if policy.Zero < policy.Floor {
		return nil, lines.At("zero").Errf("zero %ds is below the floor: want at least %ds", policy.Zero, policy.Floor)
	}
	if policy.Negative == 0 {
		policy.Negative = policy.Floor
	}
	raised, err := stanza.Zones(p.zones, serverBlock)
	if err != nil {
		return nil, lines.At().Err(err.Error())
	}
	z, err := newZones(raised, p.except)
	if err != nil {
		return nil, lines.At("except").Err(err.Error())
	}
	return &TTLFloor{zones: z, policy: policy, types: p.types, now: time.Now, draw: rand.Uint64}, nil
}

// newZones joins what is raised and what is taken out again, which must lie below that.
func newZones(raised plugin.Zones, except []string) (zones, error) {
	var z zones
	for _, name := range raised {
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

func (p *parser) parseTypes(values []string) error {
	if len(values) == 0 {
		return errors.New("has no value: want record types such as A AAAA SRV")
	}
	p.types = make(map[uint16]struct{}, len(values))
	for _, value := range values {
		rrtype, ok := dns.StringToType[strings.ToUpper(value)]
		if !ok {
			return fmt.Errorf("%q is not a record type: want types such as A AAAA SRV", value)
		}
		if neverRaised(rrtype) {
			return fmt.Errorf("%q is a type whose TTL is never changed: want types such as A AAAA SRV", value)
		}
		p.types[rrtype] = struct{}{}
	}
	return nil
}

func (p *parser) parseExcept(values []string) error {
	if len(values) == 0 {
		return errors.New("has no value: want zones")
	}
	p.except = values
	return p.checkZones(values)
}
