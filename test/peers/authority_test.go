package peers

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
	"github.com/holdfastdns/holdfast/test/lab/embedded"
)

// unsigned answers below as many names as are asked for. Each is a zone of its own: a resolver
// that has one's SOA knows nothing of the next.
const unsigned = `example.org:$PORT {
 bind 127.0.0.1
 template IN A {
  match ^zero[.]$ZONE$
  answer "{{ .Name }} 0 IN A 10.0.0.1"
  fallthrough
 }
 template IN A {
  match ^(two|host|a[.]to)[.]$ZONE$
  answer "{{ .Name }} 2 IN A 10.0.0.1"
  fallthrough
 }
 template IN SRV {
  match ^srv[.]$ZONE$
  answer "{{ .Name }} 2 IN SRV 0 0 80 host.{{ .Group.zone }}"
  additional "host.{{ .Group.zone }} 2 IN A 10.0.0.1"
  fallthrough
 }
 template IN A {
  match ^a[.]d[.]$ZONE$
  answer "d.{{ .Group.zone }} 2 IN DNAME to.{{ .Group.zone }}"
  answer "{{ .Name }} 2 IN CNAME a.to.{{ .Group.zone }}"
  fallthrough
 }
 template IN ANY {
  match ^gone[.]$ZONE$
  authority "$SOA"
  rcode NXDOMAIN
  fallthrough
 }
 template IN ANY {
  match ^(.*[.])?$ZONE$
  authority "$SOA"
 }
}
`

// signed is a file, as large as it has to be.
const signed = `example.net:$PORT {
 bind 127.0.0.1
 file $SIGNED
}
`

// authority is the server that all peers ask.
type authority struct {
	port string
	key  *dns.DNSKEY // of example.net, which is signed
}

func startAuthority(t *testing.T) authority {
	t.Helper()
	dir := t.TempDir()
	zone := new(strings.Builder)
	zone.WriteString("$TTL 2\n$ORIGIN example.net.\n@ IN SOA ns hostmaster 1 7200 900 1209600 2\n@ IN NS ns\nns IN A 127.0.0.1\na.to IN A 10.0.0.1\n")
	for i := range samples {
		fmt.Fprintf(zone, "two.n%[1]d IN A 10.0.0.1\nd.n%[1]d IN DNAME to\n", i)
	}
	base := strings.TrimSpace(lab.Command(t, dir, lab.Tool(t, "dnssec-keygen", "bind9-utils"), "-q", "-a", "ECDSAP256SHA256", "-f", "KSK", "example.net"))
	lab.Write(t, filepath.Join(dir, "db"), zone.String()+"$INCLUDE "+base+".key\n")
	lab.Command(t, dir, lab.Tool(t, "dnssec-signzone", "bind9-utils"), "-z", "-o", "example.net", "-f", "db.signed", "db", base)
	text, err := os.ReadFile(filepath.Join(dir, base+".key")) // #nosec G304 -- our own
	if err != nil {
		t.Fatal(err)
	}
	key, err := dns.NewRR(string(text))
	if err != nil {
		t.Fatal(err)
	}
	port := lab.FreePort(t)
	corefile := strings.NewReplacer("$PORT", port, "$SIGNED", filepath.Join(dir, "db.signed"), "$ZONE", `(?P<zone>n\d+[.]example[.]org[.])`,
		"$SOA", "{{ .Group.zone }} 2 IN SOA ns.{{ .Group.zone }} hostmaster.{{ .Group.zone }} 1 7200 900 1209600 2").Replace(unsigned + signed)
	embedded.Start(t, corefile, nil)
	return authority{port, key.(*dns.DNSKEY)}
}
