package server

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
)

// well is the reply of a server that is well.
const well = `{"schema_version":1,"id":"a","name":"ns1","state":"serving","since":"2026-11-22T00:00:00Z","in_service":true,"departure":{"ok":true},
	"new_field":{"a":[1]},"peers":[{"address":"192.0.2.2:8182","id":"b","state":"serving"}]}`

// reach makes the client of some flags.
func reach(t *testing.T, args ...string) (*Client, error) {
	t.Helper()
	f, flags := new(Flags), pflag.NewFlagSet("test", pflag.ContinueOnError)
	f.AddTo(flags)
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	return f.Client()
}

// ask asks a server with some flags, and returns what went wrong.
func ask(t *testing.T, server *httptest.Server, args ...string) string {
	t.Helper()
	c, err := reach(t, args...)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	a, err := c.Status(ctx, netip.MustParseAddrPort(server.Listener.Addr().String()))
	if err != nil {
		return err.Error()
	}
	if a.Name != "ns1" || !a.InService || len(a.Peers) != 1 {
		t.Errorf("%+v", a)
	}
	return ""
}

// A server may be broken, or something else.
func TestABadServerIsOneClearLine(t *testing.T) {
	for name, c := range map[string]struct {
		serves http.HandlerFunc
		want   string
	}{
		"well":     {says(200, well), ""},
		"HTML":     {says(200, "<html>nginx</html>"), "its answer is unusable: it is not JSON of selfpreserve's /status: invalid character '<' looking for beginning of value"},
		"nothing":  {says(200, ""), "its answer is unusable: it is not JSON of selfpreserve's /status: unexpected end of JSON input"},
		"garbage":  {says(200, "\x00\xff\x1b[2J"), `its answer is unusable: it is not JSON of selfpreserve's /status: invalid character '\x00' looking for beginning of value`},
		"other":    {says(200, `{"status":"ok"}`), "its answer is unusable: it is JSON, but not of selfpreserve's /status"},
		"a number": {says(200, `7`), "its answer is unusable: it is not JSON of selfpreserve's /status: json: cannot unmarshal number into Go value of type wire.Status"},
		"later":    {says(200, strings.Replace(well, `"schema_version":1`, `"schema_version":2,"holdfast":"3.0.0"`, 1)), "its answer is unusable: its /status has schema version 2, but this holdfast knows 1; use that of Holdfast 3.0.0"},
		"404":      {http.NotFound, "it replied with HTTP status 404 Not Found: 404 page not found"},
		"500":      {says(500, "<html>"+strings.Repeat("x", 1000)), "it replied with HTTP status 500 Internal Server Error"},
		"redirect": {http.RedirectHandler("http://192.0.2.1/", http.StatusFound).ServeHTTP, "it replied with HTTP status 302 Found"},
		"a gigabyte": {func(w http.ResponseWriter, _ *http.Request) {
			megabyte := []byte(strings.Repeat(" ", 1<<20))
			for range 1024 {
				if _, err := w.Write(megabyte); err != nil {
					return
				}
			}
		}, "its answer is unusable: it is longer than 8 MiB"},
		"an end too early": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write([]byte("{"))
		}, "unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(c.serves)
			defer server.Close()
			if got := ask(t, server); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// An answer that never ends, or never begins, is given up when the time is over.
func TestAServerIsNotWaitedForForEver(t *testing.T) {
	for name, begin := range map[string]string{"it never begins": "", "it never ends": "{"} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if begin != "" {
					_, _ = w.Write([]byte(begin))
					w.(http.Flusher).Flush()
				}
				<-r.Context().Done()
			}))
			defer server.Close()
			c, err := reach(t)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			if _, err := c.Status(ctx, netip.MustParseAddrPort(server.Listener.Addr().String())); err == nil || err.Error() != "no answer in time" {
				t.Errorf("%v", err)
			}
		})
	}
}

// authority signs certificates.
type authority struct {
	t    *testing.T
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	file string // of its certificate
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t, key: newKey(t)}
	a.cert = &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test CA"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	a.file = write(t, "ca.pem", "CERTIFICATE", a.sign(a.cert, a.key))
	return a
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (a *authority) sign(cert *x509.Certificate, key *ecdsa.PrivateKey) []byte {
	a.t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, cert, a.cert, key.Public(), a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	return der
}

func write(t *testing.T, name, kind string, der []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// pair is a certificate for the name ns1.test, valid until an hour before or after now, and
// its files.
func (a *authority) pair(valid bool) (pair tls.Certificate, cert, key string) {
	a.t.Helper()
	k := newKey(a.t)
	end := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	if valid {
		end = time.Now().Add(time.Hour)
	}
	der := a.sign(&x509.Certificate{SerialNumber: big.NewInt(2), DNSNames: []string{"ns1.test"}, NotBefore: end.Add(-2 * time.Hour), NotAfter: end}, k)
	secret, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, key = write(a.t, "cert.pem", "CERTIFICATE", der), write(a.t, "key.pem", "PRIVATE KEY", secret)
	if pair, err = tls.LoadX509KeyPair(cert, key); err != nil {
		a.t.Fatal(err)
	}
	return pair, cert, key
}

func serveTLS(t *testing.T, config *tls.Config) *httptest.Server {
	server := httptest.NewUnstartedServer(says(200, well))
	server.TLS = config
	server.StartTLS()
	server.Config.ErrorLog = nil
	t.Cleanup(server.Close)
	return server
}

func TestTLSThatFailsSaysWhatToDo(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	good, cert, key := ca.pair(true)
	expired, _, _ := ca.pair(false)
	server := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{good}})
	for name, c := range map[string]struct {
		server *httptest.Server
		args   []string
		want   string
	}{
		"well":             {server, []string{"--ca", ca.file, "--server-name", "ns1.test"}, ""},
		"another name":     {server, []string{"--ca", ca.file}, "its certificate does not name 127.0.0.1: use --server-name with a name that it has"},
		"another CA":       {server, []string{"--ca", other.file, "--server-name", "ns1.test"}, "its certificate is signed by an unknown authority: name that authority's certificate with --ca"},
		"the system's CAs": {server, []string{"--tls", "--server-name", "ns1.test"}, "its certificate is signed by an unknown authority: name that authority's certificate with --ca"},
		"expired": {serveTLS(t, &tls.Config{Certificates: []tls.Certificate{expired}}), []string{"--ca", ca.file, "--server-name", "ns1.test"},
			"its certificate expired at 2020-01-02T03:04:05Z"},
		"without TLS here":  {server, nil, "its answer is unusable: it speaks TLS: use --tls, or --ca"},
		"without TLS there": {httptest.NewServer(says(200, well)), []string{"--tls"}, "its answer is unusable: it does not speak TLS: leave out --tls, --ca, --cert and --key"},
		"a certificate that it does not want": {
			serveTLS(t, &tls.Config{Certificates: []tls.Certificate{good}, ClientAuth: tls.RequireAnyClientCert, MaxVersion: tls.VersionTLS12}),
			[]string{"--ca", ca.file, "--server-name", "ns1.test"}, "it refuses our TLS: tls: handshake failure"},
		"and one that it wants": {
			serveTLS(t, &tls.Config{Certificates: []tls.Certificate{good}, ClientAuth: tls.RequireAnyClientCert}),
			[]string{"--ca", ca.file, "--server-name", "ns1.test", "--cert", cert, "--key", key}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := ask(t, c.server, c.args...); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestFlagsThatCannotBeAreNamed(t *testing.T) {
	_, cert, key := newAuthority(t).pair(true)
	for want, args := range map[string][]string{
		`--cert "a.pem", --key "": want both or none`:        {"--cert", "a.pem"},
		"--ca: open nowhere: no such file or directory":      {"--ca", "nowhere"},
		"--ca: " + key + " has no certificate in PEM":        {"--ca", key},
		"--cert and --key: open nowhere: no such file or di": {"--cert", cert, "--key", "nowhere"},
	} {
		if _, err := reach(t, args...); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v", args, err)
		}
	}
}

func TestAddressesAsPeopleTypeThem(t *testing.T) {
	c, _ := reach(t)
	for given, want := range map[string]string{
		"192.0.2.1":            "[192.0.2.1:8182]",
		"192.0.2.1:53":         "[192.0.2.1:53]",
		"2001:db8::1":          "[[2001:db8::1]:8182]",
		"[2001:db8::1]":        "[[2001:db8::1]:8182]",
		"[2001:db8::1]:53":     "[[2001:db8::1]:53]",
		"::ffff:192.0.2.1":     "[192.0.2.1:8182]",
		"fe80::1%eth0":         "[[fe80::1%eth0]:8182]",
		"":                     `address "": want IP, IP:PORT, NAME or NAME:PORT`,
		"http://192.0.2.1":     `address "http://192.0.2.1": want IP, IP:PORT, NAME or NAME:PORT`,
		"192.0.2.1:0":          `address "192.0.2.1:0": want IP, IP:PORT, NAME or NAME:PORT`,
		"192.0.2.1:http":       `address "192.0.2.1:http": want IP, IP:PORT, NAME or NAME:PORT`,
		"2001:db8::1:99999:zz": `address "2001:db8::1:99999:zz": want IP, IP:PORT, NAME or NAME:PORT`,
		"a b":                  `address "a b": want IP, IP:PORT, NAME or NAME:PORT`,
		"bad..name":            "bad..name: there is no such name",
	} {
		all, _, err := c.Resolve(t.Context(), []string{given})
		got := fmt.Sprint(all)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: %s, want %s", given, got, want)
		}
	}
	if all, _, _ := c.Resolve(t.Context(), nil); fmt.Sprint(all) != "[127.0.0.1:8182]" {
		t.Errorf("without any: %v", all)
	}
	if all, failed, err := c.Resolve(t.Context(), []string{"bad..name", "192.0.2.1"}); len(all) != 1 || len(failed) != 1 || err != nil {
		t.Errorf("one of two: %v, %v, %v", all, failed, err)
	}
}

// An answer is shown to people: nothing in it moves the cursor.
func TestTextsOfServersAreOneLine(t *testing.T) {
	evil := `"\u001b[2J\n\u202e"`
	body := `{"id":` + evil + `,"name":` + evil + `,"state":"serving","reason":` + evil + `,"peers":[{"name":` + evil + `,"says":{"state":"aside","reason":` + evil + `}}]}`
	a, err := read(t.Context(), 200, strings.NewReader(body), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if text := fmt.Sprintf("%+v %+v", a, a.Peers[0].Says); strings.ContainsAny(text, "\x1b\n\u202e") {
		t.Errorf("%q", text)
	}
	if !a.InService {
		t.Error("a server of before schema versions that serves is in service")
	}
}
