package main

import (
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/rogpeppe/go-internal/testscript"
	corev1 "k8s.io/api/core/v1"

	"github.com/holdfastdns/holdfast/test/lab"
	"github.com/holdfastdns/holdfast/test/lab/apiserver"
)

// world is what a script can ask: ns1, ns2 and ns3.example.org, at 127.0.0.1, 2 and 3, all
// with the same port, and a resolver at 127.0.0.4 that knows them. ns1 has [::1], too.
type world struct {
	port    string
	servers []*fake
}

// fake is a server of example.org that does what it is told.
type fake struct {
	mu     sync.Mutex
	serial uint32
	beat   string // the text of heartbeat.example.org, or ages such as 5s
	does   string // "" to answer; silent, garbage, or an rcode
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{port: lab.FreePort(t)}
	for i, hosts := range [][]string{{"127.0.0.1", "::1"}, {"127.0.0.2"}, {"127.0.0.3"}} {
		f := &fake{serial: 7, beat: "1s"}
		w.servers = append(w.servers, f)
		for _, host := range hosts {
			w.serve(t, host, f.answer(fmt.Sprintf("ns%d.example.org", i+1)))
		}
	}
	w.serve(t, "127.0.0.4", resolve)
	return w
}

func (w *world) serve(t *testing.T, host string, handler dns.HandlerFunc) {
	t.Helper()
	address := net.JoinHostPort(host, w.port)
	conn, err := net.ListenPacket("udp", address)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	lab.ServeDNS(t, &dns.Server{PacketConn: conn, Handler: handler})
	lab.ServeDNS(t, &dns.Server{Listener: listener, Handler: handler})
}

// resolve knows the name servers of example.org and their addresses.
func resolve(w dns.ResponseWriter, r *dns.Msg) {
	m := new(dns.Msg).SetReply(r)
	m.RecursionAvailable = true
	for _, text := range []string{"example.org. NS ns1.example.org.", "example.org. NS ns2.example.org.",
		"ns1.example.org. A 127.0.0.1", "ns1.example.org. AAAA ::1", "ns2.example.org. A 127.0.0.2", "ns3.example.org. A 127.0.0.3"} {
		rr, err := dns.NewRR(text)
		if err != nil {
			panic(err)
		}
		if strings.EqualFold(rr.Header().Name, r.Question[0].Name) && rr.Header().Rrtype == r.Question[0].Qtype {
			m.Answer = append(m.Answer, rr)
		}
	}
	if len(m.Answer) == 0 && !strings.HasSuffix(r.Question[0].Name, "example.org.") {
		m.Rcode = dns.RcodeNameError
	}
	_ = w.WriteMsg(m)
}

func (f *fake) answer(name string) dns.HandlerFunc {
	return func(w dns.ResponseWriter, r *dns.Msg) {
		f.mu.Lock()
		defer f.mu.Unlock()
		m := new(dns.Msg).SetReply(r)
		m.Authoritative = true
		if opt := r.IsEdns0(); opt != nil {
			m.SetEdns0(1232, false)
			m.IsEdns0().Option = []dns.EDNS0{&dns.EDNS0_NSID{Code: dns.EDNS0NSID, Nsid: fmt.Sprintf("%x", name)}}
		}
		switch f.does {
		case "":
		case "silent":
			return
		case "garbage":
			_, _ = w.Write([]byte("\x1b[2J no DNS"))
			return
		case "stale":
			if m.IsEdns0() == nil {
				break
			}
			m.IsEdns0().Option = append(m.IsEdns0().Option, &dns.EDNS0_EDE{InfoCode: dns.ExtendedErrorCodeStaleAnswer, ExtraText: "9s behind\n\x1b[31m"})
		default:
			m.Rcode = dns.StringToRcode[f.does]
			_ = w.WriteMsg(m)
			return
		}
		f.fill(m)
		_ = w.WriteMsg(m)
	}
}

func (f *fake) fill(m *dns.Msg) {
	soa, _ := dns.NewRR(fmt.Sprintf("example.org. 300 IN SOA ns1.example.org. hostmaster.example.org. %d 7200 900 1209600 300", f.serial))
	q := m.Question[0]
	switch text := f.beat; {
	case q.Name == "example.org." && q.Qtype == dns.TypeSOA:
		m.Answer = []dns.RR{soa}
	case q.Name == "heartbeat.example.org." && q.Qtype == dns.TypeTXT && text != "":
		if age, err := time.ParseDuration(text); err == nil {
			text = strconv.FormatInt(time.Now().Add(-age).Unix(), 10)
		}
		m.Answer = []dns.RR{&dns.TXT{Hdr: dns.RR_Header{Name: q.Name, Rrtype: dns.TypeTXT, Class: dns.ClassINET, Ttl: 5}, Txt: []string{text}}}
	default:
		m.Ns = []dns.RR{soa}
	}
}

// tell tells server N what to do: serial=S, beat=TEXT, does=WHAT.
func (w *world) tell(ts *testscript.TestScript, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	f := w.servers[n-1]
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, pair := range args[1:] {
		switch key, value, _ := strings.Cut(pair, "="); key {
		case "serial":
			serial, err := strconv.ParseUint(value, 10, 32)
			ts.Check(err)
			f.serial = uint32(serial)
		case "beat":
			f.beat = value
		case "does":
			f.does = value
		default:
			ts.Fatalf("no %s", key)
		}
	}
}

// startDynamic starts a CoreDNS that takes updates of example.org, and returns its address and
// a file with the key that signs them.
func startDynamic(t *testing.T) (address, keyFile string) {
	t.Helper()
	port, dir := lab.FreePort(t), t.TempDir()
	lab.WriteAll(t, dir, map[string]string{
		"db": lab.ExampleZone,
		"Corefile": fmt.Sprintf("example.org:%s {\n bind 127.0.0.1\n tsig {\n secret %s %s\n require_opcode UPDATE\n }\n dynupdate {\n file %s\n allow %s * *\n }\n}\n",
			port, lab.TSIGKey, lab.TSIGSecret, filepath.Join(dir, "db"), lab.TSIGKey),
		"key": fmt.Sprintf("# made by tsig-keygen\nkey %q {\n\talgorithm hmac-sha256;\n\tsecret %q;\n};\n", lab.TSIGKey, lab.TSIGSecret),
	})
	lab.StartBinary(t, dir, "-conf", filepath.Join(dir, "Corefile"))
	address = "127.0.0.1:" + port
	lab.AwaitAnswer(t, address, lab.Query("example.org.", dns.TypeSOA))
	return address, filepath.Join(dir, "key")
}

// shareWorld starts what all scripts share: a primary, PRIMARY, that takes updates which are
// signed by the key of KEY_FILE, a server that shows its status at STATUS, and a Kubernetes with
// kubeadm's Deployment and pods in the places of ns1 and ns2. It returns the environment.
func shareWorld(t *testing.T) []string {
	t.Helper()
	primary, keyFile := startDynamic(t)
	wrongKey := filepath.Join(t.TempDir(), "wrong")
	lab.Write(t, wrongKey, "hmac-sha256:"+lab.TSIGKey+":d3Jvbmc=")
	dnsPods := map[string]string{"k8s-app": "kube-dns"}
	api := apiserver.Start(t, apiserver.Pod("kube-system", "coredns-1", dnsPods, "127.0.0.1", "::1"), apiserver.Pod("kube-system", "coredns-2", dnsPods, "127.0.0.2"),
		apiserver.Pod("kube-system", "other", nil, "127.0.0.3"),
		apiserver.Service("kube-system", "heartbeat", corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: "t0.heartbeat.invalid"}),
		apiserver.Service("kube-system", "kube-dns", corev1.ServiceSpec{Type: corev1.ServiceTypeClusterIP}),
		apiserver.Service("kube-system", "db", corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: "db.example.net"}))
	for _, object := range apiserver.FromFile(t, filepath.Join(lab.Root, "build/kubernetes/testdata/kubeadm-deployment.yaml")) {
		api.Put(object)
	}
	return []string{"PRIMARY=" + primary, "STATUS=" + startAlone(t), "KEY_FILE=" + keyFile, "WRONG_KEY=" + wrongKey,
		"KUBECONFIG=" + api.Kubeconfig(t), "SECRET=" + lab.TSIGSecret, "KEY=" + lab.TSIGKey}
}
