package upstream

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coredns/coredns/plugin/file"
	"github.com/coredns/coredns/plugin/pkg/dnstest"
	"github.com/coredns/coredns/plugin/test"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

// primary is the server of the zones that a secondary transfers.
type primary struct {
	address string
	serial  atomic.Uint32
	rcode   atomic.Int32                 // of its answers, or lab.Silent
	records func(serial uint32) []dns.RR // what a zone has beside its SOA record
}

func startPrimary(t *testing.T, records func(serial uint32) []dns.RR) *primary {
	t.Helper()
	p := &primary{address: "127.0.0.1:" + lab.FreePort(t), records: records}
	p.serial.Store(1)
	started := make(chan struct{})
	s := &dns.Server{Addr: p.address, Net: "tcp", Handler: p, NotifyStartedFunc: func() { close(started) }}
	ended := make(chan error, 1)
	go func() { ended <- s.ListenAndServe() }()
	<-started
	t.Cleanup(func() {
		if err := s.Shutdown(); err != nil {
			t.Error(err)
		}
		<-ended
	})
	return p
}

func (p *primary) ServeDNS(w dns.ResponseWriter, r *dns.Msg) {
	m := new(dns.Msg).SetReply(r)
	m.Authoritative = true
	switch rcode := p.rcode.Load(); {
	case rcode == lab.Silent:
		_ = w.Close()
		return
	case rcode != dns.RcodeSuccess:
		m.Rcode = int(rcode)
	default:
		serial := p.serial.Load()
		soa := &dns.SOA{Hdr: dns.RR_Header{Name: r.Question[0].Name, Rrtype: dns.TypeSOA, Class: dns.ClassINET, Ttl: 60},
			Ns: "ns.example.org.", Mbox: "hostmaster.example.org.", Serial: serial, Refresh: 10, Retry: 10, Expire: 60, Minttl: 60}
		m.Answer = []dns.RR{soa}
		if r.Question[0].Qtype == dns.TypeAXFR {
			m.Answer = append(append(m.Answer, p.records(serial)...), soa)
		}
	}
	_ = w.WriteMsg(m)
}

// secondary is a zone that has been transferred and is being kept up to date, in a bubble of
// synctest: an hour passes at once.
type secondary struct {
	*testing.T
	*file.Zone
	plugin file.File
}

// withSecondary runs what happens to a secondary of a primary.
func withSecondary(t *testing.T, what func(p *primary, s secondary)) {
	t.Helper()
	p := startPrimary(t, func(uint32) []dns.RR {
		return []dns.RR{test.NS("example.org. 60 IN NS ns.example.org."), test.A("www.example.org. 60 IN A 192.0.2.1")}
	})
	synctest.Test(t, func(t *testing.T) {
		z := file.NewZone("example.org.", "")
		z.TransferFrom = []string{p.address}
		if err := z.TransferIn(nil); err != nil {
			t.Fatal(err)
		}
		stop, stopped := make(chan bool), make(chan error)
		go func() { stopped <- z.Update(stop, nil) }()
		what(p, secondary{t, z, file.File{Zones: file.Zones{Z: map[string]*file.Zone{"example.org.": z}, Names: []string{"example.org."}}}})
		close(stop)
		if err := <-stopped; err != nil {
			t.Error(err)
		}
	})
}

// rcode is that of its answer to a client.
func (s secondary) rcode() int {
	s.Helper()
	recorder := dnstest.NewRecorder(&test.ResponseWriter{})
	rcode, err := s.plugin.ServeDNS(s.Context(), recorder, lab.Query("www.example.org.", dns.TypeA))
	if err != nil {
		s.Fatal(err)
	}
	if recorder.Msg != nil {
		return recorder.Msg.Rcode
	}
	return rcode // the server writes it
}

// EXPIRE is 60 s.
func TestSecondaryNeverExpiresWhileItsPrimaryRefuses(t *testing.T) {
	withSecondary(t, func(p *primary, s secondary) {
		p.rcode.Store(dns.RcodeRefused)
		time.Sleep(time.Hour)
		defect{s.T, "secondary-never-expires.md"}.stands(s.rcode() == dns.RcodeSuccess, dns.RcodeToString[s.rcode()])
	})
}

func TestExpiredSecondaryStaysExpiredUntilTheSerialMoves(t *testing.T) {
	withSecondary(t, func(p *primary, s secondary) {
		d := defect{s.T, "secondary-stays-expired.md"}
		p.rcode.Store(lab.Silent)
		time.Sleep(3 * time.Minute)
		if rcode := s.rcode(); rcode != dns.RcodeServerFailure {
			t.Fatalf("after three minutes of silence %s, want SERVFAIL", dns.RcodeToString[rcode])
		}
		records, err := s.Transfer(0)
		d.stands(err == nil, err) // it hands on what it does not serve
		if err == nil {
			for range records {
			}
		}

		p.rcode.Store(dns.RcodeSuccess)
		time.Sleep(time.Hour)
		d.stands(s.rcode() == dns.RcodeServerFailure, dns.RcodeToString[s.rcode()])

		p.serial.Store(2)
		time.Sleep(time.Minute)
		if rcode := s.rcode(); rcode != dns.RcodeSuccess {
			t.Errorf("with a new serial %s, want NOERROR", dns.RcodeToString[rcode])
		}
	})
}
