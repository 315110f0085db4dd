package chains

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

// DNSViz asks for a signed zone in many ways, and finds nothing to warn of in answers that are raised and
// marked. If they are scattered too it finds one thing: of two DNSKEY RRsets that differ in their TTL alone it
// says that one lacks the key. All TTLs of the zone are above 5 s, to which CoreDNS's cache raises also what is
// signed for less: of that it would tell.
func TestDNSVizFindsNoFaultInRaisedAndMarkedAnswers(t *testing.T) {
	t.Parallel()
	dnsviz := lab.Tool(t, "dnsviz", "dnsviz")
	z := signText(t, strings.NewReplacer("$TTL 2\n", "$TTL 3600\n", "hostmaster 1 7200 900 1209600 3", "hostmaster 1000 7200 900 1209600 3600", "alias  3 ", "alias ").Replace(unsignedZone))
	for jitter, known := range map[string]string{"off": "", "10% 50%": `"DNSKEY_MISSING_FROM_SERVERS"`} {
		t.Run(jitter, func(t *testing.T) {
			t.Parallel()
			s := startStale(t, "example.org:0 {\n bind 127.0.0.1\n selfpreserve 127.0.0.1:"+lab.FreePort(t)+"\n ttlfloor 100s {\n jitter "+jitter+"\n }\n"+
				byItsSerial+" cache\n file "+z.dir+"/db.signed\n}", nil)
			m := lab.QueryWithOPT("www.example.org.", dns.TypeA, 1232)
			m.IsEdns0().SetDo()
			reply := s.Ask(t, "udp", m)
			if got := errorsOf(reply); !slices.Equal(got, []uint16{dns.ExtendedErrorCodeStaleAnswer}) || len(reply.Answer) != 3 || reply.Answer[0].Header().Ttl < 100 {
				t.Fatalf("errors %v in\n%v", got, reply)
			}

			dir := t.TempDir()
			lab.Command(t, dir, dnsviz, "probe", "-A", "-a", "example.org", "-x", "example.org+:ns.example.org="+s.UDP, "-o", "probed",
				"example.org", "alias.example.org", "a.wild.example.org")
			found := lab.Command(t, dir, dnsviz, "grok", "-l", "warning", "-r", "probed")
			for _, code := range regexp.MustCompile(`"code": (".*")`).FindAllStringSubmatch(found, -1) {
				if code[1] != known {
					t.Errorf("DNSViz finds %s:\n%s", code[1], found)
				}
			}
			// [.] is secure, by the zone's key.
			printed := lab.Command(t, dir, dnsviz, "print", "-t", filepath.Join(z.dir, z.key+".key"), "-r", "probed")
			if secure := strings.Count(printed, "\n  [.]  "); secure < 20 || strings.Contains(printed, "[-]") || known == "" && strings.Contains(printed, "[!]") {
				t.Errorf("not all is secure:\n%s", printed)
			}
		})
	}
}
