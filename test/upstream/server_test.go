package upstream

import (
	"net/http"
	"slices"
	"testing"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
	"github.com/holdfastdns/holdfast/test/lab/embedded"
)

func TestAQuestionForDSGoesToTheHighestZone(t *testing.T) {
	d := defect{t, "ds-to-highest-zone.md"}
	reply := d.ask(d.start(""), "sub.example.org.", dns.TypeDS)
	d.stands(len(reply.Answer) == 0 && slices.Contains(typesIn(reply.Ns), "example.org. NS"), reply)
}

// erratic is ready while it has had three or four queries.
func TestReadyAsksOnlyOneOfAPluginsServerBlocks(t *testing.T) {
	d := defect{t, "ready-one-block.md"}
	address := "127.0.0.1:" + lab.FreePort(t)
	s := d.start(address)
	ready := func() bool {
		response, err := http.Get("http://" + address + "/ready") // #nosec G107 -- our own
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		return response.StatusCode == http.StatusOK
	}
	if ready() {
		t.Fatal("ready before there was a query")
	}
	for range 3 {
		d.ask(s, "www.b.example.", dns.TypeA)
	}
	d.stands(ready(), "503 while the plugin of a.example is not ready")
}

func TestAnEmptyZONEVERSIONIsRefused(t *testing.T) {
	d := defect{t, "zoneversion-formerr.md"}
	s := embedded.Start(t, ".:0 {\n bind 127.0.0.1\n whoami\n}", nil)
	ask := func(code uint16) *dns.Msg {
		m := lab.QueryWithOPT("example.org.", dns.TypeA, 1232)
		m.IsEdns0().Option = []dns.EDNS0{&dns.EDNS0_LOCAL{Code: code}} // an option without data
		return s.Ask(t, "udp", m)
	}
	if reply := ask(dns.EDNS0NSID); reply.Rcode != dns.RcodeSuccess {
		t.Fatalf("an empty NSID option is refused, too:\n%v", reply)
	}
	reply := ask(dns.EDNS0ZONEVERSION)
	d.stands(reply.Rcode == dns.RcodeFormatError, reply)
}
