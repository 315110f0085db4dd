package selfpreserve

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/plugin"
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

	// intervalsInPromise is how many intervals a promise lasts at least. Renewal is due
	// at a third of its life, so a check falls upon each.
	intervalsInPromise = 3

	wantBraces = "want { at the end of the first line, } on a line of its own, and nothing behind them"
)

// properties are the lines that a stanza may have. Each parser stores into the stanza
// what its arguments say, or tells what is wrong with them.
var properties = map[string]func(*stanza, []string) error{
	"peers":     (*stanza).parsePeers,
	"min_peers": (*stanza).parseMinPeers,
	"max_hold": func(s *stanza, args []string) error {
		return oneDuration("max_hold", args, minHold, maxHold, &s.maxHold)
	},
	"promise": func(s *stanza, args []string) error {
		return oneDuration("promise", args, minPromise, maxPromise, &s.promise)
	},
	"interval": func(s *stanza, args []string) error {
		return oneDuration("interval", args, minInterval, maxInterval, &s.interval)
	},
	"canary":   (*stanza).parseCanary,
	"capacity": (*stanza).parseCapacity,
	"tls":      (*stanza).parseTLS,
}

// repeatable are the properties that add to what an earlier line says.
var repeatable = []string{"peers", "canary"}

// stanza is a configuration in the making.
type stanza struct {
	*config
	root    string          // what file names are relative to, or empty
	written map[string]bool // the properties that are not left to their defaults
}

// parse reads the stanza of one server block. It returns nil for a bare one, which only
// enrols the block's plugins.
func parse(c *caddy.Controller) (*config, error) {
	c.Next() // the directive's name
	s := stanza{config: defaultConfig(), root: dnsserver.GetConfig(c).Root, written: make(map[string]bool)}
	if err := s.parseListener(c.RemainingArgs()); err != nil {
		return nil, c.Err(err.Error())
	}
	for c.NextBlock() {
		if err := s.parseLine(c.Val(), c.RemainingArgs()); err != nil {
			return nil, c.Err(err.Error())
		}
	}
	last := c.Val() // still the directive's name if there is no block
	if c.Next() {
		if c.Val() == pluginName {
			return nil, plugin.ErrOnce
		}
		return nil, c.Errf("unexpected %q: %s", c.Val(), wantBraces)
	}
	if last == pluginName {
		return nil, nil
	}
	if err := s.checkOrder(); err != nil {
		return nil, c.Err(err.Error())
	}
	return s.config, nil
}

func (s *stanza) parseLine(property string, args []string) error {
	parseProperty, ok := properties[property]
	if !ok {
		return fmt.Errorf("unknown property %q: want one of %s", property,
			strings.Join(slices.Sorted(maps.Keys(properties)), ", "))
	}
	if i := slices.IndexFunc(args, isBrace); i >= 0 {
		return fmt.Errorf("unexpected %q behind %s: %s", args[i], property, wantBraces)
	}
	if s.written[property] && !slices.Contains(repeatable, property) {
		return fmt.Errorf("%s is given twice: want it once, with all its values", property)
	}
	s.written[property] = true
	return parseProperty(s, args)
}

func isBrace(arg string) bool { return arg != "" && strings.Trim(arg, "{}") == "" }

// checkOrder holds durations against each other.
func (s *stanza) checkOrder() error {
	if least := intervalsInPromise * s.interval; s.promise < least {
		return fmt.Errorf("%s is shorter than three times the %s: want a promise of %s or longer, or a shorter interval, so that a promise is renewed twice before it ends",
			s.spell("promise", s.promise), s.spell("interval", s.interval), least)
	}
	if s.maxHold <= s.promise {
		return fmt.Errorf("%s is not longer than the %s: want a longer max_hold, or a shorter promise, so that a server that has promised can wait until that ends",
			s.spell("max_hold", s.maxHold), s.spell("promise", s.promise))
	}
	return nil
}

func (s *stanza) spell(property string, d time.Duration) string {
	if s.written[property] {
		return fmt.Sprintf("%s of %s", property, d)
	}
	return fmt.Sprintf("%s of %s (the default)", property, d)
}
