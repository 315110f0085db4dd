package chains

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

// The original TTLs are far below the floor: 2 and 3 seconds.
const unsignedZone = `$TTL 2
$ORIGIN example.org.
@      IN SOA  ns hostmaster 1 7200 900 1209600 3
@      IN NS   ns
ns     IN A    127.0.0.1
www    IN A    10.0.0.1
www    IN A    10.0.0.2
www    IN AAAA 2001:db8::1
alias  3 IN CNAME www
_s._tcp IN SRV 0 0 80 www
*.wild IN TXT  "star"
`

// signedZone is what dnssec-keygen and dnssec-signzone of BIND made.
type signedZone struct {
	dir string // with the files
	key string // base name of the key's files
}

func signZone(t *testing.T) signedZone {
	t.Helper()
	return signText(t, unsignedZone)
}

// signText signs another zone example.org.
func signText(t *testing.T, zone string) signedZone {
	t.Helper()
	keygen, signer := lab.Tool(t, "dnssec-keygen", "bind9-utils"), lab.Tool(t, "dnssec-signzone", "bind9-utils")
	z := signedZone{dir: t.TempDir()}
	z.key = strings.TrimSpace(lab.Command(t, z.dir, keygen, "-q", "-a", "ECDSAP256SHA256", "-f", "KSK", "example.org"))
	lab.WriteAll(t, z.dir, map[string]string{
		"db":          zone,
		"db.with-key": zone + "$INCLUDE " + z.key + ".key\n",
	})
	lab.Command(t, z.dir, signer, "-z", "-o", "example.org", "-f", "db.signed", "db.with-key", z.key)
	return z
}

// publicKey is the four fields of the DNSKEY.
func (z signedZone) publicKey(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(z.dir, z.key+".key"))
	if err != nil {
		t.Fatal(err)
	}
	rr, err := dns.NewRR(string(text))
	if err != nil {
		t.Fatal(err)
	}
	k := rr.(*dns.DNSKEY)
	return []string{fmt.Sprint(k.Flags), fmt.Sprint(k.Protocol), fmt.Sprint(k.Algorithm), k.PublicKey}
}

// signedChains are the ways in which signed answers come to ttlfloor: with a TTL that
// is the original one, with one that a cache counted down, and signed on the fly with
// an original TTL of 3600. The cache has a MINTTL of 1: by default it keeps all answers
// for 5 seconds, also those whose original TTL is less.
var signedChains = map[string]string{
	"file":   "ttlfloor 30s\n tap $TAP\n file $ZONE/db.signed",
	"cache":  "ttlfloor 30s\n tap $TAP\n cache {\n success 1024 3600 1\n denial 1024 3600 1\n}\n file $ZONE/db.signed",
	"dnssec": "ttlfloor 30s {\n spread 10% 50%\n}\n tap $TAP\n dnssec {\n key file $ZONE/$KEY\n}\n file $ZONE/db",
}

func startSigned(t *testing.T, z signedZone, chain string) (*embedded.Server, string) {
	t.Helper()
	port := lab.FreePort(t)
	corefile := "example.org:" + port + " {\n bind 127.0.0.1\n" + strings.NewReplacer("$ZONE", z.dir, "$KEY", z.key).Replace(chain) + "\n}"
	return embedded.Start(t, corefile, nil), port
}

// lookups are positive and negative, direct, by CNAME and by wildcard.
var lookups = []struct {
	name  string
	qtype uint16
	rcode int
}{
	{"www.example.org.", dns.TypeA, dns.RcodeSuccess},
	{"www.example.org.", dns.TypeAAAA, dns.RcodeSuccess},
	{"alias.example.org.", dns.TypeA, dns.RcodeSuccess},
	{"_s._tcp.example.org.", dns.TypeSRV, dns.RcodeSuccess},
	{"a.wild.example.org.", dns.TypeTXT, dns.RcodeSuccess},
	{"example.org.", dns.TypeSOA, dns.RcodeSuccess},
	{"www.example.org.", dns.TypeMX, dns.RcodeSuccess},
	{"gone.example.org.", dns.TypeA, dns.RcodeNameError},
}

func TestRaisedSignedAnswersValidateInUnbound(t *testing.T) {
	z := signZone(t)
	for name, chain := range signedChains {
		t.Run(name, func(t *testing.T) {
			s, port := startSigned(t, z, chain)
			resolver := startUnbound(t, z, port)
			client := dns.Client{Timeout: lab.Patience}
			for draw := range 50 {
				for _, q := range lookups {
					m := lab.Query(q.name, q.qtype)
					m.SetEdns0(1232, true)
					reply, _, err := client.Exchange(m, resolver)
					if err != nil {
						t.Fatal(err)
					}
					denied := name == "dnssec" && q.rcode == dns.RcodeNameError // dnssec tells black lies: NODATA
					if !reply.AuthenticatedData || (reply.Rcode != q.rcode && !denied) {
						t.Fatalf("draw %d: Unbound does not validate\n%v", draw, reply)
					}
				}
			}
			if draws := s.Tap.Count(); draws < 50*len(lookups) {
				t.Errorf("Unbound asked %d times only: it answered from its own cache", draws)
			}
		})
	}
}

func TestRaisedSignedAnswersValidateInDelv(t *testing.T) {
	delv := lab.Tool(t, "delv", "bind9-dnsutils")
	z := signZone(t)
	k := z.publicKey(t)
	anchors := filepath.Join(t.TempDir(), "anchors")
	text := fmt.Sprintf("trust-anchors { example.org. static-key %s %s %s %q; };\n", k[0], k[1], k[2], k[3])
	lab.Write(t, anchors, text)
	for name, chain := range signedChains {
		t.Run(name, func(t *testing.T) {
			_, port := startSigned(t, z, chain)
			for range 5 {
				for _, q := range lookups {
					out := lab.Command(t, z.dir, delv, "@127.0.0.1", "-p", port, "-a", anchors, "+root=example.org", q.name, dns.TypeToString[q.qtype])
					if !strings.Contains(out, "fully validated") {
						t.Fatalf("delv %s %s:\n%s", q.name, dns.TypeToString[q.qtype], out)
					}
				}
			}
		})
	}
}

// A validator keeps what it can of a TTL above the original one, so that it accepts an
// answer does not yet say that the TTL was right.
func TestSignedAnswersAreNotRaisedAboveTheirOriginalTTL(t *testing.T) {
	z := signZone(t)
	for name, chain := range signedChains {
		t.Run(name, func(t *testing.T) {
			s, _ := startSigned(t, z, chain)
			for range 100 {
				for _, q := range lookups {
					m := lab.Query(q.name, q.qtype)
					m.SetEdns0(1232, true)
					reply := s.Ask(t, "udp", m)
					if checkSigned(t, reply, name == "dnssec"); t.Failed() {
						t.FailNow()
					}
				}
			}
		})
	}
}

// checkSigned holds each signature of m to its RRset and to its original TTL. Answers
// whose original TTL leaves room must have been raised.
func checkSigned(t *testing.T, m *dns.Msg, room bool) {
	t.Helper()
	signatures := 0
	for _, section := range [][]dns.RR{m.Answer, m.Ns} {
		for _, rr := range section {
			sig, ok := rr.(*dns.RRSIG)
			if !ok || sig.TypeCovered == dns.TypeNSEC || sig.TypeCovered == dns.TypeNS {
				continue
			}
			signatures++
			if sig.Hdr.Ttl > sig.OrigTtl {
				t.Errorf("%v has a TTL above its original one", sig)
			}
			if room && sig.Hdr.Ttl < 30 {
				t.Errorf("%v was not raised to 30", sig)
			}
			for _, covered := range section {
				h := covered.Header()
				if h.Rrtype == sig.TypeCovered && h.Name == sig.Hdr.Name && h.Ttl != sig.Hdr.Ttl {
					t.Errorf("%v has another TTL than its signature %v", covered, sig)
				}
			}
		}
	}
	if signatures == 0 {
		t.Errorf("nothing is signed in\n%v", m)
	}
}

// startUnbound runs a validating resolver that asks port about example.org and keeps
// no answer; it returns its address.
func startUnbound(t *testing.T, z signedZone, port string) string {
	t.Helper()
	unbound := lab.Tool(t, "unbound", "unbound")
	dir, own := t.TempDir(), lab.FreePort(t)
	conf := fmt.Sprintf(`server:
	interface: 127.0.0.1
	port: %s
	directory: %q
	chroot: ""
	username: ""
	pidfile: "unbound.pid"
	use-syslog: no
	logfile: ""
	do-daemonize: no
	do-not-query-localhost: no
	module-config: "validator iterator"
	cache-max-ttl: 0
	cache-max-negative-ttl: 0
	aggressive-nsec: no
	val-log-level: 2
	trust-anchor: "example.org. DNSKEY %s"
stub-zone:
	name: "example.org"
	stub-addr: 127.0.0.1@%s
remote-control:
	control-enable: no
`, own, dir, strings.Join(z.publicKey(t), " "), port)
	lab.Write(t, filepath.Join(dir, "unbound.conf"), conf)
	lab.StartDaemon(t, dir, unbound, "-d", "-c", "unbound.conf")
	addr := "127.0.0.1:" + own
	lab.AwaitAnswer(t, addr, lab.Query("www.example.org.", dns.TypeA))
	return addr
}
