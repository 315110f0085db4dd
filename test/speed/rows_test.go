package speed

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
	"github.com/holdfastdns/holdfast/test/lab/apiserver"
)

// row is one server of the table: a binary, and the lines that its Corefile has beside those
// of the chain.
type row struct {
	name  string
	stock bool   // CoreDNS's own binary, of its own source
	lines string // %[1]s is the chain's zone
}

// ours has all three plugins. With spread every answer is changed, as build/kubernetes has it.
func ours(floor string) string {
	return `selfpreserve 127.0.0.1:PORT {
    canary canary.%[1]s
 }
 ttlfloor ` + floor + `
 stalecheck %[1]s {
    STALENESS
 }`
}

var rows = []row{
	{"stock CoreDNS, none", true, ""},
	{"Holdfast, none", false, ""},
	{"Holdfast, any, local and minimal", false, "any\n local\n minimal"},
	{"Holdfast, all three, nothing to change", false, ours("1s {\n spread off\n }")},
	{"Holdfast, all three, every answer changed", false, ours("5s {\n spread -25% 0%\n }")},
	{"stock CoreDNS, rewrite ttl", true, "rewrite ttl suffix %[1]s 5-25"},
}

// chain is what is measured with each row: a Corefile with PORT for each port that is needed and LINES for a row's lines.
type chain struct {
	name, zone, corefile string
	staleness            string // stalecheck's source of the zone's age
	queries              string // dnsperf's input
}

const names = 200

// file is cache and file, asked for 200 names.
func file(b *testing.B) chain {
	var queries strings.Builder
	for i := range names {
		fmt.Fprintf(&queries, "svc%d.example.org A\n", i)
	}
	return chain{"cache and file", "example.org", "example.org:DNS {\n bind 127.0.0.1\n LINES\n cache\n file db\n}\n",
		"primary " + lab.StartPrimary(b, func(string) {}), queries.String()}
}

// zoneFile is that of file, with the serial of lab's primary.
func zoneFile() string {
	var zone strings.Builder
	zone.WriteString("$ORIGIN example.org.\n@ 3600 IN SOA ns hostmaster 1 7200 900 1209600 3600\n@ 3600 IN NS ns\ncanary 3600 IN A 192.0.2.1\n")
	for i := range names {
		fmt.Fprintf(&zone, "svc%d 3600 IN A 10.0.0.%d\n", i, i)
	}
	return zone.String()
}

const services = 5000

// kubeadm is its Corefile, with 5,000 Services.
func kubeadm(b *testing.B) chain {
	objects := []apiserver.Object{apiserver.Namespace("default"), apiserver.Namespace("kube-system")}
	var queries strings.Builder
	for i := range services {
		objects = append(objects, apiserver.Service("default", fmt.Sprintf("svc%d", i), corev1.ServiceSpec{ClusterIP: fmt.Sprintf("10.96.%d.%d", i/250, i%250+1)}))
		fmt.Fprintf(&queries, "svc%d.default.svc.cluster.local A\n", i*7919%services)
	}
	api := apiserver.Start(b, objects...)
	api.Beat("kube-system", "heartbeat")
	upstream := lab.StartDNS(b, func(w dns.ResponseWriter, m *dns.Msg) {
		reply := new(dns.Msg)
		_ = w.WriteMsg(reply.SetRcode(m, dns.RcodeNameError))
	})
	return chain{"kubeadm's Corefile", "cluster.local", `.:DNS {
 bind 127.0.0.1
 errors
 health 127.0.0.1:PORT {
    lameduck 5s
 }
 ready 127.0.0.1:PORT
 LINES
 kubernetes cluster.local in-addr.arpa ip6.arpa {
    endpoint ` + api.URL + `
    pods insecure
    fallthrough in-addr.arpa ip6.arpa
    ttl 30
 }
 prometheus 127.0.0.1:PORT
 forward . ` + upstream + ` {
    max_concurrent 1000
 }
 cache 30 {
    disable success cluster.local
    disable denial cluster.local
 }
 loop
 reload
 loadbalance
}
`, "heartbeat heartbeat.kube-system.svc.cluster.local", queries.String()}
}

// write writes what a server of the row needs into dir and returns its port.
func (c chain) write(b *testing.B, dir string, r row, extra string) (port string) {
	b.Helper()
	port = lab.FreePort(b)
	lines := r.lines + "\n " + extra
	if strings.Contains(lines, "%[1]s") {
		lines = fmt.Sprintf(strings.ReplaceAll(strings.ReplaceAll(lines, "%", "%%"), "%%[1]s", "%[1]s"), c.zone)
	}
	corefile := strings.NewReplacer("LINES", lines).Replace(c.corefile)
	corefile = strings.NewReplacer("DNS", port, "STALENESS", c.staleness).Replace(corefile)
	for strings.Contains(corefile, "PORT") {
		corefile = strings.Replace(corefile, "PORT", lab.FreePort(b), 1)
	}
	corefile = strings.ReplaceAll(corefile, "canary canary.cluster.local", "canary svc0.default.svc.cluster.local")
	lab.WriteAll(b, dir, map[string]string{"Corefile": corefile, "db": zoneFile(), "queries": c.queries})
	return port
}
