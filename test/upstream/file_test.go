package upstream

import (
	"slices"
	"testing"

	"github.com/miekg/dns"
)

func TestFileSendsADenialWithMoreThanMINIMUM(t *testing.T) {
	d := defect{t, "file-denial-ttl.md"}
	s := d.start("")
	for _, name := range []string{"gone.example.org.", "www.example.org."} { // NXDOMAIN, NODATA
		reply := d.ask(s, name, dns.TypeAAAA)
		if len(reply.Answer) > 0 || len(reply.Ns) != 1 {
			t.Fatalf("want a denial, got\n%v", reply)
		}
		d.stands(reply.Ns[0].Header().Ttl == 1000, reply)
	}
}

func TestFileSendsNoSOAWithNODATABehindACNAME(t *testing.T) {
	d := defect{t, "file-cname-nodata.md"}
	reply := d.ask(d.start(""), "link.example.org.", dns.TypeAAAA)
	if want := []string{"link.example.org. CNAME"}; reply.Rcode != dns.RcodeSuccess || !slices.Equal(typesIn(reply.Answer), want) {
		t.Fatalf("want NODATA behind a CNAME, got\n%v", reply)
	}
	d.stands(slices.Equal(typesIn(reply.Ns), []string{"example.org. NS"}), reply)
}

func TestFileLeavesOutWhatProvesAnAnswer(t *testing.T) {
	d := defect{t, "file-missing-proofs.md"}
	s := d.start("")
	denials := func(reply *dns.Msg, name string) (covering int) {
		for _, rr := range reply.Ns {
			if nsec, ok := rr.(*dns.NSEC); ok && covers(nsec, name) {
				covering++
			}
		}
		return covering
	}
	for _, c := range []struct {
		name   string
		rcode  int
		denied string // what an NSEC record has to deny
	}{
		{"x.wild.example.org.", dns.RcodeSuccess, "x.wild.example.org."},
		{"gone.ent.example.org.", dns.RcodeNameError, "*.ent.example.org."},
		{"gone.d.example.org.", dns.RcodeNameError, "gone.here.example.org."},
		{"x.w.example.org.", dns.RcodeSuccess, "x.w.example.org."},
	} {
		reply := d.ask(s, c.name, dns.TypeA)
		if reply.Rcode != c.rcode {
			t.Errorf("%s: want %s, got\n%v", c.name, dns.RcodeToString[c.rcode], reply)
		}
		d.stands(denials(reply, c.denied) == 0, reply)
	}
	// These are right, so the zone is.
	for _, name := range []string{"gone.example.org.", "y.star.example.org.", "gone.ent.example.org."} {
		if reply := d.ask(s, name, dns.TypeA); denials(reply, name) != 1 {
			t.Errorf("%s: want an NSEC that denies it, got\n%v", name, reply)
		}
	}
}

// covers is whether an NSEC record denies that a name exists (RFC 4034, section 6.1).
func covers(nsec *dns.NSEC, name string) bool {
	canonical := func(name string) []string {
		labels := dns.SplitDomainName(name)
		slices.Reverse(labels)
		return labels
	}
	before := func(a, b string) bool { return slices.Compare(canonical(a), canonical(b)) < 0 }
	return before(nsec.Hdr.Name, name) && (before(name, nsec.NextDomain) || nsec.NextDomain == "example.org.")
}
