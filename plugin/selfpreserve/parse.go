package selfpreserve

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"

	"github.com/holdfastdns/holdfast/plugin/internal/stanza"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire"

	"github.com/miekg/dns"
)

const (
	// Below 100ms a fleet would spend its time on polls. With an interval above a minute
	// a server learns of its own failure after three.
	minInterval = 100 * time.Millisecond
	maxInterval = time.Minute

	// Below a second the round trips of a round would use a promise up. What binds a
	// server for longer than ten minutes, or holds its SIGTERM for longer than an hour, is
	// a typing error: no orchestrator waits that long.
	minPromise = time.Second
	maxPromise = 10 * time.Minute
	minHold    = time.Second
	maxHold    = time.Hour

	// No rollout waits for less, and nobody for longer who does not mean never.
	minColdStart = time.Second
	maxColdStart = 24 * time.Hour

	// intervalsInPromise is how many intervals a promise lasts at least. Renewal is due
	// at a third of its life, so a check falls upon each.
	intervalsInPromise = 3

	// maxCanaries bounds what a server asks itself in each interval.
	maxCanaries = 16
)

// parser keeps what a stanza says.
type parser struct {
	*config
	root string // what file names are relative to, or empty
}

// properties are the lines that a stanza may have.
func (p *parser) properties() map[string]stanza.Property {
	wantRate := fmt.Sprintf("want a whole number of queries a second from 1 to %d", wire.MaxRate)
	return map[string]stanza.Property{
		"peers":      {Parse: p.parsePeers, Repeatable: true},
		"min_peers":  {Parse: p.parseMinPeers},
		"max_hold":   {Parse: stanza.Duration(&p.maxHold, minHold, maxHold)},
		"promise":    {Parse: stanza.Duration(&p.promise, minPromise, maxPromise)},
		"interval":   {Parse: stanza.Duration(&p.interval, minInterval, maxInterval)},
		"canary":     {Parse: p.parseCanary, Repeatable: true},
		"capacity":   {Parse: stanza.One(wantRate, &p.capacity, stanza.WholeNumber(wire.MaxRate))},
		"tls":        {Parse: p.parseTLS},
		"observe":    {Parse: flag(&p.observe)},
		"control":    {Parse: flag(&p.control)},
		"cold_start": {Parse: p.parseColdStart},
	}
}

// parse reads the stanza of one server block. It returns nil for a bare one, which only
// enrols the block's plugins.
func parse(c *caddy.Controller) (*config, error) {
	p := parser{config: defaultConfig(), root: dnsserver.GetConfig(c).Root}
	lines, err := stanza.Read(c, p.parseListener, p.properties())
	if err != nil || lines.Bare {
		return nil, err
	}
	if err := p.checkOrder(lines); err != nil {
		return nil, err
	}
	if ip := listenIP(p.address); p.control && p.tls == nil && ip.IsValid() && !ip.IsUnspecified() && !ip.IsLoopback() {
		return nil, lines.At("control").Errf("control without tls is accepted from loopback only, which cannot reach the address %s: want tls, or an address such as :%d", p.address, defaultPort)
	}
	return p.config, nil
}

// checkOrder holds durations against each other.
func (p *parser) checkOrder(lines *stanza.Lines) error {
	spell := func(property string, d time.Duration) string {
		if lines.Has(property) {
			return fmt.Sprintf("%s of %s", property, d)
		}
		return fmt.Sprintf("%s of %s (the default)", property, d)
	}
	if least := intervalsInPromise * p.interval; p.promise < least {
		return lines.At("promise", "interval").Errf("%s is shorter than three times the %s: want a promise of %s or longer, or a shorter interval, so that a promise is renewed twice before it ends",
			spell("promise", p.promise), spell("interval", p.interval), least)
	}
	if p.maxHold <= p.promise {
		return lines.At("max_hold", "promise").Errf("%s is not longer than the %s: want a longer max_hold, or a shorter promise, so that a server that has promised can wait for its promise to end",
			spell("max_hold", p.maxHold), spell("promise", p.promise))
	}
	if p.coldStart <= p.promise {
		return lines.At("cold_start", "promise").Errf("%s is not longer than the %s: want a longer cold_start, or a shorter promise, so that peers can be asked before it is over",
			spell("cold_start", p.coldStart), spell("promise", p.promise))
	}
	return nil
}

// parseMinPeers reads N, P% or N P%.
func (p *parser) parseMinPeers(values []string) error {
	want := fmt.Sprintf("want a whole number from 1 to %d, a percentage from 1%% to 100%%, or first the number and then the percentage", maxPeers)
	if len(values) < 1 || len(values) > 2 {
		return fmt.Errorf("has %d values, %q: %s", len(values), values, want)
	}
	var quota promise.Quota
	for _, value := range values {
		store, most := &quota.Number, maxPeers
		digits, isPercentage := strings.CutSuffix(value, "%")
		if isPercentage {
			store, most = &quota.Percent, 100
		}
		n, err := stanza.WholeNumber(most)(digits)
		if err != nil {
			return fmt.Errorf("%q %w: %s", value, err, want)
		}
		if quota.Percent != 0 || *store != 0 {
			return fmt.Errorf("has the values %q: %s", values, want)
		}
		*store = n
	}
	p.minPeers = quota
	return nil
}

func (p *parser) parseColdStart(values []string) error {
	if slices.Equal(values, []string{"never"}) {
		p.coldStart = promise.Never
		return nil
	}
	if err := stanza.Duration(&p.coldStart, minColdStart, maxColdStart)(values); err != nil {
		return fmt.Errorf("%w, or never", err)
	}
	return nil
}

// flag makes the parser of a property that is there or not.
func flag(store *bool) func([]string) error {
	return func(values []string) error {
		if len(values) > 0 {
			return fmt.Errorf("has %d values, %q: want none", len(values), values)
		}
		*store = true
		return nil
	}
}

// parseCanary reads a question. Types that stand for no data are refused: a server that
// answers them as it should would be taken for a sick one.
func (p *parser) parseCanary(values []string) error {
	if len(values) < 1 || len(values) > 2 {
		return fmt.Errorf("has %d values, %q: want a domain name, and a type if it is not A", len(values), values)
	}
	name, ok := domainName(values[0])
	if !ok {
		return fmt.Errorf("%q is not a domain name: want one such as health.example.org", values[0])
	}
	question := canary{name: name, qtype: dns.TypeA}
	if len(values) == 2 {
		question.qtype, ok = dns.StringToType[strings.ToUpper(values[1])]
		if !ok || !isData(question.qtype) {
			return fmt.Errorf("%q has type %q: want a type of data, such as A, AAAA, SOA or TXT", values[0], values[1])
		}
	}
	if slices.Contains(p.canaries, question) {
		return fmt.Errorf("%q for %s is given twice: want each question once", name, dns.TypeToString[question.qtype])
	}
	if len(p.canaries) == maxCanaries {
		return fmt.Errorf("%q is number %d: want at most %d", name, maxCanaries+1, maxCanaries)
	}
	p.canaries = append(p.canaries, question)
	return nil
}

// isData tells types of data from those of questions, transactions and pseudo records:
// RFC 6895 section 3.1. Nobody can write type 0 or 65535, as neither has a name in
// upper case.
func isData(qtype uint16) bool { return qtype != dns.TypeOPT && (qtype < 128 || qtype > 255) }
