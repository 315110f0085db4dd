// Package upstream shows the defects of CoreDNS and its libraries that docs/upstream tells
// about, one file for each page. Its tests pass as long as a defect is there: one that fails
// says what can go when it is mended.
package upstream

import (
	"regexp"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
	"github.com/holdfastdns/holdfast/test/lab/embedded"
)

// defect is a page of docs/upstream.
type defect struct {
	testing.TB
	page string
}

// stands fails the test if the defect is not there any more.
func (d defect) stands(still bool, seen any) {
	d.Helper()
	if !still {
		d.Errorf("mended upstream, it seems: see \"When it is mended\" in docs/upstream/%s\n%v", d.page, seen)
	}
}

// block is the page's block of code in a language, such as corefile or zone.
func (d defect) block(language string) string {
	d.Helper()
	m := regexp.MustCompile("(?s)~~~ " + language + "\n(.*?)~~~").FindStringSubmatch(lab.Read(d, "docs/upstream/"+d.page))
	if m == nil {
		d.Fatalf("docs/upstream/%s has no block of %s", d.page, language)
	}
	return m[1]
}

// start runs the page's Corefile, with its zone for any file that it names, on a free port
// instead of 1053. upstream takes the place of 127.0.0.1:1054, if there is one.
func (d defect) start(upstream string) *embedded.Server {
	d.Helper()
	files := make(map[string]string)
	corefile := regexp.MustCompile(`file (db\S*)`).ReplaceAllStringFunc(d.block("corefile"), func(line string) string {
		name := strings.Fields(line)[1]
		files[name] = d.block("zone")
		return "file $DIR/" + name
	})
	corefile = strings.NewReplacer(":1053 {", ":0 {", "127.0.0.1:1054", upstream).Replace(corefile)
	return embedded.Start(d.TB, corefile, files)
}

// ask asks with an OPT record that has the DO flag.
func (d defect) ask(s *embedded.Server, name string, qtype uint16) *dns.Msg {
	d.Helper()
	m := lab.Query(name, qtype)
	m.SetEdns0(1232, true)
	return s.Ask(d.TB, "udp", m)
}

// typesIn are the owners and types of a section, as "www.example.org. A".
func typesIn(section []dns.RR) (all []string) {
	for _, rr := range section {
		all = append(all, rr.Header().Name+" "+dns.TypeToString[rr.Header().Rrtype])
	}
	return all
}
