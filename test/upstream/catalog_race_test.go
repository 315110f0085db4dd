//go:build race

package upstream

import (
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/plugin/test"

	"github.com/miekg/dns"
)

// The race would fail the test that has it, so that is one of another process.
const inProcess = "HOLDFAST_CATALOG_RACE"

func TestSecondaryRacesWithItsCatalog(t *testing.T) {
	if os.Getenv(inProcess) != "" {
		raceWithCatalog(t)
		return
	}
	d := defect{t, "secondary-catalog-race.md"}
	again := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$") // #nosec G204 -- ourselves
	again.Env = append(os.Environ(), inProcess+"=1", "GORACE=")
	output, _ := again.CombinedOutput()
	text := string(output)
	d.stands(strings.Contains(text, "DATA RACE") && strings.Contains(text, "replaceDynamicZoneLocked"), text)
}

// raceWithCatalog asks a secondary while NOTIFY brings a new zone to its catalog, and takes
// it away, again and again.
func raceWithCatalog(t *testing.T) {
	p := startPrimary(t, func(serial uint32) []dns.RR {
		rrs := []dns.RR{test.NS("catalog.example. 60 IN NS invalid."), test.TXT("version.catalog.example. 60 IN TXT \"2\"")}
		if serial%2 == 0 {
			rrs = append(rrs, test.PTR("one.zones.catalog.example. 60 IN PTR member.example."))
		}
		return rrs
	})
	c := caddy.NewTestController("dns", "secondary catalog.example {\n transfer from "+p.address+"\n catalog member.example\n}")
	setup, err := caddy.DirectiveAction("dns", "secondary")
	if err == nil {
		err = setup(c)
	}
	if err != nil {
		t.Fatal(err)
	}
	secondary := dnsserver.GetConfig(c).Plugin[0](nil)
	serve := func(m *dns.Msg) {
		if _, err := secondary.ServeDNS(t.Context(), &test.ResponseWriter{RemoteIP: "127.0.0.1"}, m); err != nil {
			t.Error(err)
		}
	}
	changed := make(chan struct{})
	var client sync.WaitGroup
	client.Go(func() {
		for {
			select {
			case <-changed:
				return
			default:
				serve(new(dns.Msg).SetQuestion("www.member.example.", dns.TypeA))
			}
		}
	})
	for range 20 {
		p.serial.Add(1)
		serve(new(dns.Msg).SetNotify("catalog.example."))
	}
	close(changed)
	client.Wait()
}
