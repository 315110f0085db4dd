package zones

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

// variedZone has records of many types, whose TTLs a floor of 30 s would raise, spread or, of an
// RRset with two, even out.
const variedZone = `$ORIGIN varied.example.
$TTL 2
@         IN SOA   ns hostmaster 1 7200 900 1209600 1
@         IN NS    ns
@         IN MX    10 mail
@         IN CAA   0 issue "ca.example.net"
@         IN TXT   "two" "strings; with a semicolon"
ns        IN A     127.0.0.1
www     0 IN A     10.0.0.1
www     0 IN A     10.0.0.2
www     1 IN AAAA  2001:db8::1
mail 3600 IN A     10.0.0.3
_s._tcp 1 IN SRV   0 0 80 www
svc       IN HTTPS 1 www alpn=h2 port=8443
alias     IN CNAME www
d         IN DNAME moved.example.
*.wild  1 IN A     10.0.0.4
a.b.ent   IN NAPTR 10 10 "S" "SIP+D2U" "" _sip._udp
sub       IN NS    ns.sub
sub       IN DS    12345 13 2 0101010101010101010101010101010101010101010101010101010101010101
ns.sub    IN A     10.0.0.5
ca.fe     IN TYPE65300 \# 3 010203
`

// withDnspython prints a zone that dnspython transfers, one record a line, as its TSIG key allows.
const withDnspython = `import sys, dns.query, dns.tsigkeyring, dns.zone
port, zone, key, secret = sys.argv[1:]
messages = dns.query.xfr('127.0.0.1', zone, port=int(port), relativize=False, keyring=dns.tsigkeyring.from_text({key: secret}), keyalgorithm='hmac-sha256')
for name, ttl, data in dns.zone.from_xfr(messages, relativize=False).iterate_rdatas():
    print(name, ttl, 'IN', dns.rdatatype.to_text(data.rdtype), data)
`

func TestTransfersHaveTheZoneAsItIs(t *testing.T) {
	t.Parallel()
	const zone = "varied.example."
	python, drill, compare := dnspython(t), lab.Tool(t, "drill", "ldnsutils"), lab.Tool(t, "ldns-compare-zones", "ldnsutils")
	primary := lab.StartPrimary(t, func(string) {})
	daemon, o := startProcess(t, zone, zone, fmt.Sprintf(`selfpreserve 127.0.0.1:%s
ttlfloor 30s {
 spread 10%% 50%%
}
%stsig {
 secret %s %s
}
transfer {
 to *
}
file db
`, lab.FreePort(t), stanza(maxAge, "primary "+primary), lab.TSIGKey, lab.TSIGSecret), map[string]string{"db": variedZone})
	if s := o.ask("www." + zone); s.reply == nil || len(s.reply.Answer) == 0 || s.reply.Answer[0].Header().Ttl < 30 {
		t.Fatalf("answers are not raised\n%v\n%s", s.reply, daemon)
	}

	dir, port := t.TempDir(), strings.TrimPrefix(o.addr, "127.0.0.1:")
	byDrill := lab.Command(t, dir, drill, "-p", port, "@127.0.0.1", zone, "AXFR")
	for _, tc := range []struct{ client, zone string }{
		{"drill", byDrill},
		{"drill with TSIG", lab.Command(t, dir, drill, "-y", lab.TSIGKey+":"+lab.TSIGSecret+":hmac-sha256", "-p", port, "@127.0.0.1", zone, "AXFR")},
		{"dnspython with TSIG", lab.Command(t, dir, python, "-c", withDnspython, port, zone, lab.TSIGKey, lab.TSIGSecret)},
	} {
		if got, want := recordsOf(t, tc.zone), recordsOf(t, variedZone); !slices.Equal(got, want) {
			t.Errorf("%s has\n%s\nwant\n%s", tc.client, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	// It does not look at TTLs, but at everything else, and with eyes of its own.
	lab.WriteAll(t, dir, map[string]string{"came": byDrill, "is": variedZone})
	out := lab.Command(t, dir, compare, "-s", "-a", "-e", filepath.Join(dir, "came"), filepath.Join(dir, "is"))
	t.Log(out)
}

// recordsOf are a zone's records in canonical text, sorted, and each once: a transfer has the SOA twice.
func recordsOf(t *testing.T, zone string) (records []string) {
	t.Helper()
	parser := dns.NewZoneParser(strings.NewReader(zone), ".", "")
	for rr, ok := parser.Next(); ok; rr, ok = parser.Next() {
		records = append(records, rr.String())
	}
	if err := parser.Err(); err != nil {
		t.Fatalf("%v\n%s", err, zone)
	}
	slices.Sort(records)
	return slices.Compact(records)
}

// dnspython is a Python that has it: Debian's own.
func dnspython(t *testing.T) string {
	t.Helper()
	python := lab.Tool(t, "/usr/bin/python3", "python3-dnspython")
	if err := exec.Command(python, "-c", "import dns.zone").Run(); err != nil { // #nosec G204 -- the test's own
		lab.SkipWithout(t, "dnspython", "apt-get install python3-dnspython")
	}
	return python
}
