// Package plugintest is what the tests of all our plugins need: replies from text, the
// comparison of a plugin with its README, and the walls around a package that is pure.
package plugintest

import (
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// Message builds a reply from a question, "NAME TYPE", and records in the form of a
// zone file. "authority:" and "additional:" before a record name its section, and
// "rcode: NAME" sets the rcode.
func Message(tb testing.TB, question string, records ...string) *dns.Msg {
	tb.Helper()
	name, qtype, _ := strings.Cut(question, " ")
	m := new(dns.Msg)
	m.SetQuestion(name, dns.StringToType[qtype])
	m.Response = true
	for _, text := range records {
		section := &m.Answer
		if rcode, ok := strings.CutPrefix(text, "rcode: "); ok {
			m.Rcode = dns.StringToRcode[rcode]
			continue
		}
		if rest, ok := strings.CutPrefix(text, "authority: "); ok {
			section, text = &m.Ns, rest
		}
		if rest, ok := strings.CutPrefix(text, "additional: "); ok {
			section, text = &m.Extra, rest
		}
		rr, err := dns.NewRR(text)
		if err != nil {
			tb.Fatal(err)
		}
		*section = append(*section, rr)
	}
	return m
}

// Records parses records in the form of a zone file.
func Records(tb testing.TB, texts ...string) []dns.RR {
	tb.Helper()
	var rrs []dns.RR
	for _, text := range texts {
		rr, err := dns.NewRR(text)
		if err != nil {
			tb.Fatal(err)
		}
		rrs = append(rrs, rr)
	}
	return rrs
}
