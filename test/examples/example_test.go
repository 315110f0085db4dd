// Package examples runs each of the examples of Corefiles as its README says.
package examples

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
	"github.com/holdfastdns/holdfast/test/lab/apiserver"
)

// example is a server with the Corefile of an example.
type example struct{ *lab.Member }

// readExample is the text of a file of an example.
func readExample(t *testing.T, file string) string {
	t.Helper()
	return lab.Read(t, "corefile-examples/"+file)
}

// startExample starts the Corefile of an example on loopback, with each of the pairs'
// first strings replaced by the second, and waits until it answers for a name. In the pairs
// $HTTP is selfpreserve's port.
func startExample(t *testing.T, folder, name string, pairs ...string) *example {
	t.Helper()
	return startCorefile(t, readExample(t, folder+"/Corefile"), name, pairs...)
}

// startClusterExample is startExample for one that has a kubernetes, with the cluster of an
// API server and a forwarder for what is outside.
func startClusterExample(t *testing.T, folder, name string, api *apiserver.Server, forwarder string, pairs ...string) *example {
	t.Helper()
	return startCorefile(t, apiserver.OutsideACluster(readExample(t, folder+"/Corefile"), api.URL), name, append(pairs, "/etc/resolv.conf", forwarder)...)
}

func startCorefile(t *testing.T, corefile, name string, pairs ...string) *example {
	t.Helper()
	lab.Binary(t) // before there are ports that are free now
	const ip = "127.0.0.1"
	dnsPort, httpPort, metrics := lab.FreePort(t), lab.FreePort(t), ip+":"+lab.FreePort(t)
	corefile = lab.Replaced(t, corefile, append([]string{
		":53 {\n", fmt.Sprintf(":%s {\n    bind %s\n", dnsPort, ip),
		"selfpreserve {", fmt.Sprintf("selfpreserve %s:%s {", ip, httpPort),
		"prometheus :9153", "prometheus " + metrics,
		"health {", fmt.Sprintf("health %s:%s {", ip, lab.FreePort(t)),
	}, pairs...)...)
	corefile = strings.ReplaceAll(corefile, "$HTTP", httpPort)
	e := &example{lab.StartMember(t, corefile, ip+":"+dnsPort, ip+":"+httpPort, metrics)}
	lab.Until(t, "it answers for "+name, func() bool { return e.Answers(name) })
	return e
}

// ask exchanges a query with an OPT record.
func (e *example) ask(t *testing.T, name string, qtype uint16) *dns.Msg {
	t.Helper()
	reply, _, err := (&dns.Client{Timeout: lab.Patience}).Exchange(lab.QueryWithOPT(name, qtype, 1232), e.DNS)
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

// shell types a page's commands, with this server's address and ports for those in the page.
func (e *example) shell(t *testing.T, commands string) string {
	t.Helper()
	lab.Tool(t, "dig", "bind9-dnsutils")
	lab.Tool(t, "curl", "curl")
	ip, port, _ := strings.Cut(e.DNS, ":")
	at, metrics := "@"+ip+" -p "+port+" ", "http://"+e.Metrics+"/"
	own := strings.NewReplacer("@10.96.0.10 ", at, "@127.0.0.1 ", at, "http://10.96.0.10:9153/", metrics, "http://127.0.0.1:9153/", metrics, "http://127.0.0.1:8182/", "http://"+e.HTTP+"/")
	return lab.Command(t, lab.Root, "bash", "-c", own.Replace(commands))
}

// awaitShown types a page's commands until what they show matches each pattern.
func (e *example) awaitShown(t *testing.T, commands string, patterns ...string) {
	t.Helper()
	lab.Eventually(t, lab.Slow, func() string {
		out := e.shell(t, commands+"true")
		for _, pattern := range patterns {
			if !regexp.MustCompile(pattern).MatchString(out) {
				return "no " + pattern + " in\n" + out
			}
		}
		return ""
	})
}

// awaitMetric waits until the metrics have a line.
func (e *example) awaitMetric(t *testing.T, line string) {
	t.Helper()
	lab.Eventually(t, lab.Slow, func() string {
		if text := lab.Scrape(t, e.Metrics); !strings.Contains(text, "\n"+line+"\n") {
			return "no " + line + " in\n" + text
		}
		return ""
	})
}

// awaitAbove0 waits until the metrics have a counter that is not 0.
func (e *example) awaitAbove0(t *testing.T, counter string) {
	t.Helper()
	lab.Eventually(t, lab.Slow, func() string {
		for line := range strings.Lines(lab.Scrape(t, e.Metrics)) {
			if value, ok := strings.CutPrefix(line, counter+" "); ok && strings.TrimSpace(value) != "0" {
				return ""
			}
		}
		return "no " + counter
	})
}
