package zones

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

// startProcess runs the binary with one server block, for a zone or one above it, in a
// directory that has the files.
func startProcess(t *testing.T, block, zone, lines string, files map[string]string) (*lab.Daemon, onlooker) {
	t.Helper()
	lab.Binary(t) // before there is a Corefile with ports that are free now
	dir, port := t.TempDir(), lab.FreePort(t)
	o := onlooker{addr: "127.0.0.1:" + port, zone: zone, metrics: "127.0.0.1:" + lab.FreePort(t)}
	conf := filepath.Join(dir, "Corefile")
	corefile := fmt.Sprintf("%s:%s {\n bind 127.0.0.1\n prometheus %s\n%s}\n", block, port, o.metrics, lines)
	lab.Write(t, conf, corefile)
	lab.WriteAll(t, dir, files)
	coredns := lab.StartBinary(t, dir, "-conf", conf)
	lab.AwaitAnswer(t, o.addr, lab.Query("www."+zone, dns.TypeA))
	return coredns, o
}

// What was seen before a reload counts after it: else a server that is reloaded more
// often than its zones grow old would never notice.
func TestReloadDoesNotMakeAZoneYounger(t *testing.T) {
	t.Parallel()
	const zone, age = "reloaded.example.", 10 * time.Second
	b := startBIND(t, lab.FreePort(t), map[string]string{zone: lab.ZoneText(1, lab.Lazy)})
	coredns, o := startProcess(t, zone, zone, stanza(age, "primary "+b.Addr)+"file db\n", map[string]string{"db": lab.ZoneText(1, lab.Lazy)})
	reload := func() time.Time {
		t.Helper()
		coredns.Reload(t, "Reloading complete")
		return time.Now()
	}
	fault := time.Now()
	b.update(t, zone, "add new.$ZONE 60 A 10.0.0.2")
	o.stays(t, 6*time.Second, plain) // so that a server that forgot would be late
	reload()
	flagged := o.flagged(t, fault, age, "%s behind, serial 1 < 2")

	o.await(t, reload(), 2*interval, plain, flagged)
	o.stays(t, 2*interval, flagged)
}

// In this process it would fail with -race: secondary of CoreDNS 1.15 reads the list of
// its zones for each query, unlocked, while a catalog changes it.
func TestZoneOfACatalogIsWatchedWhileItIsThere(t *testing.T) {
	t.Parallel()
	const zone, catalog = "member.example.", "catalog.example."
	b := startBIND(t, lab.FreePort(t), map[string]string{
		zone:    lab.ZoneText(1, lab.Lazy),
		catalog: lab.ZoneText(1, lab.Lazy) + "version IN TXT \"2\"\n",
	})
	_, o := startProcess(t, ".", zone, strings.Replace(stanza(maxAge, "primary "+b.Addr), "{", zone+" {", 1)+
		"secondary "+catalog+" {\n transfer from "+b.Addr+"\n catalog "+zone+"\n}\n", nil)
	lab.Until(t, "the first transfer of the catalog", func() bool { _, ok := serialAt(o.addr, catalog); return ok })
	absent := func(s sight) bool {
		return s.reply != nil && s.reply.Rcode == dns.RcodeRefused && len(s.errors) == 0 && o.status(t) == "unknown"
	}
	o.stays(t, faultShows, absent)

	b.update(t, catalog, "add one.zones.$ZONE 60 PTR "+zone)
	o.notify(t, catalog)
	anything := func(sight) bool { return true } // the zone is loading
	loaded := o.await(t, time.Now(), lab.Patience, anything, plain).at
	o.await(t, loaded, cureShows, plain, o.plainAnd(t, "fresh"))

	fault := time.Now()
	b.update(t, zone, "add new.$ZONE 60 A 10.0.0.2")
	flagged := o.flagged(t, fault, maxAge, "%s behind, serial 1 < 2")

	b.update(t, catalog, "delete one.zones.$ZONE")
	o.notify(t, catalog)
	refused := func(s sight) bool { return s.reply != nil && s.reply.Rcode == dns.RcodeRefused && len(s.errors) == 0 }
	removed := o.await(t, time.Now(), lab.Patience, flagged, refused).at
	o.await(t, removed, cureShows, refused, absent)
}
