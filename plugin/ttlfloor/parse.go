package ttlfloor

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/holdfastdns/holdfast/plugin/internal/stanza"
)

// maxSeconds is dnsmasq's limit and where Unbound begins to warn: a longer floor
// keeps names alive that their owner took away an hour ago.
const maxSeconds = 3600

const wantSeconds = "want whole seconds from 1s to 1h, such as 30 or 30s"

// parseArguments reads [FLOOR] [ZONES...].
func (p *parser) parseArguments(args []string) error {
	if len(args) > 0 && looksLikeDuration(args[0]) {
		parseFloor := stanza.One(wantSeconds, &p.policy.Floor, stanza.Seconds(maxSeconds))
		if err := parseFloor(args[:1]); err != nil {
			return fmt.Errorf("floor %w", err)
		}
		args = args[1:]
	}
	if err := p.checkZones(args); err != nil {
		return fmt.Errorf("zone %w", err)
	}
	p.zones = args
	return nil
}

// looksLikeDuration reports whether arg begins like a number and can be no name:
// networks, as 10.0.0.0/8, are names here, and so is what ends in a dot or in a label
// that begins with a letter, as 10.in-addr.arpa.
func looksLikeDuration(arg string) bool {
	const numeric = "+-.0123456789"
	if strings.IndexAny(arg, numeric) != 0 {
		return false
	}
	if _, _, err := net.ParseCIDR(arg); err == nil {
		return false
	}
	last := arg[strings.LastIndexByte(arg, '.')+1:]
	return strings.IndexAny(last, numeric) == 0
}

// checkZones returns an error that begins with the name at fault.
func (p *parser) checkZones(names []string) error {
	properties := p.properties()
	for _, name := range names {
		if looksLikeDuration(name) {
			return fmt.Errorf("%q looks like a duration: want domain names, and a duration only as FLOOR before them", name)
		}
		if _, ok := properties[name]; ok || name == "off" {
			return fmt.Errorf("%q is a setting: want domain names here, and settings each on a line of its own between { and }", name)
		}
	}
	return stanza.CheckZones(names)
}

// percentages makes the parser of "LOW HIGH", from lowest to 100, or "off".
func percentages(lowest int, store *Range) func([]string) error {
	want := fmt.Sprintf("want off, or LOW HIGH from %d%% to 100%% with LOW below HIGH", lowest)
	return func(values []string) error {
		if len(values) == 1 && values[0] == "off" {
			*store = Range{}
			return nil
		}
		if len(values) != 2 {
			return fmt.Errorf("has %d values, %q: %s", len(values), values, want)
		}
		var percent [2]int
		for i, value := range values {
			digits, isPercent := strings.CutSuffix(value, "%")
			n, err := strconv.Atoi(digits)
			if err != nil || !isPercent || n < lowest || n > 100 {
				return fmt.Errorf("%q is not a whole percentage in range: %s", value, want)
			}
			percent[i] = n
		}
		if percent[0] >= percent[1] {
			return fmt.Errorf("\"%s %s\" is not a range: %s", values[0], values[1], want)
		}
		*store = Range{Low: float64(percent[0]) / 100, High: float64(percent[1]) / 100}
		return nil
	}
}
