package stalecheck

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/transfer"
	"go.uber.org/goleak"

	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"

	"github.com/miekg/dns"
)

// catalogBackend has a catalog and the members of it that it was told to have.
type catalogBackend struct {
	sync.Mutex
	serial  uint32            // of the catalog
	members []string          // in it
	zones   map[string]uint32 // that are there, by serial; 0 is one that is not loaded
	broken  bool
	reads   int
}

func (*catalogBackend) Name() string { return "secondary" }

func (b *catalogBackend) serialOf(name string) (uint32, bool) {
	if name == "catalog.example.org." {
		return b.serial, true
	}
	serial, ok := b.zones[name]
	return serial, ok
}

func (b *catalogBackend) ServeDNS(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
	b.Lock()
	defer b.Unlock()
	serial, ok := b.serialOf(r.Question[0].Name)
	switch {
	case !ok:
		return dns.RcodeRefused, nil
	case serial == 0:
		return dns.RcodeServerFailure, nil
	}
	m := new(dns.Msg).SetReply(r)
	m.Answer = []dns.RR{&dns.SOA{Hdr: dns.RR_Header{Name: r.Question[0].Name, Rrtype: dns.TypeSOA, Class: dns.ClassINET}, Serial: serial, Expire: 600}}
	return dns.RcodeSuccess, w.WriteMsg(m)
}

func (b *catalogBackend) Transfer(zone string, _ uint32) (<-chan []dns.RR, error) {
	b.Lock()
	defer b.Unlock()
	serial, ok := b.serialOf(zone)
	switch {
	case !ok:
		return nil, transfer.ErrNotAuthoritative
	case serial == 0:
		return nil, fmt.Errorf("no SOA")
	}
	texts := []string{zone + " 60 IN SOA ns." + zone + " h." + zone + " 1 2 3 4 5"}
	if zone == "catalog.example.org." {
		b.reads++
		texts = append(texts, zone+" 60 IN NS invalid.", "version."+zone+` 60 IN TXT "2"`)
		if b.broken {
			texts = texts[:2]
		}
		for i, name := range b.members {
			texts = append(texts, fmt.Sprintf("m%d.zones.%s 60 IN PTR %s", i, zone, name))
		}
	}
	var rrs []dns.RR
	for _, text := range texts {
		rr, err := dns.NewRR(text)
		if err != nil {
			return nil, err
		}
		rrs = append(rrs, rr)
	}
	batches := make(chan []dns.RR, 1)
	batches <- rrs
	close(batches)
	return batches, nil
}

// following is a plugin in a world of its own that follows the catalog of b.
func following(t *testing.T, b *catalogBackend) (*StaleCheck, *world) {
	t.Helper()
	s, w := inWorld(t, "stalecheck {\n primary 192.0.2.1\n catalog catalog.example.org\n}")
	s.Next = b
	if err := s.readFrom(func(string) plugin.Handler { return nil }); err != nil {
		t.Fatal(err)
	}
	if err := s.canFollow([]plugin.Handler{b}); err != nil {
		t.Fatal(err)
	}
	return s, w
}

// statuses are those of all zones that are watched, such as "catalog fresh, one stale".
func statuses(s *StaleCheck) string {
	var all []string
	for z := range s.watched {
		all = append(all, strings.TrimSuffix(z.name, ".example.org.")+" "+z.verdict.Load().Status.String())
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

func TestMembersOfACatalogAreWatchedWhileTheyAreThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &catalogBackend{zones: make(map[string]uint32)}
		s, w := following(t, b)
		w.set(p0, 8)
		s.start()
		defer s.stop()
		change := func(change func(), after time.Duration, want string) {
			t.Helper()
			b.Lock()
			change()
			b.Unlock()
			time.Sleep(after) // of the bubble
			synctest.Wait()
			if got := statuses(s); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		}
		const soon = 25 * time.Second // two intervals with their jitter
		change(func() {}, soon, "catalog unknown")
		change(func() {
			b.serial, b.members = 8, []string{"one.example.org.", "two.example.org.", "elsewhere.example."}
		}, soon, "catalog fresh") // it has none of them yet
		change(func() { b.zones["one.example.org."] = 0 }, soon, "catalog fresh, one unknown")
		change(func() { b.zones["one.example.org."], b.zones["two.example.org."] = 8, 7 }, soon, "catalog fresh, one fresh, two fresh")
		change(func() {}, time.Minute, "catalog fresh, one fresh, two stale")
		if n := s.marked.Load(); n != 1 {
			t.Errorf("the answers of %d zones are marked", n)
		}
		reads := b.reads
		change(func() {}, time.Minute, "catalog fresh, one fresh, two stale")
		if b.reads != reads {
			t.Errorf("a catalog that has not changed was read %d times", b.reads-reads)
		}
		change(func() { b.serial, b.broken = 9, true }, 15*time.Second, "catalog fresh, one fresh, two stale")
		change(func() { b.broken, b.members = false, b.members[:1] }, soon, "catalog fresh, one fresh")
		if n := s.marked.Load(); n != 0 || s.match("www.two.example.org.") != nil || s.match("www.one.example.org.") == nil {
			t.Errorf("%d zones are marked, and queries meet %v", n, s.match("www.two.example.org."))
		}
	})
}

// A reload of CoreDNS loads the catalog anew. What was seen of its members counts again when
// they are there.
func TestAReloadKeepsWhatWasSeenOfMembers(t *testing.T) {
	before := goleak.IgnoreCurrent()
	synctest.Test(t, func(t *testing.T) {
		b := &catalogBackend{serial: 8, members: []string{"one.example.org."}, zones: map[string]uint32{"one.example.org.": 7}}
		old, w := following(t, b)
		w.set(p0, 8)
		old.corefile = new(int)
		old.start()
		time.Sleep(50 * time.Second) // of the bubble
		for reload := range 2 {
			empty := &catalogBackend{zones: make(map[string]uint32)}
			next, w := following(t, empty)
			next.corefile = new(int)
			w.set(p0, 8)
			next.start()
			old.stop()
			time.Sleep(time.Second) // of the bubble
			if got := statuses(next); got != "catalog unknown" {
				t.Errorf("reload %d: %s", reload, got)
			}
			if reload == 1 { // the first of two at once
				empty.Lock()
				empty.serial, empty.members, empty.zones = 8, b.members, b.zones
				empty.Unlock()
			}
			old = next
		}
		time.Sleep(25 * time.Second) // of the bubble
		synctest.Wait()
		if z := old.zone("one.example.org."); z == nil || z.verdict.Load().Age < 60*time.Second {
			t.Errorf("%s", statuses(old))
		}
		old.stop()
	})
	goleak.VerifyNone(t, before)
}

func TestFiguresOfAMemberVanishWithIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &catalogBackend{serial: 8, members: []string{"one.example.org."}, zones: map[string]uint32{"one.example.org.": 7}}
		s, w := following(t, b)
		w.set(p0, 9)
		s.start()
		defer s.stop()
		time.Sleep(2 * time.Minute) // of the bubble
		z := s.zone("one.example.org.")
		z.count(context.Background(), flag)
		if got := gauges(t); !strings.Contains(got, "zone_status stale one.example.org. 1\n") {
			t.Error(got)
		}
		b.Lock()
		b.serial, b.members = 9, nil
		b.Unlock()
		time.Sleep(25 * time.Second) // of the bubble
		if got := gauges(t); strings.Contains(got, "one.example.org.") {
			t.Error(got)
		}
		if n := responsesTotal.DeletePartialMatch(map[string]string{"zone": "one.example.org."}); n != 0 {
			t.Errorf("%d counters are left", n)
		}
		was := s.marked.Load()
		s.observe(z, func(h *verdict.History, now time.Time) { h.ObserveOwn(9, 600, "", now) }) // a late one
		if s.marked.Load() != was {
			t.Error("what comes late still counts")
		}
	})
}

func TestACatalogNeedsWhoeverHasIt(t *testing.T) {
	s := newCheck(t, "stalecheck {\n primary 192.0.2.1\n catalog catalog.example.org\n}")
	if err := s.canFollow([]plugin.Handler{s}); err == nil || !strings.Contains(err.Error(), "catalog catalog.example.org. cannot be followed") {
		t.Error(err)
	}
	if err := newCheck(t, withPrimary).canFollow(nil); err != nil {
		t.Error(err)
	}
}
