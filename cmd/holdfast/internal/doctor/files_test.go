package doctor

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/cli"
)

// custom is a Deployment whose Corefile imports what another ConfigMap has, as those do
// that an operator keeps: relative to itself, and from where it is mounted.
const custom = `apiVersion: apps/v1
kind: Deployment
metadata: {name: coredns, namespace: kube-system}
spec:
  replicas: 2
  template:
    spec:
      containers:
      - image: coredns
        args: [-conf, /etc/coredns/Corefile]
        env: [{name: DUCK, value: 8s}]
        volumeMounts:
        - {name: config, mountPath: /etc/coredns}
        - {name: custom, mountPath: /etc/coredns/custom}
      volumes:
      - {name: config, configMap: {name: coredns}}
      - {name: custom, configMap: {name: custom}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: coredns, namespace: kube-system}
data:
  Corefile: |
    .:53 {
        import custom/*.override
        ready
        whoami
    }
    import /etc/coredns/custom/*.server
---
apiVersion: v1
kind: ConfigMap
metadata: {name: custom, namespace: kube-system}
data:
  duck.override: "health {\n lameduck {$DUCK}\n}\n"
  other.server: "example.org {\n health :8081 {\n import /etc/coredns/custom/other.duck\n }\n}\n"
  other.duck: "lameduck 18s\n"
`

func TestImportsAreThoseOfTheContainer(t *testing.T) {
	r := report(t, custom, "-", "--only", "grace-period")
	if want := "Deployment kube-system/coredns: a pod is killed 30s after SIGTERM (the default), but a shutdown can take 31s: 26s for the lame duck, 5s for closing the listeners"; said(r, "grace-period") != want {
		t.Errorf("it says %q, want %q", said(r, "grace-period"), want)
	}
	_, errs, code := runs(t, strings.Replace(custom, "lameduck 18s", "lameduck soon", 1), "-")
	if want := "holdfast doctor: ConfigMap kube-system/coredns: /etc/coredns/custom/other.duck:1: lameduck \"soon\" is not a duration: want one such as 10s\n"; code != 2 || errs != want {
		t.Errorf("it exits with %d and says %q, want %q", code, errs, want)
	}
	left, _ := filepath.Glob(filepath.Join(os.TempDir(), "holdfast*", "etc", "coredns"))
	if len(left) > 0 {
		t.Errorf("it leaves %q", left)
	}
}

// What a manifest imports is never a file of this host.
func TestImportsAreNotThoseOfThisHost(t *testing.T) {
	host := filepath.Join(write(t, map[string]string{"host": "secret {\n lameduck 1h\n}\n"}), "host")
	up := strings.Repeat("../", 20)
	for _, line := range []string{"import " + host, `import "` + host + `"`, "import " + up + host, "errors\n        import\t" + up + host, "import {$TEST_UP}" + host} {
		t.Setenv("TEST_UP", up)
		_, errs, code := runs(t, strings.Replace(custom, "import custom/*.override", line, 1), "-")
		notFound := strings.Contains(errs, "File to import not found: "+host)
		if outside := strings.Contains(errs, "/etc/coredns/Corefile imports "+host+", which is not a file of the container"); code != 2 || !notFound && !outside || strings.Contains(errs, "secret") {
			t.Errorf("%s: it exits with %d and says %q", line, code, errs)
		}
	}
}

func TestAFolderIsItsManifests(t *testing.T) {
	dir := write(t, map[string]string{"a.yaml": custom, "b.json": `{"apiVersion": "v1", "kind": "Secret"}`, "README.md": "no manifest", "below/c.yaml": "["})
	if r := report(t, "", dir); len(r.Servers) != 1 || r.Ignored["v1 Secret"] != 1 {
		t.Errorf("%+v", r)
	}
	_, errs, code := runs(t, "", filepath.Join(dir, "below", ".."), filepath.Join(dir, "below"))
	if code != 2 || !strings.Contains(errs, "below/c.yaml:2: ") {
		t.Errorf("it exits with %d and says %q", code, errs)
	}
	if _, errs, code = runs(t, "", t.TempDir()); code != 2 || !strings.Contains(errs, "has no file whose name ends in") {
		t.Errorf("it exits with %d and says %q", code, errs)
	}
}

// Ctrl-C ends also what waits for somebody who writes.
func TestAPipeToWhichNobodyWritesCanBeInterrupted(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "Corefile")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	stdin, writer := io.Pipe()
	defer writer.Close()
	for _, file := range []string{"-", fifo} {
		ctx, cancel := context.WithCancel(t.Context())
		var errs strings.Builder
		ended := make(chan int)
		go func() {
			ended <- cli.Run(ctx, cli.Streams{In: stdin, Out: io.Discard, Err: &errs}, []string{"doctor", file}, []cli.Verb{Verb})
		}()
		cancel()
		select {
		case code := <-ended:
			if code != 2 || errs.String() != "holdfast doctor: interrupted\n" {
				t.Errorf("%s: it exits with %d and says %q", file, code, &errs)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%s: it does not end", file)
		}
	}
	w, err := os.OpenFile(fifo, os.O_RDWR, 0) // lets the reader go
	if err != nil {
		t.Fatal(err)
	}
	_ = w.Close()
}

// keyPair is a certificate of a day, in DER, that ends at a time, and its key.
func keyPair(t *testing.T, end time.Time) ([]byte, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	of := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: end.Add(-24 * time.Hour), NotAfter: end}
	der, err := x509.CreateCertificate(rand.Reader, of, of, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der, key
}

func pemOf(t *testing.T, end time.Time) string {
	t.Helper()
	der, _ := keyPair(t, end)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func TestCertificatesOfTheCorefileAreRead(t *testing.T) {
	dir := write(t, map[string]string{"good.pem": pemOf(t, time.Now().Add(23*time.Hour)), "old.pem": pemOf(t, time.Now().Add(-time.Hour)), "odd.pem": "odd"})
	corefile := func(file string) string {
		return ". {\n root " + dir + "\n selfpreserve {\n tls " + file + " key.pem ca.pem\n }\n}\n"
	}
	finds(t, report(t, corefile("good.pem"), "-", "--only", "certificate-expiry"))
	r := report(t, corefile("old.pem"), "-")
	finds(t, r, "certificate-expiry")
	if !strings.HasPrefix(said(r, "certificate-expiry"), ": "+dir+"/old.pem: expired at ") {
		t.Errorf("it says %q", said(r, "certificate-expiry"))
	}
	for file, want := range map[string]string{"nope.pem": "certificate " + dir + "/nope.pem: no such file or directory", "odd.pem": "certificate " + dir + "/odd.pem: it is not PEM"} {
		if r := report(t, corefile(file), "-"); !slices.Equal(r.Notes, []string{want}) {
			t.Errorf("not judged: %q, want %q", r.Notes, want)
		}
	}
}

// What an object is called cannot move the cursor or add a line.
func TestNamesArePrintedOnOneLine(t *testing.T) {
	out, _, _ := runs(t, strings.Replace(custom, "metadata: {name: coredns, namespace: kube-system}\nspec", `metadata: {name: "a\e[2J\nb"}`+"\nspec", 1), "-")
	if strings.Contains(out, "\x1b") || strings.Contains(out, "\nb") || !strings.Contains(out, "Deployment a?[2J b: ") {
		t.Errorf("%q", out)
	}
}
