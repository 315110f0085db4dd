package ttlfloor

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/pkg/durations"
	"github.com/miekg/dns"
)

// maxSeconds is dnsmasq's limit and where Unbound begins to warn: a longer floor
// keeps names alive that their owner took away an hour ago.
const maxSeconds = 3600

const wantSeconds = "want whole seconds from 1s to 1h, such as 30 or 30s"

// parseArgs reads [FLOOR] [ZONES...].
func (s *stanza) parseArgs(args []string) error {
	if len(args) > 0 && looksLikeDuration(args[0]) {
		if err := parseSeconds("floor", args[0], &s.policy.Floor); err != nil {
			return err
		}
		args = args[1:]
	}
	s.zones = args
	return checkZones("zone", args)
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

func checkZones(property string, names []string) error {
	for _, name := range names {
		if looksLikeDuration(name) {
			return fmt.Errorf("%s %q looks like a duration: want domain names, and a duration only as FLOOR before them", property, name)
		}
		if _, ok := properties[name]; ok || name == "off" {
			return fmt.Errorf("%s %q is a setting: want domain names here, and settings each on a line of its own between { and }", property, name)
		}
		if strings.ContainsAny(name, "{}") {
			return fmt.Errorf("%s %q is no zone: want { at the end of the line and } on one of its own", property, name)
		}
		if !isZone(name) {
			return fmt.Errorf("%s %q is no zone: want a domain name or a network such as 10.0.0.0/8", property, name)
		}
	}
	return nil
}

// isZone looks at what CoreDNS makes of name: in lower case some letters are longer, and
// a label can outgrow its 63 octets, or the name the 255 of RFC 1035 section 2.3.4; the dot
// that it adds can be escaped.
func isZone(name string) bool {
	zones := plugin.Host(name).NormalizeExact()
	return len(zones) != 0 && !slices.ContainsFunc(zones, func(zone string) bool {
		_, err := dns.PackDomainName(zone, make([]byte, 255), 0, nil, false)
		return err != nil || !dns.IsFqdn(zone)
	})
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
