package selfpreserve

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/coredns/coredns/plugin/pkg/durations"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire"

	"github.com/miekg/dns"
)

// maxCanaries bounds what a server asks itself in each interval.
const maxCanaries = 16

func (s *stanza) parseMinPeers(args []string) error {
	want := fmt.Sprintf("want a whole number from 1 to %d, or a percentage from 1%% to 100%%", maxPeers)
	value, err := oneValue("min_peers", args, want)
	if err != nil {
		return err
	}
	digits, isPercentage := strings.CutSuffix(value, "%")
	most := maxPeers
	if isPercentage {
		most = 100
	}
	n, err := wholeNumber(digits, most)
	if err != nil {
		return fmt.Errorf("min_peers %q %w: %s", value, err, want)
	}
	if isPercentage {
		s.minPeers = promise.Quota{Percent: n}
	} else {
		s.minPeers = promise.Quota{Number: n}
	}
	return nil
}

func (s *stanza) parseCapacity(args []string) error {
	want := fmt.Sprintf("want a whole number of queries a second from 1 to %d", wire.MaxRate)
	value, err := oneValue("capacity", args, want)
	if err != nil {
		return err
	}
	if s.capacity, err = wholeNumber(value, wire.MaxRate); err != nil {
		return fmt.Errorf("capacity %q %w: %s", value, err, want)
	}
	return nil
}

// parseCanary reads a question. Types that stand for no data are refused: a server that
// answers them as it should would be taken for a sick one.
func (s *stanza) parseCanary(args []string) error {
	if len(args) < 1 || len(args) > 2 {
		return fmt.Errorf("canary has %d values, %q: want a domain name, and a type if it is not A", len(args), args)
	}
	name, ok := domainName(args[0])
	if !ok {
		return fmt.Errorf("canary %q is no domain name: want one such as health.example.org", args[0])
	}
	question := canary{name: name, qtype: dns.TypeA}
	if len(args) == 2 {
		question.qtype, ok = dns.StringToType[strings.ToUpper(args[1])]
		if !ok || !isData(question.qtype) {
			return fmt.Errorf("canary %q has type %q: want a type of data, such as A, AAAA, SOA or TXT", args[0], args[1])
		}
	}
	if slices.Contains(s.canaries, question) {
		return fmt.Errorf("canary %q for %s is given twice: want each question once", name, dns.TypeToString[question.qtype])
	}
	if len(s.canaries) == maxCanaries {
		return fmt.Errorf("canary %q is number %d: want at most %d", name, maxCanaries+1, maxCanaries)
	}
	s.canaries = append(s.canaries, question)
	return nil
}

// isData tells types of data from those of questions, transactions and pseudo records:
// RFC 6895 section 3.1. Nobody can write type 0 or 65535, as neither has a name in
// upper case.
func isData(qtype uint16) bool { return qtype != dns.TypeOPT && (qtype < 128 || qtype > 255) }

// domainName returns name in lower case, fully qualified, and with everything but ASCII
// escaped: what goes over the wire and back cannot fail when it is asked for. It is
// stricter than dns.IsDomainName, which lets 257 octets and a backslash at the end pass.
func domainName(name string) (string, bool) {
	var wire [512]byte // unpacking holds to the 255 of RFC 1035 section 2.3.4
	if name == "" {
		return "", false
	}
	end, err := dns.PackDomainName(dns.Fqdn(name), wire[:], 0, nil, false)
	if err != nil {
		return "", false
	}
	name, _, err = dns.UnpackDomainName(wire[:end], 0)
	return strings.ToLower(name), err == nil
}

func oneDuration(property string, args []string, least, most time.Duration, d *time.Duration) error {
	want := fmt.Sprintf("want one duration from %s to %s, such as 10 or 10s", least, most)
	value, err := oneValue(property, args, want)
	if err != nil {
		return err
	}
	parsed, err := durations.NewDurationFromArg(value)
	if err != nil {
		return fmt.Errorf("%s %q is no duration: %s", property, value, want)
	}
	if parsed < least || parsed > most {
		return fmt.Errorf("%s %q is out of range: %s", property, value, want)
	}
	*d = parsed
	return nil
}

func oneValue(property string, args []string, want string) (string, error) {
	if len(args) != 1 {
		return "", fmt.Errorf("%s has %d values, %q: %s", property, len(args), args, want)
	}
	return args[0], nil
}

// wholeNumber takes 1 to most. It returns an error that goes on where one about a
// property begins.
func wholeNumber(value string, most int) (int, error) {
	n, err := strconv.Atoi(value)
	if err != nil && !errors.Is(err, strconv.ErrRange) { // n is then the largest there is, or the least
		return 0, errors.New("is no whole number")
	}
	if n < 1 || n > most {
		return 0, errors.New("is out of range")
	}
	return n, nil
}
