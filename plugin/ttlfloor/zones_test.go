package ttlfloor

import (
	"testing"

	"github.com/coredns/coredns/plugin"

	"github.com/miekg/dns"
)

func TestReverseZonesAreNamesNotDurations(t *testing.T) {
	for zone, want := range map[string]string{
		"10.0.0.0/8":      "10.in-addr.arpa.",
		"10.in-addr.arpa": "10.in-addr.arpa.",
		"1.5s.example.":   "1.5s.example.",
		".":               ".",
		"3com.":           "3com.",
		"2001:db8::/32":   "8.b.d.0.1.0.0.2.ip6.arpa.",
	} {
		floor, err := parseIn("ttlfloor "+zone, ".")
		if err != nil {
			t.Errorf("%s: %v", zone, err)
		} else if len(floor.zones) != 1 || floor.zones[0].name != want || floor.policy.Floor != defaultFloor {
			t.Errorf("%s: zone %q of %d, floor %d", zone, floor.zones[0].name, len(floor.zones), floor.policy.Floor)
		}
	}
}

func TestZonesMatchTheLongestName(t *testing.T) {
	floor, err := parseIn("ttlfloor example.org deep.out.example.org {\n except out.example.org\n}", ".")
	if err != nil {
		t.Fatal(err)
	}
	for qname, want := range map[string]string{
		"example.org.":            "example.org.",
		"WWW.Example.ORG.":        "example.org.",
		"org.":                    "",
		".":                       "",
		"notexample.org.":         "",
		`a\.example.org.`:         "",
		`a\\.example.org.`:        "example.org.",
		`\.\\\.example.org.`:      "",
		"out.example.org.":        "",
		"a.out.example.org.":      "",
		"a.deep.out.example.org.": "deep.out.example.org.",
	} {
		got := ""
		if z := floor.zones.match(qname); z != nil {
			got = z.name
		}
		if got != want {
			t.Errorf("%s is in %q, want %q", qname, got, want)
		}
	}
	root, err := parseIn("ttlfloor {\n except cluster.local\n}", ".:53")
	if err != nil {
		t.Fatal(err)
	}
	if root.zones.match("example.org.") == nil || root.zones.match(".") == nil || root.zones.match("a.cluster.local.") != nil {
		t.Error("root zone with an exception does not match as written")
	}
}

// plugin.Zones and miekg/dns decide what is below what.
func FuzzIsIn(f *testing.F) {
	for _, seed := range [][2]string{{"example.org", "www.example.org"}, {"example.org", `a\.example.org`}, {".", "org"}, {`a\.b`, `\\a\.b`}, {"org", "notorg"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, name, qname string) {
		name, qname = plugin.Name(name).Normalize(), dns.Fqdn(qname)
		// What comes off the wire is ASCII in one spelling; miekg/dns compares others.
		var wire [256]byte
		for _, s := range []*string{&name, &qname} {
			off, err := dns.PackDomainName(*s, wire[:], 0, nil, false)
			if err != nil {
				return
			}
			if *s, _, err = dns.UnpackDomainName(wire[:off], 0); err != nil {
				return
			}
		}
		z := zone{name: plugin.Name(name).Normalize()}
		if got, want := isIn(qname, z.name), dns.IsSubDomain(z.name, qname); got != want {
			t.Errorf("%q in %q: %t, miekg/dns says %t", qname, z.name, got, want)
		}
	})
}
