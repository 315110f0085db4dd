package ttlfloor

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/holdfastdns/holdfast/plugin/internal/plugintest"

	"github.com/miekg/dns"
)

func parseIn(stanza string, block ...string) (*TTLFloor, error) {
	c := caddy.NewTestController("dns", stanza)
	c.ServerBlockKeys = block
	return parse(c)
}

func TestParse(t *testing.T) {
	usual := Policy{Floor: 5, Zero: 30, Negative: 5, Jitter: Range{0.1, 0.5}}
	with := func(change func(*Policy)) Policy { p := usual; change(&p); return p }
	tests := []struct {
		stanza string
		policy Policy
		zones  string // those in, then those excepted with a !
		types  int    // 0 is all
	}{
		{"ttlfloor", usual, "example.org.", 0},
		{"ttlfloor 30", with(func(p *Policy) { p.Floor, p.Negative = 30, 30 }), "example.org.", 0},
		{"ttlfloor 1m", with(func(p *Policy) { p.Floor, p.Zero, p.Negative = 60, 60, 60 }), "example.org.", 0},
		{"ttlfloor 1h", with(func(p *Policy) { p.Floor, p.Zero, p.Negative = 3600, 3600, 3600 }), "example.org.", 0},
		{"ttlfloor A.Example.org b.example.org.", usual, "a.example.org. b.example.org.", 0},
		{"ttlfloor 7s 10.example.org", with(func(p *Policy) { p.Floor, p.Negative = 7, 7 }), "10.example.org.", 0},
		{"ttlfloor {\n zero 2m\n negative 1\n jitter off\n spread -25% 0%\n}",
			Policy{Floor: 5, Zero: 120, Negative: 1, Spread: Range{-0.25, 0}}, "example.org.", 0},
		{"ttlfloor {\n jitter 0% 100%\n spread off\n}", with(func(p *Policy) { p.Jitter = Range{0, 1} }), "example.org.", 0},
		{"ttlfloor {\n types a SRV Aaaa\n except x.example.org y.example.org\n}", usual, "!x.example.org. !y.example.org. example.org.", 3},
		{"ttlfloor example.org b.a.example.org {\n except a.example.org\n}", usual, "!a.example.org. b.a.example.org. example.org.", 0},
	}
	for _, tc := range tests {
		t.Run(tc.stanza, func(t *testing.T) {
			floor, err := parseIn(tc.stanza, "example.org.:53")
			if err != nil {
				t.Fatal(err)
			}
			if floor.policy != tc.policy {
				t.Errorf("policy %+v, want %+v", floor.policy, tc.policy)
			}
			var names []string
			for _, z := range floor.zones {
				if z.excepted {
					names = append(names, "!"+z.name)
				} else {
					names = append(names, z.name)
				}
			}
			slices.Sort(names)
			if got := strings.Join(names, " "); got != tc.zones {
				t.Errorf("zones %q, want %q", got, tc.zones)
			}
			if len(floor.types) != tc.types {
				t.Errorf("%d types, want %d", len(floor.types), tc.types)
			}
		})
	}
}

// Every error names the property, the value, and what is accepted.
func TestParseRefuses(t *testing.T) {
	const seconds = "want whole seconds from 1s to 1h"
	tests := []struct{ stanza, property, accepted string }{
		{"ttlfloor 0", `floor "0" is out of range`, seconds},
		{"ttlfloor -5s", `floor "-5s" is out of range`, seconds},
		{"ttlfloor 3601", `floor "3601" is out of range`, seconds},
		{"ttlfloor 1.5s", `floor "1.5s" has a fraction`, seconds},
		{"ttlfloor 5x", `floor "5x" is not a duration`, seconds},
		{"ttlfloor 99999999999999999999", `floor "99999999999999999999" is not a duration`, seconds},
		{"ttlfloor 5s 10s", `zone "10s" looks like a duration`, "a duration only as FLOOR before them"},
		{"ttlfloor a.example.org 10s", `zone "10s" looks like a duration`, "want domain names"},
		{"ttlfloor 1.5", `floor "1.5" is not a duration`, seconds},
		{"ttlfloor .5s", `floor ".5s" has a fraction`, seconds},
		{"ttlfloor {}", `unexpected "{}" after ttlfloor`, "want { at the end of the first line"},
		{"ttlfloor off", `zone "off" is a setting`, "each on a line of its own"},
		{"ttlfloor 5s zero 30s", `unexpected property "zero" after ttlfloor`, "each on a line of its own"},
		{"ttlfloor {\n except a.example.org types A\n}", `except "types" is a setting`, "each on a line of its own"},
		{"ttlfloor 1:30", `floor "1:30" is not a duration`, seconds},
		{"ttlfloor 5/s", `floor "5/s" is not a duration`, seconds},
		{"ttlfloor 10.0.0.1", `floor "10.0.0.1" is not a duration`, seconds},
		{"ttlfloor 5s 6.5", `zone "6.5" looks like a duration`, "want domain names"},
		{"ttlfloor {\n except 5s\n}", `except "5s" looks like a duration`, "want domain names"},
		{"ttlfloor 5s\n{\n zero 30s\n}", `unexpected "{"`, "want { at the end of the first line"},
		{"ttlfloor {\n zero 30s {\n}\n}", `unexpected "{" after zero`, "} on a line of its own"},
		{"ttlfloor example.org{", `zone "example.org{" is not a zone`, "want a domain name"},
		{"ttlfloor example.com", `zone "example.com." is outside the server block`, "want names in example.org."},
		{"ttlfloor a..example.org", `zone "a..example.org" is not a zone`, "want a domain name"},
		{"ttlfloor " + strings.Repeat("Ⱥ", 31) + ".example.org", "is not a zone", "want a domain name"}, // 93 octets in lower case
		{`ttlfloor a\0\`, "is not a zone", "want a domain name"},
		{"ttlfloor {\n zero\n}", "zero has 0 values", seconds},
		{"ttlfloor {\n zero 30s 40s\n}", "zero has 2 values", seconds},
		{"ttlfloor {\n zero never\n}", `zero "never" is not a duration`, seconds},
		{"ttlfloor {\n zero 0\n}", `zero "0" is out of range`, seconds},
		{"ttlfloor 60s {\n zero 30s\n}", "zero 30s is below the floor", "want at least 60s"},
		{"ttlfloor {\n negative 1500ms\n}", `negative "1500ms" has a fraction`, seconds},
		{"ttlfloor {\n negative 2h\n}", `negative "2h" is out of range`, seconds},
		{"ttlfloor {\n negative\n}", "negative has 0 values", seconds},
		{"ttlfloor {\n jitter\n}", "jitter has 0 values", "want off, or LOW HIGH from 0% to 100%"},
		{"ttlfloor {\n jitter on\n}", `jitter has 1 values, ["on"]`, "want off, or LOW HIGH"},
		{"ttlfloor {\n jitter 10 50\n}", `jitter "10" is not a whole percentage`, "want off, or LOW HIGH"},
		{"ttlfloor {\n jitter 10% 1000%\n}", `jitter "1000%" is not a whole percentage in range`, "to 100%"},
		{"ttlfloor {\n jitter -10% 50%\n}", `jitter "-10%" is not a whole percentage in range`, "from 0%"},
		{"ttlfloor {\n jitter 50% 10%\n}", `jitter "50% 10%" is not a range`, "LOW below HIGH"},
		{"ttlfloor {\n jitter 10% 10%\n}", `jitter "10% 10%" is not a range`, "LOW below HIGH"},
		{"ttlfloor {\n spread -101% 0%\n}", `spread "-101%" is not a whole percentage in range`, "from -100%"},
		{"ttlfloor {\n spread 1.5% 2%\n}", `spread "1.5%" is not a whole percentage`, "LOW HIGH"},
		{"ttlfloor {\n spread off 2%\n}", `spread "off" is not a whole percentage`, "want off"},
		{"ttlfloor {\n types\n}", "types has no value", "want record types"},
		{"ttlfloor {\n types A B\n}", `types "B" is not a record type`, "want types such as"},
		{"ttlfloor {\n types NS\n}", `types "NS" is a type whose TTL is never changed`, "want types such as"},
		{"ttlfloor {\n types OPT\n}", `types "OPT" is a type whose TTL is never changed`, "want types such as"},
		{"ttlfloor {\n types RRSIG\n}", `types "RRSIG" is a type whose TTL is never changed`, "want types such as"},
		{"ttlfloor {\n except\n}", "except has no value", "want zones"},
		{"ttlfloor {\n except " + strings.Repeat("a.", 122) + "example.org\n}", "is not a zone", "want a domain name"}, // 256 octets
		{"ttlfloor {\n except a..b\n}", `except "a..b" is not a zone`, "want a domain name"},
		{"ttlfloor {\n except example.org\n}", `except "example.org." is not below a zone`, "want names below example.org."},
		{"ttlfloor {\n except example.com\n}", `except "example.com." is not below a zone`, "want names below example.org."},
		{"ttlfloor {\n floor 5s\n}", `unknown property "floor"`, "want one of except, jitter, negative, spread, types, zero"},
		{"ttlfloor {\n zero 30s\n zero 30s\n}", "zero is given twice", "want it once, with all its values"},
		{"ttlfloor\nttlfloor", "this plugin can only be used once per Server Block", "once"},
	}
	for _, tc := range tests {
		t.Run(tc.stanza, func(t *testing.T) {
			floor, err := parseIn(tc.stanza, "example.org.:53")
			if err == nil {
				t.Fatalf("taken as %+v", floor.policy)
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

// What shows when the stanza is read as a whole is wrong on the line of its property.
func TestErrorsNameTheLineOfTheProperty(t *testing.T) {
	for stanza, want := range map[string]string{
		"ttlfloor 60s {\n types A\n zero 30s\n jitter off\n}":                         "3 - Error during parsing: zero 30s is below",
		"ttlfloor {\n except a.example.org example.com\n zero 30s\n}":                 "2 - Error during parsing: except",
		"ttlfloor example.com {\n except a.example.com\n zero 30s\n}":                 "1 - Error during parsing: zone",
		"ttlfloor {\n zero 30s\n types A \"\n\" B\n negative 1s\n}":                   "3 - Error during parsing: types",
		"ttlfloor {\n types A\n negative 1s\n zero 30s\n negative 1s\n jitter off\n}": "5 - Error during parsing: negative is given twice",
	} {
		if _, err := parseIn(stanza, "example.org.:53"); err == nil || !strings.HasPrefix(err.Error(), "Testfile:"+want) {
			t.Errorf("%q gives %v, want line %s", stanza, err, want)
		}
	}
}

func TestSetupErrorNamesPluginAndLine(t *testing.T) {
	c := caddy.NewTestController("dns", "ttlfloor {\n zero 0\n}")
	err := setup(c)
	if err == nil || !strings.HasPrefix(err.Error(), "plugin/ttlfloor: ") || !strings.Contains(err.Error(), ":2 ") {
		t.Errorf("setup error is %v", err)
	}
	if n := len(dnsserver.GetConfig(c).Plugin); n != 0 {
		t.Errorf("%d plugins were added all the same", n)
	}
}

func TestSyntaxInTheREADMEIsWhatTheParserTakes(t *testing.T) {
	plugintest.Syntax(t, "ttlfloor [FLOOR] [ZONES...] {", slices.Collect(maps.Keys(new(parser).properties())))
}

func FuzzParse(f *testing.F) {
	for _, stanza := range []string{
		"ttlfloor", "ttlfloor 5s example.org", "ttlfloor {\n zero 30s\n jitter 10% 50%\n spread -25% 0%\n types A\n except a.example.org\n}",
		"ttlfloor 2001:db8::/32", "ttlfloor {", "ttlfloor {\n jitter off\n}\nttlfloor",
	} {
		f.Add(stanza)
	}
	f.Fuzz(func(t *testing.T, stanza string) {
		c := caddy.NewTestController("dns", stanza)
		c.ServerBlockKeys = []string{"."}
		floor, err := parse(c)
		if err != nil {
			plugintest.NamesALine(t, stanza, err)
			return
		}
		p := floor.policy
		if p.Floor < 1 || p.Floor > maxSeconds || p.Zero < p.Floor || p.Zero > maxSeconds || p.Negative < 1 || p.Negative > maxSeconds {
			t.Errorf("%q is taken as %+v", stanza, p)
		}
		if p.Jitter.Low < 0 || p.Jitter.High > 1 || p.Spread.Low < -1 || p.Spread.High > 1 {
			t.Errorf("%q is taken as %+v", stanza, p)
		}
		for _, z := range floor.zones {
			if _, err := dns.PackDomainName(z.name, make([]byte, 255), 0, nil, false); err != nil || !dns.IsFqdn(z.name) {
				t.Errorf("%q makes %q a zone: %v", stanza, z.name, err)
			}
		}
	})
}
