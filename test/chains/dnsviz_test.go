package chains

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

// DNSViz asks for a signed zone in many ways, over UDP and TCP, and finds nothing to warn of in answers that
// are raised, scattered and marked.
func TestDNSVizWarnsOfNothing(t *testing.T) {
	dnsviz := lab.Tool(t, "dnsviz", "dnsviz")
	z := signText(t, strings.NewReplacer("$TTL 2\n", "$TTL 3600\n", "hostmaster 1 7200 900 1209600 3", "hostmaster 1000 7200 900 1209600 3600").Replace(unsignedZone))
	s := startStale(t, "example.org:0 {\n bind 127.0.0.1\n selfpreserve 127.0.0.1:"+lab.FreePort(t)+"\n ttlfloor 100s {\n spread 10% 50%\n }\n"+
		byItsSerial+" cache\n file "+z.dir+"/db.signed\n}", nil)
	seen := make(map[uint32]bool)
	for range 100 {
		m := lab.QueryWithOPT("www.example.org.", dns.TypeA, 1232)
		m.IsEdns0().SetDo()
		reply := s.Ask(t, "udp", m)
		if got := errorsOf(reply); !slices.Equal(got, []uint16{dns.ExtendedErrorCodeStaleAnswer}) || len(reply.Answer) != 3 {
			t.Fatalf("errors %v in\n%v", got, reply)
		}
		seen[reply.Answer[0].Header().Ttl] = true
	}
	if len(seen) < 3 || seen[30] {
		t.Fatalf("only the TTLs %v: they are not raised and scattered", seen)
	}

	lab.Command(t, z.dir, dnsviz, "probe", "-A", "-a", "example.org", "-x", "example.org+:ns.example.org="+s.UDP, "-o", "probed",
		"example.org", "www.example.org", "alias.example.org", "_s._tcp.example.org", "a.wild.example.org", "gone.example.org")
	// The key is the trust anchor. Without it nothing is secure, and there is no warning either.
	anchor := filepath.Join(z.dir, z.key+".key")
	if printed := lab.Command(t, z.dir, dnsviz, "print", "-t", anchor, "-r", "probed"); !strings.Contains(printed, "example.org [.]\n") ||
		strings.Count(printed, "\n  [.]  ") < 10 || strings.Contains(printed, "[!]") || strings.Contains(printed, "[?]") {
		t.Errorf("not all is secure:\n%s", printed)
	}
	if found := lab.Command(t, z.dir, dnsviz, "grok", "-l", "warning", "-r", "probed"); strings.TrimSpace(strings.ReplaceAll(found, "{}", "")) != "" {
		t.Errorf("DNSViz warns:\n%s", found)
	}
}
