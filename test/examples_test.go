package test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

const examples = "../corefile-examples/"

// outsideACluster gives kubernetes an API server by address: it looks for one in the pod
// that it runs in.
func outsideACluster(corefile, url string) string {
	return kubernetesBlock.ReplaceAllString(corefile, "$0\n    endpoint "+url)
}

var kubernetesBlock = regexp.MustCompile(`(?m)^ *kubernetes .*\{$`)

// startClusterExample is startExample for one that has a kubernetes, with the cluster of an
// API server and a forwarder for what is outside.
func startClusterExample(t *testing.T, folder, name string, api *apiServer, forwarder string, pairs ...string) *example {
	t.Helper()
	block := kubernetesBlock.FindString(readExample(t, folder+"/Corefile"))
	return startExample(t, folder, name, append(pairs, block, outsideACluster(block, api.url), "/etc/resolv.conf", forwarder)...)
}

func TestExampleCorefilesAreValid(t *testing.T) {
	files := filesNamed(t, "Corefile*")
	if len(files) == 0 {
		t.Fatal("no example has a Corefile")
	}
	t.Chdir("..")                                                       // examples are run from the top of the repository
	for _, service := range []string{"KUBE_DNS", "KUBE_DNS_UPSTREAM"} { // as Kubernetes tells a pod
		t.Setenv(service+"_SERVICE_HOST", "127.0.0.1")
	}
	for _, file := range files {
		text, err := os.ReadFile(strings.TrimPrefix(file, "../"))
		if err != nil {
			t.Fatal(err)
		}
		if err := validate(outsideACluster(string(text), "http://127.0.0.1:8080")); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// Each example says first what it is for, in about a page.
func TestExamplesStartWithTheQuestionThatTheyAnswer(t *testing.T) {
	folders, err := filepath.Glob(examples + "*")
	if err != nil || len(folders) == 0 {
		t.Fatal("no examples", err)
	}
	question := regexp.MustCompile(`^# [^\n]+\?\n\n`)
	for _, folder := range folders {
		text, err := os.ReadFile(filepath.Join(folder, "README.md"))
		if err != nil {
			t.Error(err)
			continue
		}
		if !question.Match(text) {
			t.Errorf("%s: README.md does not start with a question", folder)
		}
		if lines := strings.Count(string(text), "\n"); lines > 80 {
			t.Errorf("%s: README.md has %d lines, want a page", folder, lines)
		}
		if corefiles, _ := filepath.Glob(filepath.Join(folder, "Corefile*")); len(corefiles) == 0 {
			t.Errorf("%s has no Corefile", folder)
		}
	}
}

// example is a server with the Corefile of an example.
type example struct {
	*member
	metrics string
}

// replaced is text with each of the pairs' first strings, which have to be in it, replaced
// by the second.
func replaced(t *testing.T, text string, pairs ...string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Errorf("there is no %q to replace in\n%s", pairs[i], text)
		}
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// readExample is the text of a file of an example.
func readExample(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(examples + file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// onLoopback are the pairs that move an example's Corefile, which is for every address of
// a host, to one address of loopback.
func onLoopback(ip, dnsPort, httpPort, metricsPort, healthPort string) []string {
	return []string{
		":53 {\n", fmt.Sprintf(":%s {\n    bind %s\n", dnsPort, ip),
		"selfpreserve {", fmt.Sprintf("selfpreserve %s:%s {", ip, httpPort),
		"prometheus :9153", fmt.Sprintf("prometheus %s:%s", ip, metricsPort),
		"health {", fmt.Sprintf("health %s:%s {", ip, healthPort),
	}
}

// startExample starts the Corefile of an example on loopback, with the pairs replaced as
// well, and waits until it answers for a name. In the pairs $HTTP is selfpreserve's port.
func startExample(t *testing.T, folder, name string, pairs ...string) *example {
	t.Helper()
	binary(t) // before there are ports that are free now
	dnsPort, httpPort, metrics := freePort(t), freePort(t), freePort(t)
	corefile := replaced(t, readExample(t, folder+"/Corefile"), append(onLoopback("127.0.0.1", dnsPort, httpPort, metrics, freePort(t)), pairs...)...)
	corefile = strings.ReplaceAll(corefile, "$HTTP", httpPort)
	e := runExample(t, corefile, "127.0.0.1:"+dnsPort, "127.0.0.1:"+httpPort, "127.0.0.1:"+metrics)
	until(t, folder+" answers for "+name, func() bool { return e.answers(name) })
	return e
}

func runExample(t *testing.T, corefile, dnsAddr, httpAddr, metrics string) *example {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "Corefile"), []byte(corefile), 0o600); err != nil {
		t.Fatal(err)
	}
	e := &example{newMember(dnsAddr, httpAddr, new(net.Dialer).DialContext), metrics}
	e.run(t, dir)
	return e
}

// ask exchanges a query with an OPT record.
func (e *example) ask(t *testing.T, name string, qtype uint16) *dns.Msg {
	t.Helper()
	reply, _, err := (&dns.Client{Timeout: patience}).Exchange(withOPT(name, qtype, 1232), e.dns)
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

// awaitMetric waits until the metrics have a line.
func (e *example) awaitMetric(t *testing.T, line string) {
	t.Helper()
	eventually(t, slow, func() string {
		if text := scrape(t, e.metrics); !strings.Contains(text, "\n"+line+"\n") {
			return "no " + line + " in\n" + text
		}
		return ""
	})
}

// awaitAbove0 waits until the metrics have a counter that is not 0.
func (e *example) awaitAbove0(t *testing.T, counter string) {
	t.Helper()
	eventually(t, slow, func() string {
		for line := range strings.Lines(scrape(t, e.metrics)) {
			if value, ok := strings.CutPrefix(line, counter+" "); ok && strings.TrimSpace(value) != "0" {
				return ""
			}
		}
		return "no " + counter
	})
}
