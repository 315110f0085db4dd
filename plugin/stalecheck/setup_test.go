package stalecheck

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/holdfastdns/holdfast/plugin/internal/plugintest"
	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"
	"github.com/miekg/dns"
)

func parseIn(stanza string, block ...string) (*StaleCheck, error) {
	c := caddy.NewTestController("dns", stanza)
	c.ServerBlockKeys = block
	return parse(c)
}

func TestParse(t *testing.T) {
	resolv := t.TempDir() + "/resolv.conf"
	if err := os.WriteFile(resolv, []byte("nameserver 192.0.2.7\nnameserver 2001:db8::7\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ stanza, want string }{
		{"stalecheck {\n primary 192.0.2.1\n}",
			"[example.org.] primary=192.0.2.1:53 1m0s every 10s ttl 30 flag"},
		{"stalecheck a.example.org B.Example.org. {\n peers 192.0.2.1:5353 [2001:db8::1]:53 2001:db8::2\n}",
			"[a.example.org. b.example.org.] peers=192.0.2.1:5353 peers=[2001:db8::1]:53 peers=[2001:db8::2]:53 1m0s every 10s ttl 30 flag"},
		{"stalecheck {\n peers dns://192.0.2.2\n primary dns://192.0.2.1:54\n action refuse\n}",
			"[example.org.] primary=192.0.2.1:54 peers=192.0.2.2:53 1m0s every 10s ttl 30 refuse"},
		{"stalecheck {\n primary " + resolv + "\n}",
			"[example.org.] primary=192.0.2.7:53 primary=[2001:db8::7]:53 1m0s every 10s ttl 30 flag"},
		{"stalecheck {\n heartbeat Beat.example.org\n max_age 30\n interval 30\n ttl off\n}",
			"[example.org.] beat.example.org. 30s every 30s ttl 0 flag"},
		{"stalecheck {\n serial unixtime\n max_age 1h\n interval 1s\n ttl 7\n}",
			"[example.org.] serial 1 1h0m0s every 1s ttl 7 flag"},
		{"stalecheck {\n serial date\n max_age 24h\n}",
			"[example.org.] serial 2 24h0m0s every 10s ttl 30 flag"},
		{"stalecheck {\n heartbeat b.example.org\n primary 192.0.2.1\n ttl 168h\n action servfail\n}",
			"[example.org.] primary=192.0.2.1:53 b.example.org. 1m0s every 10s ttl 604800 servfail"},
		{"stalecheck {\n catalog C.example.org d.example.org\n primary 192.0.2.1\n}",
			"[c.example.org. d.example.org.] primary=192.0.2.1:53 following [c.example.org. d.example.org.] 1m0s every 10s ttl 30 flag"},
		{"stalecheck a.example.org c.example.org {\n catalog c.example.org\n primary 192.0.2.1\n}",
			"[a.example.org. c.example.org.] primary=192.0.2.1:53 following [c.example.org.] 1m0s every 10s ttl 30 flag"},
	} {
		t.Run(tc.stanza, func(t *testing.T) {
			s, err := parseIn(tc.stanza, "example.org.:53")
			if err != nil {
				t.Fatal(err)
			}
			if got := describe(s); got != tc.want {
				t.Errorf("%s, want %s", got, tc.want)
			}
		})
	}
}

func describe(s *StaleCheck) string {
	var names []string
	for _, z := range s.zones {
		names = append(names, z.name)
	}
	words := []string{fmt.Sprint(names)}
	for _, r := range s.references {
		words = append(words, r.Source.String()+"="+r.Address)
	}
	if s.heartbeat != "" {
		words = append(words, s.heartbeat)
	}
	if s.rules.SerialFormat != verdict.NoFormat {
		words = append(words, fmt.Sprintf("serial %d", s.rules.SerialFormat))
	}
	if len(s.catalogs.names) > 0 {
		words = append(words, fmt.Sprint("following ", s.catalogs.names))
	}
	return fmt.Sprintf("%s %s every %s ttl %d %s", strings.Join(words, " "), s.rules.MaxAge, s.interval, s.ttl, actionNames[s.action])
}

// Without names the zones are those of the server block, all of them.
func TestZonesAreThoseOfTheServerBlock(t *testing.T) {
	s, err := parseIn(withPrimary, "example.org.:53", "2.0.192.in-addr.arpa.:53")
	if err != nil {
		t.Fatal(err)
	}
	if got := describe(s); !strings.HasPrefix(got, "[example.org. 2.0.192.in-addr.arpa.] ") {
		t.Error(got)
	}
	if s, err = parseIn(withPrimary, "example.org.:53", "example.org.:1053", "tls://example.org.:853"); err != nil || len(s.zones) != 1 {
		t.Errorf("a zone on several ports is %v, %v", s, err)
	}
	if s, err = parseIn("stalecheck 192.0.2.0/24 {\n primary 192.0.2.1\n}", "."); err != nil || s.byName["2.0.192.in-addr.arpa."] == nil {
		t.Errorf("a network is %v, %v", s, err)
	}
}

// Every error names the property, the value, and what is accepted.
func TestParseRefuses(t *testing.T) {
	const (
		address  = "want IP addresses with or without a port"
		duration = "want one duration from 1s to 8760h"
		seconds  = "want off, or whole seconds from 1s to 168h"
		source   = "want at least one of primary, peers, heartbeat, serial"
	)
	with := func(lines string) string { return "stalecheck {\n primary 192.0.2.1\n " + lines + "\n}" }
	var many []string
	for i := range 33 {
		many = append(many, fmt.Sprintf("192.0.2.%d", i))
	}
	for _, tc := range []struct{ stanza, property, accepted string }{
		{"stalecheck", "no source", source},
		{"stalecheck {\n max_age 5m\n}", "no source", source},
		{"stalecheck {\n secondary 192.0.2.1\n}", `unknown property "secondary"`, "want one of action, catalog, heartbeat, interval, max_age, peers, primary, serial, ttl"},
		{"stalecheck {\n primary\n}", "primary has no value", address},
		{"stalecheck {\n primary ns.example.org\n}", `primary "ns.example.org" is not an address`, address},
		{"stalecheck {\n peers 192.0.2.256\n}", `peers "192.0.2.256" is not an address`, address},
		{"stalecheck {\n peers 192.0.2.1:0\n}", `peers "192.0.2.1:0" has port "0"`, "want one from 1 to 65535"},
		{"stalecheck {\n peers 192.0.2.1:65536\n}", `peers "192.0.2.1:65536" has port "65536"`, "want one from 1 to 65535"},
		{"stalecheck {\n peers 192.0.2.1:dns\n}", `peers "192.0.2.1:dns" has port "dns"`, "want one from 1 to 65535"},
		{"stalecheck {\n primary tls://192.0.2.1\n}", `primary "tls://192.0.2.1" is not plain DNS`, address},
		{"stalecheck {\n primary 192.0.2.1 192.0.2.1:53\n}", `primary "192.0.2.1:53" is given twice`, "want each server once"},
		{"stalecheck {\n primary 192.0.2.1\n peers 192.0.2.1\n}", `peers "192.0.2.1:53" is given twice`, "want each server once"},
		{"stalecheck {\n peers " + strings.Join(many, " ") + "\n}", `peers has "192.0.2.32" as number 33`, "want at most 32"},
		{with("primary 192.0.2.2"), "primary is given twice", "want it once, with all its values"},
		{"stalecheck {\n heartbeat\n}", "heartbeat has 0 values", "want one domain name"},
		{"stalecheck {\n heartbeat a.example.org b.example.org\n}", `heartbeat has 2 values, ["a.example.org" "b.example.org"]`, "want one domain name"},
		{"stalecheck {\n heartbeat a..example.org\n}", `heartbeat "a..example.org" is not a domain name`, "want one such as"},
		{"stalecheck {\n heartbeat a\\.example.org\\\n}", `heartbeat "a\\.example.org\\" is not a domain name`, "want one such as"},
		{"stalecheck {\n heartbeat " + strings.Repeat("Ⱥ", 31) + ".example.org\n}", "is not a domain name", "want one such as"},
		{"stalecheck " + strings.Repeat("a.", 122) + "example.org {\n primary 192.0.2.1\n}", "is not a zone", "want a domain name"}, // 256 octets
		{"stalecheck {\n heartbeat a.example.com\n}", `heartbeat "a.example.com." is outside the server block`, "want a name in example.org."},
		{"stalecheck {\n serial\n}", "serial is []", "want unixtime or date"},
		{"stalecheck {\n serial unix\n}", `serial is ["unix"]`, "want unixtime or date"},
		{"stalecheck {\n serial date unixtime\n}", `serial is ["date" "unixtime"]`, "want unixtime or date"},
		{"stalecheck {\n serial date\n}", "max_age of 1m0s is too short for serial date", "want at least 24h"},
		{with("max_age"), "max_age has 0 values", duration},
		{with("max_age 0"), `max_age "0" is out of range`, duration},
		{with("max_age -5s"), `max_age "-5s" is out of range`, duration},
		{with("max_age 8761h"), `max_age "8761h" is out of range`, duration},
		{with("max_age soon"), `max_age "soon" is not a duration`, duration},
		{with("max_age 5s"), "max_age of 5s is below the interval of 10s", "want it no shorter"},
		{with("interval 61s"), "max_age of 1m0s is below the interval of 1m1s", "want it no shorter"},
		{with("interval 999ms"), `interval "999ms" is out of range`, duration},
		{with("interval 0s"), `interval "0s" is out of range`, duration},
		{with("interval 1s 2s"), `interval has 2 values, ["1s" "2s"]`, duration},
		{with("ttl"), "ttl has 0 values", seconds},
		{with("ttl 0"), `ttl "0" is out of range`, seconds},
		{with("ttl -1"), `ttl "-1" is out of range`, seconds},
		{with("ttl 1500ms"), `ttl "1500ms" has a fraction of a second`, seconds},
		{with("ttl 169h"), `ttl "169h" is out of range`, seconds},
		{with("ttl on"), `ttl "on" is not a duration`, seconds},
		{with("action"), "action is []", "want one of flag, servfail, refuse"},
		{with("action drop"), `action is ["drop"]`, "want one of flag, servfail, refuse"},
		{with("action unserved"), `action is ["unserved"]`, "want one of flag, servfail, refuse"},
		{with("action flag refuse"), `action is ["flag" "refuse"]`, "want one of flag, servfail, refuse"},
		{"stalecheck {\n heartbeat a.example.org\n action refuse\n}", "action refuse is taken only while a primary or peer has newer data", "want primary or peers beside it"},
		{with("catalog"), "catalog has no value", "want the names of catalog zones"},
		{with("catalog a..example.org"), `catalog "a..example.org" is not a zone`, "want a domain name"},
		{with("catalog example.com"), `catalog "example.com." is outside the server block`, "want names in example.org."},
		{"stalecheck example.com {\n primary 192.0.2.1\n}", `zone "example.com." is outside the server block`, "want names in example.org."},
		{"stalecheck org {\n primary 192.0.2.1\n}", `zone "org." is outside the server block`, "want names in example.org."},
		{"stalecheck a..example.org {\n primary 192.0.2.1\n}", `zone "a..example.org" is not a zone`, "want a domain name"},
		{"stalecheck " + strings.Repeat("Ⱥ", 31) + ".example.org {\n primary 192.0.2.1\n}", "is not a zone", "want a domain name"}, // 93 octets in lower case
		{"stalecheck a\\0\\ {\n primary 192.0.2.1\n}", "is not a zone", "want a domain name"},
		{"stalecheck example.org EXAMPLE.org. {\n primary 192.0.2.1\n}", `zone "example.org." is given twice`, "want it once"},
		{"stalecheck primary 192.0.2.1", `unexpected property "primary" after stalecheck`, "each on a line of its own"},
		{"stalecheck {}", `unexpected "{}" after stalecheck`, "want { at the end of the first line"},
		{"stalecheck example.org{", `zone "example.org{" is not a zone`, "want a domain name"},
		{"stalecheck\n{\n primary 192.0.2.1\n}", `unexpected "{"`, "want { at the end of the first line"},
		{withPrimary + "\n" + withPrimary, "this plugin can only be used once per Server Block", "once"},
	} {
		t.Run(tc.stanza, func(t *testing.T) {
			s, err := parseIn(tc.stanza, "example.org.:53")
			if err == nil {
				t.Fatalf("taken as %s", describe(s))
			}
			for _, want := range []string{tc.property, tc.accepted} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
			plugintest.NamesALine(t, tc.stanza, err)
		})
	}
}

// What shows when the stanza is read as a whole is wrong on the line of its property, or
// of the directive if no property is written that has to change.
func TestErrorsNameTheLineOfTheProperty(t *testing.T) {
	for stanza, want := range map[string]string{
		"stalecheck {\n ttl 5\n max_age 5m\n}":                                         "1 - Error during parsing: no source",
		"stalecheck {\n primary 192.0.2.1\n max_age 5s\n ttl 5\n}":                     "3 - Error during parsing: max_age of 5s is below",
		"stalecheck {\n interval 61s\n primary 192.0.2.1\n ttl 5\n}":                   "2 - Error during parsing: max_age of 1m0s is below",
		"stalecheck {\n interval 2m\n primary 192.0.2.1\n max_age 1m\n ttl 5\n}":       "4 - Error during parsing: max_age of 1m0s is below",
		"stalecheck {\n ttl 5\n serial date\n action flag\n}":                          "3 - Error during parsing: max_age of 1m0s is too short for serial date",
		"stalecheck {\n max_age 23h\n serial date\n ttl 5\n}":                          "2 - Error during parsing: max_age of 23h0m0s is too short for serial date",
		"stalecheck {\n action refuse\n heartbeat a.example.org\n ttl 5\n}":            "2 - Error during parsing: action refuse",
		"stalecheck {\n ttl 5\n heartbeat a.example.com\n max_age 1m\n}":               "3 - Error during parsing: heartbeat",
		"stalecheck example.com {\n primary 192.0.2.1\n ttl 5\n}":                      "1 - Error during parsing: zone",
		"stalecheck example.org example.org {\n primary 192.0.2.1\n ttl 5\n}":          "1 - Error during parsing: zone",
		"stalecheck {\n primary 192.0.2.1\n peers 192.0.2.2 192.0.2.1\n ttl 5\n}":      "3 - Error during parsing: peers",
		"stalecheck {\n primary 192.0.2.1\n ttl 5\n primary 192.0.2.2\n interval 5\n}": "4 - Error during parsing: primary is given twice",
	} {
		if _, err := parseIn(stanza, "example.org.:53"); err == nil || !strings.HasPrefix(err.Error(), "Testfile:"+want) {
			t.Errorf("%q gives %v, want line %s", stanza, err, want)
		}
	}
}

func TestSetupErrorNamesPluginAndLine(t *testing.T) {
	c := caddy.NewTestController("dns", "stalecheck {\n max_age 0\n}")
	err := setup(c)
	if err == nil || !strings.HasPrefix(err.Error(), "plugin/stalecheck: ") || !strings.Contains(err.Error(), ":2 ") {
		t.Errorf("setup error is %v", err)
	}
	if n := len(dnsserver.GetConfig(c).Plugin); n != 0 {
		t.Errorf("%d plugins were added all the same", n)
	}
}

func TestSyntaxInTheREADMEIsWhatTheParserTakes(t *testing.T) {
	plugintest.Syntax(t, "stalecheck [ZONES...] {", slices.Collect(maps.Keys(new(parser).properties())))
}

func FuzzParse(f *testing.F) {
	for _, stanza := range []string{
		withPrimary, "stalecheck a.example.org {\n heartbeat h.a.example.org\n serial date\n max_age 25h\n}",
		"stalecheck {\n peers [2001:db8::1]:53 fe80::1%eth0\n action servfail\n ttl 5\n interval 2s\n}", "stalecheck {", "stalecheck {\n catalog c.example.org\n primary 192.0.2.1\n}", "stalecheck 10.0.0.0/12 {\n serial unixtime\n}",
	} {
		f.Add(stanza)
	}
	f.Fuzz(func(t *testing.T, stanza string) {
		s, err := parseIn(stanza, ".")
		if err != nil {
			plugintest.NamesALine(t, stanza, err)
			return
		}
		if s.interval < time.Second || s.rules.MaxAge < s.interval || s.rules.Sources == [verdict.NumSources]bool{} || len(s.zones) == 0 || len(s.references) > maxReferences {
			t.Errorf("%q is taken as %s", stanza, describe(s))
		}
		for _, name := range append(slices.Collect(maps.Keys(s.byName)), cmp.Or(s.heartbeat, ".")) {
			if _, err := dns.PackDomainName(name, make([]byte, 255), 0, nil, false); err != nil || !dns.IsFqdn(name) {
				t.Errorf("%q makes %q a zone or heartbeat: %v", stanza, name, err)
			}
		}
	})
}
