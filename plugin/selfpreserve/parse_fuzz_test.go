package selfpreserve

import (
	"fmt"
	"net"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/coredns/caddy"
	"github.com/coredns/caddy/caddyfile"

	"github.com/holdfastdns/holdfast/plugin/internal/plugintest"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire"
)

// Whatever is taken keeps to the limits, and says the same when it is written down again.
func FuzzParse(f *testing.F) {
	for _, stanza := range []string{
		"selfpreserve", "selfpreserve :80", "selfpreserve [fe80::1%eth0]:81 {", "selfpreserve {\n}",
		"selfpreserve {\n peers static 192.0.2.1 [2001:db8::1]:53 fe80::1%eth0 ::ffff:192.0.2.2\n min_peers 50%\n}",
		"selfpreserve {\n peers static 192.0.2.1\n min_peers 2 50%\n observe\n control\n cold_start never\n}",
		"selfpreserve :8182 {\n peers dns A.example.org b.example.org:80\n peers static 192.0.2.1\n min_peers 2\n capacity 5000\n}",
		"selfpreserve {\n interval 1s\n promise 3\n max_hold 1h\n canary Example.org\n canary \xe5.example.org TXT\n}",
		"selfpreserve {\n tls cert.pem key.pem ca.pem\n}", "selfpreserve\nselfpreserve", "selfpreserve {\n peers dns 0[ \\058.\n}", "selfpreserve {\n canary \\097.b\\.c\\ d\n}",
	} {
		f.Add(stanza)
	}
	f.Fuzz(func(t *testing.T, stanza string) {
		if strings.Contains(stanza, "/") {
			return // tls would open files outside this directory
		}
		conf, err := parseText(stanza)
		if err != nil && conf != nil {
			t.Errorf("%q gives an error and %+v", stanza, conf)
		}
		if err != nil {
			plugintest.NamesALine(t, stanza, err)
		}
		if conf == nil {
			return
		}
		for _, broken := range brokenLimits(conf) {
			t.Errorf("%q is taken with %s: %s", stanza, broken, describeConfig(conf))
		}
		again := caddy.NewTestController("dns", "")
		again.Dispenser = caddyfile.NewDispenserTokens("Testfile", tokens(conf))
		if same, err := parse(again); err != nil || !reflect.DeepEqual(same, conf) {
			t.Errorf("%q is taken as %s, and then as %v, %v", stanza, describeConfig(conf), same, err)
		}
	})
}

func brokenLimits(c *config) (broken []string) {
	limit := func(name string, ok bool) {
		if !ok {
			broken = append(broken, name)
		}
	}
	host, port, err := net.SplitHostPort(c.address)
	limit("an address", err == nil && port != "0")
	_, err = netip.ParseAddr(host)
	limit("a host", host == "" || err == nil)
	limit("peers", c.peers == (len(c.static)+len(c.names) > 0))
	limit("too many", len(c.static) <= maxPeers && len(c.names) <= maxNames && len(c.canaries) <= maxCanaries)
	limit("min_peers", c.minPeers.Number >= 0 && c.minPeers.Number <= 1024 && c.minPeers.Percent >= 0 && c.minPeers.Percent <= 100 &&
		c.minPeers.Number+c.minPeers.Percent > 0)
	limit("interval", c.interval >= minInterval && c.interval <= maxInterval)
	limit("promise", c.promise >= minPromise && c.promise <= maxPromise && c.promise/3 >= c.interval)
	limit("max_hold", c.maxHold > c.promise && c.maxHold <= maxHold)
	limit("control", !c.control || c.tls != nil || host == "" || !listenIP(c.address).IsValid() || listenIP(c.address).IsUnspecified() || listenIP(c.address).IsLoopback())
	limit("cold_start", c.coldStart == promise.Never || c.coldStart >= minColdStart && c.coldStart <= maxColdStart)
	limit("capacity", c.capacity >= 0 && c.capacity <= wire.MaxRate)
	seen := make(map[any]bool)
	for _, p := range c.static {
		limit("static peer", p.IsValid() && p.Port() != 0 && !p.Addr().Is4In6() && !seen[p])
		seen[p] = true
	}
	for _, p := range c.names {
		limit("named peer", p.port != 0 && askable(p.name, dns.TypeAAAA) && !seen[p])
		seen[p] = true
	}
	for _, q := range c.canaries {
		limit("canary", askable(q.name, q.qtype) && !seen[q])
		seen[q] = true
	}
	return broken
}

// askable tells whether a question goes over the wire and arrives as it was.
func askable(name string, qtype uint16) bool {
	var sent, received dns.Msg
	wire, err := sent.SetQuestion(name, qtype).Pack()
	return err == nil && received.Unpack(wire) == nil && received.Question[0] == sent.Question[0] && dns.IsFqdn(name)
}

// tokens are those of a Corefile that says the same as c, past the lexer and its quotes.
func tokens(c *config) (all []caddyfile.Token) {
	line := 0
	write := func(words ...string) {
		line += 1 << 20 // a zone can have line breaks, which count
		for _, word := range words {
			all = append(all, caddyfile.Token{File: "Testfile", Line: line, Text: word})
		}
	}
	write(pluginName, c.address, "{")
	for _, p := range c.static {
		write("peers", "static", p.String())
	}
	for _, p := range c.names {
		write("peers", "dns", fmt.Sprintf("%s:%d", p.name, p.port))
	}
	for _, q := range c.canaries {
		write("canary", q.name, dns.TypeToString[q.qtype])
	}
	write(append([]string{"min_peers"}, strings.Fields(describeQuota(c.minPeers))...)...)
	write("max_hold", c.maxHold.String())
	write("promise", c.promise.String())
	write("interval", c.interval.String())
	if c.capacity != 0 {
		write("capacity", fmt.Sprint(c.capacity))
	}
	if c.coldStart == promise.Never {
		write("cold_start", "never")
	} else {
		write("cold_start", c.coldStart.String())
	}
	if c.observe {
		write("observe")
	}
	if c.control {
		write("control")
	}
	write("}")
	return all
}
