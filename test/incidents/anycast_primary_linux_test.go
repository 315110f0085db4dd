package incidents

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

// startPrimary starts BIND, which tells the servers of each change, and the writer of a
// heartbeat beside it.
func (f *anycast) startPrimary(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	lab.Command(t, dir, "cp", lab.Tool(t, "named", "bind9"), "named") // as lab.NewBIND does, and why
	lab.WriteAll(t, dir, map[string]string{
		"db": lab.ZoneText(1, lab.Eager) + "generation 0 TXT 0\nheartbeat 0 TXT 0\n",
		"named.conf": fmt.Sprintf(`key %q { algorithm hmac-sha256; secret %q; };
controls { };
logging { category xfer-out { null; }; category update { null; }; category update-security { null; }; category notify { null; }; };
options {
	directory %q;
	listen-on { any; };
	listen-on-v6 { none; };
	pid-file none;
	session-keyfile none;
	recursion no;
	dnssec-validation no;
	allow-transfer { any; };
	notify explicit;
	notify-delay 0;
	also-notify { 10.8.0.1; 10.8.0.2; 10.8.0.3; };
};
zone %q { type primary; file "db"; allow-update { key %[1]q; }; };
`, lab.TSIGKey, lab.TSIGSecret, dir, anycastZone),
	})
	f.primary.StartDaemon(t, dir, filepath.Join(dir, "named"), "-g", "-n", "1", "-c", "named.conf")
	beat := func() error { return f.write("heartbeat", time.Now().Unix()) }
	lab.Until(t, "BIND takes a heartbeat", func() bool { return beat() == nil })
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		next := time.NewTicker(time.Second)
		defer next.Stop()
		for {
			select {
			case <-next.C:
				if err := beat(); err != nil {
					t.Errorf("the heartbeat: %v", err)
				}
			case <-done:
				return
			}
		}
	}()
	t.Cleanup(func() { close(done); <-ended })
}

// write makes a number the text of a name at the primary.
func (f *anycast) write(name string, n int64) error {
	rr := &dns.TXT{Hdr: dns.RR_Header{Name: name + "." + anycastZone, Rrtype: dns.TypeTXT, Class: dns.ClassINET}, Txt: []string{strconv.FormatInt(n, 10)}}
	m := new(dns.Msg).SetUpdate(anycastZone)
	m.RemoveRRset([]dns.RR{rr})
	m.Insert([]dns.RR{rr})
	m.SetTsig(lab.TSIGKey, dns.HmacSHA256, 300, time.Now().Unix())
	reply, err := exchangeFrom(f.primary.Namespace, m, "127.0.0.1:53")
	if err == nil && reply.Rcode != dns.RcodeSuccess {
		err = fmt.Errorf("the UPDATE is answered %s", dns.RcodeToString[reply.Rcode])
	}
	return err
}

// exchangeFrom asks over UDP from a namespace, and gives an answer five seconds.
func exchangeFrom(ns lab.Namespace, m *dns.Msg, addr string) (*dns.Msg, error) {
	conn, err := ns.Dial(context.Background(), "udp", addr)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	client := dns.Client{Timeout: 5 * time.Second, TsigSecret: map[string]string{lab.TSIGKey: lab.TSIGSecret}}
	reply, _, err := client.ExchangeWithConn(m, &dns.Conn{Conn: conn})
	return reply, err
}

// change gives the zone new data, and waits until it has reached these servers.
func (f *anycast) change(t *testing.T, servers ...*lab.Host) {
	t.Helper()
	f.generation++
	if err := f.write("generation", int64(f.generation)); err != nil {
		t.Fatal(err)
	}
	f.reaches(t, servers...)
}

// reaches waits until the newest data has reached these servers.
func (f *anycast) reaches(t *testing.T, servers ...*lab.Host) {
	t.Helper()
	for _, h := range servers {
		lab.Until(t, fmt.Sprintf("server %d has generation %d", h.Number, f.generation), func() bool {
			reply, err := exchangeFrom(h.Namespace, lab.Query("generation."+anycastZone, dns.TypeTXT), "127.0.0.1:53")
			has, ok := generationIn(reply)
			return err == nil && ok && has == f.generation
		})
	}
}

// generationIn is what an answer says that the generation is.
func generationIn(reply *dns.Msg) (n int, ok bool) {
	if reply == nil || reply.Rcode != dns.RcodeSuccess || len(reply.Answer) != 1 {
		return 0, false
	}
	txt, ok := reply.Answer[0].(*dns.TXT)
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(txt.Txt[0])
	return n, err == nil
}
