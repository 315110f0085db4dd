package selfpreserve

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/coredns/caddy"
	"github.com/holdfastdns/holdfast/plugin/internal/plugintest"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
	"github.com/miekg/dns"
)

func parseText(stanza string) (*config, error) {
	return parse(caddy.NewTestController("dns", stanza))
}

func TestParse(t *testing.T) {
	for _, tc := range []struct{ lines, want string }{
		{"selfpreserve {\n}", ":8182 min_peers 1 max_hold 20s promise 15s interval 2s"},
		{"selfpreserve :80", ":80 min_peers 1 max_hold 20s promise 15s interval 2s"},
		{"selfpreserve 192.0.2.1:08182", "192.0.2.1:8182 min_peers 1 max_hold 20s promise 15s interval 2s"},
		{"selfpreserve [2001:DB8::0:1]:65535 {\n}", "[2001:db8::1]:65535 min_peers 1 max_hold 20s promise 15s interval 2s"},
		{"selfpreserve [::ffff:192.0.2.1]:1", "192.0.2.1:1 min_peers 1 max_hold 20s promise 15s interval 2s"},
		{"selfpreserve [fe80::1%eth0]:1", "[fe80::1%eth0]:1 min_peers 1 max_hold 20s promise 15s interval 2s"},

		{"peers static 192.0.2.1 192.0.2.1:80 2001:db8::1 [2001:db8::2] [2001:db8::3]:80",
			"192.0.2.1:8182 192.0.2.1:80 [2001:db8::1]:8182 [2001:db8::2]:8182 [2001:db8::3]:80"},
		{"peers static fe80::1%eth0 fe80::1%eth1 [fe80::1%eth0]:80", "[fe80::1%eth0]:8182 [fe80::1%eth1]:8182 [fe80::1%eth0]:80"},
		{"peers static ::ffff:192.0.2.1", "192.0.2.1:8182"},
		{"peers dns DNS.example.org dns.example.org.:80 other", "dns.example.org.:8182 dns.example.org.:80 other.:8182"},
		{"canary " + strings.Repeat("İ", 31) + ".org", strings.Repeat(`\196\176`, 31) + ".org./A"}, // strings.ToLower makes it 93 octets
		{"peers static 192.0.2.1\n peers dns a.example.org\n peers static 192.0.2.2\n peers dns b.example.org:1",
			"192.0.2.1:8182 192.0.2.2:8182 a.example.org.:8182 b.example.org.:1"},

		{"min_peers 1", "min_peers 1"},
		{"min_peers 1024", "min_peers 1024"},
		{"min_peers 1%", "min_peers 1%"},
		{"min_peers 100%", "min_peers 100%"},
		{"min_peers 2 50%", "min_peers 2 50%"},
		{"min_peers 1024 100%", "min_peers 1024 100%"},
		{"observe", "observe"},
		{"control", "control"},
		{"observe\n control", "observe control"},
		{"selfpreserve 127.0.0.2:8182 {\n control\n}", "control"},
		{"selfpreserve [::]:8182 {\n control\n}", "control"},
		{"cold_start never", "cold_start never"},
		{"cold_start 24h", "cold_start 24h0m0s"},
		{"interval 100ms\n promise 1s\n max_hold 1001ms", "max_hold 1.001s promise 1s interval 100ms"},
		{"interval 1m\n promise 3m\n max_hold 1h", "max_hold 1h0m0s promise 3m0s interval 1m0s"},
		{"promise 600\n max_hold 601", "max_hold 10m1s promise 10m0s interval 2s"},
		{"interval 5", "promise 15s interval 5s"},
		{"canary Example.org\n canary example.org AAAA\n canary . ns\n canary example.org. TXT", "example.org./A example.org./AAAA ./NS example.org./TXT"},
		{"capacity 1", "capacity 1"},
		{"capacity 1000000000", "capacity 1000000000"},
	} {
		t.Run(tc.lines, func(t *testing.T) {
			stanza := tc.lines
			if !strings.HasPrefix(stanza, pluginName) {
				stanza = "selfpreserve {\n " + stanza + "\n}"
			}
			conf, err := parseText(stanza)
			if err != nil {
				t.Fatal(err)
			}
			if conf == nil {
				t.Fatal("taken for a bare one")
			}
			got := describeConfig(conf)
			if !strings.Contains(" "+got+" ", " "+tc.want+" ") {
				t.Errorf("%s, want %s", got, tc.want)
			}
			if strings.HasPrefix(tc.want, ":8182 ") && got != tc.want {
				t.Errorf("%s, want no more than the defaults, %s", got, tc.want)
			}
			if conf.tls != nil {
				t.Error("with TLS")
			}
		})
	}
}

func describeConfig(c *config) string {
	words := []string{c.address}
	for _, peer := range c.static {
		words = append(words, peer.String())
	}
	for _, peer := range c.names {
		words = append(words, fmt.Sprintf("%s:%d", peer.name, peer.port))
	}
	words = append(words, "min_peers "+describeQuota(c.minPeers))
	words = append(words, fmt.Sprintf("max_hold %s promise %s interval %s", c.maxHold, c.promise, c.interval))
	for _, q := range c.canaries {
		words = append(words, q.name+"/"+dns.TypeToString[q.qtype])
	}
	if c.coldStart == promise.Never {
		words = append(words, "cold_start never")
	} else if c.coldStart != defaultColdStart {
		words = append(words, "cold_start "+c.coldStart.String())
	}
	if c.observe {
		words = append(words, "observe")
	}
	if c.control {
		words = append(words, "control")
	}
	if c.capacity != 0 {
		words = append(words, fmt.Sprintf("capacity %d", c.capacity))
	}
	return strings.Join(words, " ")
}

func describeQuota(q promise.Quota) string {
	switch {
	case q.Percent != 0 && q.Number != 0:
		return fmt.Sprintf("%d %d%%", q.Number, q.Percent)
	case q.Percent != 0:
		return fmt.Sprintf("%d%%", q.Percent)
	}
	return fmt.Sprint(q.Number)
}

// A bare stanza has no configuration, not even a default one.
func TestBareStanzaOnlyEnrols(t *testing.T) {
	if conf, err := parseText("selfpreserve"); conf != nil || err != nil {
		t.Errorf("%v, %v", conf, err)
	}
}

func TestPeersAreConfiguredByEitherKind(t *testing.T) {
	for lines, want := range map[string]bool{
		"peers static 192.0.2.1": true, "peers dns a.example.org": true, "min_peers 2\n max_hold 30s\n capacity 5": false,
	} {
		if conf, err := parseText("selfpreserve {\n " + lines + "\n}"); err != nil || conf.peers != want {
			t.Errorf("%s gives %+v, %v", lines, conf, err)
		}
	}
}

// RFC 6895 section 3.1 sets types apart that stand for no data.
func TestCanaryAsksForDataOnly(t *testing.T) {
	meta := strings.Fields("OPT NXNAME TKEY TSIG IXFR AXFR MAILB MAILA ANY None Reserved")
	for name, qtype := range dns.StringToType {
		conf, err := parseText("selfpreserve {\n canary example.org " + name + "\n}")
		if slices.Contains(meta, name) {
			if err == nil {
				t.Errorf("%s is taken", name)
			}
		} else if err != nil || conf.canaries[0].qtype != qtype {
			t.Errorf("%s gives %+v, %v", name, conf, err)
		}
	}
}

// The limits are such that what they allow is taken.
func TestAsManyAsTheLimitsSay(t *testing.T) {
	for kind, n := range map[string]int{"peers static": maxPeers, "peers dns": maxNames, "canary": maxCanaries} {
		conf, err := parseText("selfpreserve {\n" + numbered(kind, n) + "}")
		if err != nil || len(conf.static)+len(conf.names)+len(conf.canaries) != n {
			t.Errorf("%d times %s: %v", n, kind, err)
		}
	}
}

// numbered returns n lines.
func numbered(property string, n int) string {
	var lines strings.Builder
	for i := range n {
		value := fmt.Sprintf("n%d.example.org", i)
		if property == "peers static" {
			value = fmt.Sprintf("10.0.%d.%d", i>>8, i&255)
		}
		fmt.Fprintf(&lines, " %s %s\n", property, value)
	}
	return lines.String()
}

// RFC 1035 section 2.3.4: 255 octets. dns.IsDomainName takes 257.
func TestNamesFitTheWire(t *testing.T) {
	longest := strings.Repeat(strings.Repeat("a", 49)+".", 5) + "aaa" // 5*50 + 4 + 1
	if name, ok := domainName(longest); !ok || name != longest+"." {
		t.Errorf("255 octets are %q, %v", name, ok)
	}
	if name, ok := domainName(longest + "a"); ok {
		t.Errorf("256 octets are taken as %q", name)
	}
}

func TestSyntaxInTheREADMEIsWhatTheParserTakes(t *testing.T) {
	plugintest.Syntax(t, "selfpreserve [ADDRESS] {", append(slices.Collect(maps.Keys((&parser{config: defaultConfig()}).properties())), "peers")) // peers has a line for each kind
}
