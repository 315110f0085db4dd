package stanza

import (
	"slices"
	"strings"
	"testing"
)

func TestZonesAreNamesThatAQuestionCanCarry(t *testing.T) {
	longest := strings.Repeat(strings.Repeat("a", 49)+".", 5) + "aaa" // 5*50 + 4 + 1 octets
	if err := CheckZones([]string{"example.org", "Example.org.", ".", "10.0.0.0/12", "2001:db8::/32", `a\.b.example.org`, longest}); err != nil {
		t.Error(err)
	}
	for _, name := range []string{
		"", "a..example.org", longest + "a", strings.Repeat("a", 64), `a\`, "example.org:", "a{", "}", "0::/8",
		strings.Repeat("Ⱥ", 31) + ".example.org", // 93 octets in lower case
	} {
		err := CheckZones([]string{"example.org", name})
		if err == nil || !strings.HasSuffix(err.Error(), " is not a zone: want a domain name or a network such as 10.0.0.0/8") {
			t.Errorf("%q gives %v", name, err)
		}
	}
}

func TestZonesLieInTheServerBlock(t *testing.T) {
	block := []string{"example.org.:53", "tls://10.0.0.0/8:853"}
	for want, names := range map[string][]string{
		"example.org. 10.in-addr.arpa.":                            nil,
		"a.example.org. example.org.":                              {"A.example.org", "example.org."},
		"16.10.in-addr.arpa. 17.10.in-addr.arpa.":                  {"10.16.0.0/15"},
		`zone "org." is outside the server block`:                  {"a.example.org", "org"},
		"want names in example.org. 10.in-addr.arpa.":              {"example.com"},
		`zone "0.192.in-addr.arpa." is outside the server block: `: {"192.0.0.0/16"},
	} {
		zones, err := Zones(names, block)
		if err != nil {
			if zones != nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%q are %q, %v, want %s", names, zones, err, want)
			}
			continue
		}
		if !slices.Equal(zones, strings.Fields(want)) {
			t.Errorf("%q are %q, want %s", names, zones, want)
		}
	}
}
