package stalecheck

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/coredns/coredns/plugin/metadata"
	"github.com/coredns/coredns/plugin/test"
	"github.com/coredns/coredns/request"
	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"
)

func TestVitalNamesTheZoneAndHowFarItIsBehind(t *testing.T) {
	s := newCheck(t, "stalecheck a.example.org b.example.org c.example.org {\n primary 192.0.2.1\n}")
	if err := s.Vital(); err != nil {
		t.Errorf("with nothing known: %v", err)
	}
	s.seen(t, "a.example.org.", neverServed)
	if err := s.Vital(); err != nil {
		t.Errorf("unknown is no reason: %v", err)
	}
	s.seen(t, "b.example.org.", behind95)
	if err := s.Vital(); err == nil || err.Error() != "zone b.example.org. is stale: "+behindText {
		t.Errorf("Vital() = %v", err)
	}
	s.seen(t, "c.example.org.", behind95)
	if err := s.Vital(); err == nil || !strings.HasSuffix(err.Error(), behindText+", and 1 more zones") {
		t.Errorf("Vital() = %v", err)
	}
}

func TestEachZoneIsToldOfWithItsAge(t *testing.T) {
	s := newCheck(t, "stalecheck a.example.org b.example.org c.example.org {\n primary 192.0.2.1\n max_age 45s\n}")
	s.seen(t, "a.example.org.", neverServed)
	s.seen(t, "b.example.org.", behind95)
	s.seen(t, "c.example.org.", func(h *verdict.History) {
		h.ObserveOwn(7, 1000, "", at)
		h.ObserveReference(0, 7, "", at)
	})
	var got []string
	s.EachZone(func(zone, verdict, why string, age, maxAge, silence time.Duration) {
		got = append(got, fmt.Sprintf("%s %s %s of %s, primaries silent for %s: %s", zone, verdict, age, maxAge, silence, why))
	})
	want := []string{
		"a.example.org. unknown -1ns of 45s, primaries silent for -1ns: " + s.zones[0].verdict.Load().Text,
		"b.example.org. stale 1m35s of 45s, primaries silent for 1m35s: " + behindText,
		"c.example.org. fresh 0s of 45s, primaries silent for 0s: ",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestMetadata(t *testing.T) {
	values := func(s *StaleCheck, name string) string {
		ctx := metadata.ContextWithMetadata(context.Background())
		ctx = s.Metadata(ctx, request.Request{W: new(test.ResponseWriter), Req: query(name + " A")})
		var all []string
		for _, label := range []string{"status", "age", "source"} {
			if f := metadata.ValueFunc(ctx, "stalecheck/"+label); f != nil {
				all = append(all, f())
			}
		}
		return strings.Join(all, " ")
	}
	s := newCheck(t, withPrimary)
	if got := values(s, "www.example.org."); got != "unknown" {
		t.Errorf("with nothing known it is %q", got)
	}
	s.seen(t, "example.org.", behind95)
	if got := values(s, "www.example.org."); got != "stale 95 primary" {
		t.Errorf("of a stale zone it is %q", got)
	}
	if got := values(s, "www.example.net."); got != "" {
		t.Errorf("of a name outside the zones it is %q", got)
	}
}

func ExampleStaleCheck_Vital() {
	s := &StaleCheck{
		rules:      verdict.Rules{MaxAge: time.Minute, Sources: [verdict.NumSources]bool{verdict.Primary: true}},
		references: []verdict.Reference{{Source: verdict.Primary, Address: "192.0.2.1:53"}},
	}
	z := s.newZone("example.org.")
	s.zones = []*zone{z}
	behind95(z.history)
	v := z.history.Judge(at)
	z.verdict.Store(&v)
	fmt.Println(s.Vital())
	// Output: zone example.org. is stale: 95s behind, serial 2026112101 < 2026112105
}
