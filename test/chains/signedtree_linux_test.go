package chains

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

// signedTree is a root, the trust anchor lab. below it, and zones below that, in files.
type signedTree struct {
	dir  string
	keys map[string]zoneKey // by zone
}

type zoneKey struct {
	base string // of the key's files
	*dns.DNSKEY
}

// treeZones are the zones below lab. and how their answers come to be. Each but fly.lab. has a
// signed child of the same kind, child.ZONE.
var treeZones = []treeZone{
	{name: "nsec.lab.", chain: "file $FILE"},
	{name: "cached.lab.", chain: treeCache + "\n file $FILE", cached: true},
	{name: "nsec3.lab.", chain: "forward . $BIND", byBIND: true}, // *file* knows no NSEC3
	{name: "forwarded.lab.", chain: "forward . $BIND", byBIND: true},
	{name: "both.lab.", chain: treeCache + "\n forward . $BIND", byBIND: true, cached: true},
	{name: "fly.lab.", chain: "dnssec {\n key file $KEY\n }\n file $FILE", byPlugin: true},
}

type treeZone struct {
	name, chain string
	cached      bool
	byBIND      bool // BIND answers, behind *forward*
	byPlugin    bool // *dnssec* signs
}

// By default *cache* lifts all TTLs to 5 s, also those that a signature limits to less.
const treeCache = "cache {\n success 1024 3600 1\n denial 1024 3600 1\n }"

// treeRecords are in every zone: of each kind of record and of denial something, with TTLs
// below, at and above a floor of 5 s.
const treeRecords = `$TTL 3
@        60 IN SOA   $NS hostmaster 1 7200 900 1209600 2
@        60 IN NS    $NS
short     1 IN A     10.0.0.1
short     1 IN A     10.0.0.2
www       3 IN A     10.0.0.3
www       3 IN AAAA  2001:db8::3
long     60 IN A     10.0.0.4
a.b.ent   2 IN TXT   "below two empty non-terminals"
_s._tcp   2 IN SRV   0 0 80 www
svc       2 IN HTTPS 1 www alpn=h2
chain     2 IN CNAME chain2
chain2    7 IN CNAME chain3
chain3    1 IN CNAME www
out       2 IN CNAME www.nsec.lab.
*.wild    2 IN TXT   "star"
*.wild    2 IN A     10.0.0.5
*.cwild   3 IN CNAME short
d2        2 IN DNAME here
d60      60 IN DNAME here
dd        3 IN DNAME d2
dc        2 IN DNAME via
x.via     2 IN CNAME a.d2
dout      2 IN DNAME here.forwarded.lab.
a.here    1 IN A     10.0.0.6
b.here   60 IN A     10.0.0.7
*.w.here  2 IN A     10.0.0.8
c.here    2 IN CNAME www
`

// plainZone is not signed, and delegated without a DS.
const plainZone = `$TTL 2
@     60 IN SOA   ns3.server. hostmaster 1 7200 900 1209600 2
@     60 IN NS    ns3.server.
www    1 IN A     10.0.1.1
c      2 IN CNAME www
d      2 IN DNAME here
a.here 1 IN A     10.0.1.2
`

func newSignedTree(t *testing.T) *signedTree {
	t.Helper()
	tr := &signedTree{dir: t.TempDir(), keys: make(map[string]zoneKey)}
	top := "$TTL 60\n$ORIGIN lab.\n@ IN SOA ns2.server. hostmaster 1 7200 900 1209600 2\n@ IN NS ns2.server.\nplain IN NS ns3.server.\n"
	for _, zone := range treeZones {
		tr.keygen(t, zone.name)
		top += zone.name + " IN NS ns3.server.\n" + tr.ds(zone.name)
		text := "$ORIGIN " + zone.name + "\n" + strings.ReplaceAll(treeRecords, "$NS", "ns3.server.") + "plain 2 IN NS ns4.server.\n"
		if zone.byPlugin {
			lab.WriteAll(t, tr.dir, map[string]string{zone.name: text})
			continue
		}
		var options []string
		if zone.name == "nsec3.lab." {
			options = []string{"-3", "-", "-H", "0"}
		}
		child := zone.child()
		tr.keygen(t, child)
		tr.sign(t, child, "$ORIGIN "+child+"\n"+strings.ReplaceAll(treeRecords, "$NS", "ns4.server."), options...)
		tr.sign(t, zone.name, text+"child 2 IN NS ns4.server.\n"+tr.ds(child), options...)
	}
	tr.keygen(t, "lab.")
	tr.sign(t, "lab.", top)
	lab.WriteAll(t, tr.dir, map[string]string{"plain.lab.": plainZone})
	return tr
}

func (z treeZone) child() string { return "child." + z.name }

// zonesOfBIND are the zones that BIND serves, with their text.
func (tr *signedTree) zonesOfBIND(t *testing.T) map[string]string {
	t.Helper()
	zones := make(map[string]string)
	for _, zone := range treeZones {
		if !zone.byBIND {
			continue
		}
		for _, name := range []string{zone.name, zone.child()} {
			text, err := os.ReadFile(filepath.Join(tr.dir, name))
			if err != nil {
				t.Fatal(err)
			}
			zones[name] = string(text)
		}
	}
	return zones
}

// writeCorefile writes a Corefile that serves the tree with ttlfloor as line says, and returns its
// name. Each level has an address of its own, net.1 to net.4: CoreDNS gives a question for DS to the
// highest zone that it serves at an address.
func (tr *signedTree) writeCorefile(t *testing.T, net, bind, line string) string {
	t.Helper()
	root := "$TTL 86400\n$ORIGIN .\n@ IN SOA ns1.server. hostmaster. 1 7200 900 1209600 2\n@ IN NS ns1.server.\nlab. IN NS ns2.server.\n"
	for level := 1; level <= 4; level++ {
		root += fmt.Sprintf("ns%d.server. IN A %s.%[1]d\n", level, net)
	}
	corefile := new(strings.Builder)
	block := func(level int, zone, chain, file, key string) {
		chain = strings.NewReplacer("$FILE", file, "$KEY", key, "$BIND", bind).Replace(chain)
		fmt.Fprintf(corefile, "%s:53 {\n bind %s.%d\n %s\n %s\n}\n", zone, net, level, line, chain)
	}
	block(1, ".", "file $FILE", "root."+net, "")
	block(2, "lab.", "file $FILE", "lab.", "")
	block(3, "plain.lab.", "file $FILE", "plain.lab.", "")
	for _, zone := range treeZones {
		block(3, zone.name, zone.chain, zone.name, tr.keys[zone.name].base)
		if !zone.byPlugin {
			block(4, zone.child(), zone.chain, zone.child(), "")
		}
	}
	lab.WriteAll(t, tr.dir, map[string]string{"root." + net: root, "Corefile." + net: corefile.String()})
	return "Corefile." + net
}

func (tr *signedTree) keygen(t *testing.T, zone string) {
	t.Helper()
	base := strings.TrimSpace(lab.Command(t, tr.dir, lab.Tool(t, "dnssec-keygen", "bind9-utils"), "-q", "-a", "ECDSAP256SHA256", "-f", "KSK", zone))
	text, err := os.ReadFile(filepath.Join(tr.dir, base+".key"))
	if err != nil {
		t.Fatal(err)
	}
	rr, err := dns.NewRR(string(text))
	if err != nil {
		t.Fatal(err)
	}
	tr.keys[zone] = zoneKey{base, rr.(*dns.DNSKEY)}
}

// ds is the zone's DS record, as it stands in its parent.
func (tr *signedTree) ds(zone string) string {
	ds := tr.keys[zone].ToDS(dns.SHA256)
	ds.Hdr.Ttl = 3
	return ds.String() + "\n"
}

// sign writes the file of a zone, which has the name of the zone.
func (tr *signedTree) sign(t *testing.T, zone, text string, options ...string) {
	t.Helper()
	base := tr.keys[zone].base
	lab.WriteAll(t, tr.dir, map[string]string{"unsigned": text + "$INCLUDE " + base + ".key\n"})
	lab.Command(t, tr.dir, lab.Tool(t, "dnssec-signzone", "bind9-utils"), slices.Concat([]string{"-z", "-o", zone, "-f", zone}, options, []string{"unsigned", base})...)
}
