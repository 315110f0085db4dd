// Package peers asks ttlfloor and the servers that have a floor as well, all set to 30 s, for the
// same names, and prints what became of the TTLs. docs/storms.md has the table.
package peers

import (
	"fmt"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

// samples is how many names are asked for in each column. So many that the lowest and the
// highest TTL of a floor of 30 s with jitter, 33 and 45, come up: each does in 1 of 24 draws.
const samples = 400

// columns are the questions of the table. Their answers have TTL 2 but where it says 0, and so
// has the original TTL of signatures, and MINIMUM.
var columns = []column{
	{head: "TTL 0", name: "zero.n%d.example.org.", qtype: dns.TypeA, read: ttlOf(dns.TypeA)},
	{head: "TTL 2", name: "two.n%d.example.org.", qtype: dns.TypeA, read: ttlOf(dns.TypeA)},
	{head: "NXDOMAIN", name: "gone.n%d.example.org.", qtype: dns.TypeA, rcode: dns.RcodeNameError, read: denial, show: smaller},
	{head: "NODATA", name: "two.n%d.example.org.", qtype: dns.TypeTXT, read: denial, show: smaller},
	{head: "SRV, its address", name: "srv.n%d.example.org.", qtype: dns.TypeSRV, read: ttlOf(dns.TypeSRV, dns.TypeA)},
	{head: "DNAME, CNAME", name: "a.d.n%d.example.org.", qtype: dns.TypeA, read: ttlOf(dns.TypeDNAME, dns.TypeCNAME)},
	{head: "signed", name: "two.n%d.example.net.", qtype: dns.TypeA, signed: true, read: ttlOf(dns.TypeA)},
	{head: "signed DNAME, CNAME", name: "a.d.n%d.example.net.", qtype: dns.TypeA, signed: true, read: ttlOf(dns.TypeDNAME, dns.TypeCNAME)},
	{head: "seconds", name: "two.n%d.example.org.", qtype: dns.TypeA, first: samples, read: ttlOf(dns.TypeA), show: seconds},
}

func TestTheGuideHasTheTableOfPeers(t *testing.T) {
	const file = "docs/storms.md"
	head := "| | floor |"
	for _, c := range columns {
		head += " " + c.head + " |"
	}
	head += "\n|---|---|" + strings.Repeat("--:|", len(columns)) + "\n"
	_, rest, found := strings.Cut(lab.Read(t, file), head)
	if !found {
		t.Errorf("%s has no table that begins with\n%s", file, head)
	}
	body, _, _ := strings.Cut(rest, "\n\n")
	rows := strings.Split(body, "\n")
	if len(rows) != len(peers) {
		t.Errorf("%s has %d rows, want one for each of %d servers", file, len(rows), len(peers))
	}
	up, table := startAuthority(t), head
	for i, p := range peers {
		t.Run(p.name, func(t *testing.T) {
			addr := p.start(t, up)
			row := fmt.Sprintf("| %s | %s |", p.name, p.setting)
			for _, c := range columns {
				row += " " + c.ask(t, addr, p.validates) + " |"
			}
			if i < len(rows) && rows[i] != row {
				t.Errorf("%s has\n%s\nwant\n%s", file, rows[i], row)
			}
			table += row + "\n"
		})
	}
	t.Logf("what became of the TTLs:\n%s", table)
}
