package zones

import (
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

// A real secondary takes its zones from a catalog of BIND's. In this process it would fail with
// -race, see TestZoneOfACatalogIsWatchedWhileItIsThere.
func TestCatalogThatIsFollowedBringsZones(t *testing.T) {
	t.Parallel()
	const first, second, catalog = "first.example.", "second.example.", "followed.example."
	b := startBIND(t, lab.FreePort(t), map[string]string{
		first: lab.ZoneText(1, lab.Lazy), second: lab.ZoneText(1, lab.Lazy),
		catalog: lab.ZoneText(1, lab.Lazy) + "version IN TXT \"2\"\none.zones IN PTR " + first + "\n",
	})
	coredns, o := startProcess(t, ".", first, stanza(maxAge, "catalog "+catalog+"\n primary "+b.Addr)+
		"secondary "+catalog+" {\n transfer from "+b.Addr+"\n catalog "+first+" "+second+"\n}\n", nil)
	other := o
	other.zone = second
	anything := func(sight) bool { return true } // it is loading
	o.await(t, time.Now(), lab.Patience, anything, o.plainAnd(t, "fresh"))
	if status := other.status(t); status != "" {
		t.Errorf("%s is in no catalog, and %s", second, status)
	}

	b.update(t, catalog, "add two.zones.$ZONE 60 PTR "+second)
	o.notify(t, catalog)
	loaded := other.await(t, time.Now(), lab.Patience, anything, plain).at
	other.await(t, loaded, cureShows, plain, other.plainAnd(t, "fresh"))

	fault := time.Now()
	b.update(t, second, "add new.$ZONE 60 A 10.0.0.2")
	other.flagged(t, fault, maxAge, "%s behind, serial 1 < 2")
	if s := o.ask("www." + first); !plain(s) {
		t.Errorf("the other member is flagged, too\n%v", s.reply)
	}

	b.update(t, catalog, "delete two.zones.$ZONE")
	o.notify(t, catalog)
	gone := func(s sight) bool {
		return s.reply != nil && s.reply.Rcode == dns.RcodeRefused && len(s.errors) == 0 && other.status(t) == ""
	}
	removed := other.await(t, time.Now(), lab.Patience, anything, func(s sight) bool { return s.reply != nil && s.reply.Rcode == dns.RcodeRefused }).at
	other.await(t, removed, cureShows, anything, gone)

	// A reload loads the catalog anew.
	coredns.Reload(t, "Reloading complete") // no scrape in between
	o.await(t, time.Now(), lab.Patience, anything, o.plainAnd(t, "fresh"))
}
