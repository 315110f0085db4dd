package chains

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/coredns/coredns/pb"
	"github.com/coredns/coredns/plugin/pkg/doh"

	"github.com/miekg/dns"
	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/holdfastdns/holdfast/test/lab"
	"github.com/holdfastdns/holdfast/test/lab/embedded"
)

// transports are the ways to a server, by the scheme of its block, and how a client asks.
var transports = []struct {
	name, scheme string
	ask          func(t *testing.T, s *embedded.Server, m *dns.Msg) *dns.Msg
}{
	{"UDP", "dns", overDNS("udp")},
	{"TCP", "dns", overDNS("tcp")},
	{"DoT", "tls", overDNS("tls")},
	{"DoH", "https", overHTTPS},
	{"DoH3", "https3", overHTTPS3},
	{"DoQ", "quic", overQUIC},
	{"gRPC", "grpc", overGRPC},
}

// Of one view the zone is stale, and its addresses are raised and mapped; what is not in the view
// is as in the file.
func TestEveryTransportHasRaisedTTLsAndTheMark(t *testing.T) {
	const floor = 100 // above what stalecheck caps at
	for _, by := range transports {
		t.Run(by.name, func(t *testing.T) {
			t.Parallel()
			files := map[string]string{"db": oldZone}
			certificate(t, files)
			key, tlsLine := by.scheme+"://example.org:0 {\n bind 127.0.0.1\n", " tls $DIR/cert.pem $DIR/key.pem\n"
			if by.scheme == "dns" {
				tlsLine = ""
			}
			s := embedded.Start(t, key+tlsLine+" view addresses {\n expr type() in ['A', 'AAAA']\n }\n dns64 {\n allow_ipv4\n }\n ttlfloor 100s {\n jitter off\n }\n"+
				byItsSerial+" cache\n file $DIR/db\n}\n"+key+tlsLine+" file $DIR/db\n}", files)
			ask := func(name string, qtype uint16) *dns.Msg {
				m := lab.QueryWithOPT(name, qtype, 1232)
				if by.scheme == "quic" {
					m.Id = 0 // RFC 9250 section 4.2.1
				}
				return by.ask(t, s, m)
			}
			lab.Until(t, "the zone is stale", func() bool { return len(errorsOf(ask("ns.example.org.", dns.TypeA))) > 0 })
			for _, q := range []struct {
				name    string
				qtype   uint16
				answers int
				code    uint16
			}{
				{"www.example.org.", dns.TypeA, 2, dns.ExtendedErrorCodeStaleAnswer},
				{"www.example.org.", dns.TypeAAAA, 2, dns.ExtendedErrorCodeStaleAnswer},
				{"gone.example.org.", dns.TypeA, 0, dns.ExtendedErrorCodeStaleNXDOMAINAnswer},
			} {
				for range 2 { // past the cache, and out of it
					reply := ask(q.name, q.qtype)
					if got := errorsOf(reply); len(reply.Answer) != q.answers || !slices.Equal(got, []uint16{q.code}) {
						t.Errorf("errors %v, want %d and %d records\n%v", got, q.code, q.answers, reply)
					}
					section := reply.Answer
					if q.answers == 0 {
						section = reply.Ns
					}
					for _, rr := range section {
						if rr.Header().Ttl != floor {
							t.Errorf("%v: want TTL %d", rr, floor)
						}
					}
				}
			}
			reply := ask("_http._tcp.web.example.org.", dns.TypeSRV)
			if len(reply.Answer) != 1 || reply.Answer[0].Header().Ttl != 300 || len(errorsOf(reply)) != 0 {
				t.Errorf("what is not in the view is not as in the file\n%v", reply)
			}
		})
	}
}

func overDNS(transport string) func(t *testing.T, s *embedded.Server, m *dns.Msg) *dns.Msg {
	return func(t *testing.T, s *embedded.Server, m *dns.Msg) *dns.Msg {
		t.Helper()
		return s.Ask(t, transport, m)
	}
}

func overHTTPS(t *testing.T, s *embedded.Server, m *dns.Msg) *dns.Msg {
	t.Helper()
	return exchangeHTTP(t, &http.Transport{DisableKeepAlives: true, TLSClientConfig: anyCertificate()}, s.TCP, m)
}

func overHTTPS3(t *testing.T, s *embedded.Server, m *dns.Msg) *dns.Msg {
	t.Helper()
	by := &http3.Transport{TLSClientConfig: anyCertificate()}
	defer by.Close()
	return exchangeHTTP(t, by, s.UDP, m)
}

// exchangeHTTP asks as RFC 8484 says.
func exchangeHTTP(t *testing.T, by http.RoundTripper, addr string, m *dns.Msg) *dns.Msg {
	t.Helper()
	req, err := doh.NewRequest(http.MethodPost, addr, "", m)
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Transport: by, Timeout: lab.Patience}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	reply, err := doh.ResponseToMsg(resp)
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

// overQUIC asks as RFC 9250 says: one stream for a query and its answer.
func overQUIC(t *testing.T, s *embedded.Server, m *dns.Msg) *dns.Msg {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), lab.Patience)
	defer cancel()
	secured := anyCertificate()
	secured.NextProtos = []string{"doq"}
	conn, err := quic.DialAddr(ctx, s.UDP, secured, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.CloseWithError(0, "") }()
	stream, err := conn.OpenStreamSync(ctx)
	if err != nil {
		t.Fatal(err)
	}
	packed := pack(t, m)
	if _, err := stream.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(packed))), packed...)); err != nil { // #nosec G115 -- a query is short
		t.Fatal(err)
	}
	_ = stream.Close()                // the query ends, the answer is still to come
	answer, err := io.ReadAll(stream) // until the server ends it
	if err != nil || len(answer) < 2 {
		t.Fatalf("%v after %d octets", err, len(answer))
	}
	return unpack(t, answer[2:])
}

func overGRPC(t *testing.T, s *embedded.Server, m *dns.Msg) *dns.Msg {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), lab.Patience)
	defer cancel()
	conn, err := grpc.NewClient(s.TCP, grpc.WithTransportCredentials(credentials.NewTLS(anyCertificate())))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	reply, err := pb.NewDnsServiceClient(conn).Query(ctx, &pb.DnsPacket{Msg: pack(t, m)})
	if err != nil {
		t.Fatal(err)
	}
	return unpack(t, reply.Msg)
}

func pack(t *testing.T, m *dns.Msg) []byte {
	t.Helper()
	packed, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return packed
}

func unpack(t *testing.T, packed []byte) *dns.Msg {
	t.Helper()
	m := new(dns.Msg)
	if err := m.Unpack(packed); err != nil {
		t.Fatal(err)
	}
	return m
}

func anyCertificate() *tls.Config { return &tls.Config{InsecureSkipVerify: true} } // #nosec G402 -- our own

// certificate writes cert.pem and key.pem for 127.0.0.1 into files.
func certificate(t *testing.T, files map[string]string) {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	pair := s.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	files["cert.pem"] = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]}))
	files["key.pem"] = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))
}
