package ttlfloor

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/pkg/durations"
)

// maxSeconds is dnsmasq's limit and where Unbound begins to warn: a longer floor
// keeps names alive that their owner took away an hour ago.
const maxSeconds = 3600

const wantSeconds = "want whole seconds from 1s to 1h, such as 30 or 30s"

// parseArgs reads [FLOOR] [ZONES...]. A first argument that begins like a number
// is FLOOR, unless it can only be a name: 10.in-addr.arpa, 10.0.0.0/8, 2001:db8::/32.
func (s *stanza) parseArgs(args []string) error {
	if len(args) > 0 && looksLikeDuration(args[0]) {
		if err := parseSeconds("floor", args[0], &s.policy.Floor); err != nil {
			return err
		}
		args = args[1:]
	}
	for _, arg := range args {
		if looksLikeDuration(arg) {
			return fmt.Errorf("zone %q looks like a duration: want FLOOR once and before the zones", arg)
		}
	}
	s.zones = args
	return checkZones("zone", args)
}

func looksLikeDuration(arg string) bool {
	if _, err := durations.NewDurationFromArg(arg); err == nil {
		return true
	}
	return strings.IndexAny(arg, "+-0123456789") == 0 && !strings.ContainsAny(arg, ".:/")
}

func checkZones(property string, names []string) error {
	for _, name := range names {
		if len(plugin.Host(name).NormalizeExact()) == 0 {
			return fmt.Errorf("%s %q is no zone: want a domain name or a network such as 10.0.0.0/8", property, name)
		}
	}
	return nil
}

func oneSeconds(property string, args []string, seconds *uint32) error {
	if len(args) != 1 {
		return fmt.Errorf("%s has %d values, %q: want one, whole seconds from 1s to 1h", property, len(args), args)
	}
	return parseSeconds(property, args[0], seconds)
}

func parseSeconds(property, arg string, seconds *uint32) error {
	d, err := durations.NewDurationFromArg(arg)
	if err != nil {
		return fmt.Errorf("%s %q is no duration: %s", property, arg, wantSeconds)
	}
	if d%time.Second != 0 {
		return fmt.Errorf("%s %q has a fraction of a second: %s", property, arg, wantSeconds)
	}
	if d < time.Second || d > maxSeconds*time.Second {
		return fmt.Errorf("%s %q is out of range: %s", property, arg, wantSeconds)
	}
	*seconds = uint32(d / time.Second) // #nosec G115 -- at most maxSeconds
	return nil
}

// parseRange reads "LOW HIGH", percentages from lowest to 100, or "off".
func parseRange(property string, lowest int, args []string, r *Range) error {
	want := fmt.Sprintf("want off, or LOW HIGH from %d%% to 100%% with LOW below HIGH", lowest)
	if len(args) == 1 && args[0] == "off" {
		*r = Range{}
		return nil
	}
	if len(args) != 2 {
		return fmt.Errorf("%s has %d values, %q: %s", property, len(args), args, want)
	}
	var percent [2]int
	for i, arg := range args {
		digits, isPercent := strings.CutSuffix(arg, "%")
		n, err := strconv.Atoi(digits)
		if err != nil || !isPercent || n < lowest || n > 100 {
			return fmt.Errorf("%s %q is no whole percentage in range: %s", property, arg, want)
		}
		percent[i] = n
	}
	if percent[0] >= percent[1] {
		return fmt.Errorf("%s \"%s %s\" is no range: %s", property, args[0], args[1], want)
	}
	*r = Range{Low: float64(percent[0]) / 100, High: float64(percent[1]) / 100}
	return nil
}
