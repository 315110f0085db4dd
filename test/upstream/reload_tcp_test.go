package upstream

import (
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	coretest "github.com/coredns/coredns/test"
	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

// Two queries of one connection have arrived, and the second waits for the first, which waits for
// its upstream. A reload lets the first be answered, and not the second.
func TestReloadDropsWhatATCPConnectionHasBrought(t *testing.T) {
	d := defect{t, "reload-tcp-unread.md"}
	asked, answer := make(chan struct{}, 1), make(chan struct{})
	letGo := sync.OnceFunc(func() { close(answer) })
	defer letGo()
	upstream, err := net.Listen("tcp", "127.0.0.1:0") // forward asks over what it is asked over
	if err != nil {
		t.Fatal(err)
	}
	lab.ServeDNS(t, &dns.Server{Listener: upstream, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, r *dns.Msg) {
		if r.Question[0].Name == "first.example.org." {
			select {
			case asked <- struct{}{}:
			default: // forward asks again
			}
			<-answer
		}
		_ = w.WriteMsg(new(dns.Msg).SetReply(r))
	})})
	port := lab.FreePort(t)
	corefile := strings.NewReplacer("1053", port, "127.0.0.1:1054", upstream.Addr().String()).Replace(d.block("corefile"))
	instance, err := coretest.CoreDNSServer(corefile)
	if err != nil {
		t.Fatal(err)
	}
	dial := func() *dns.Conn {
		conn, err := dns.DialTimeout("tcp", "127.0.0.1:"+port, lab.Patience)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		_ = conn.SetDeadline(time.Now().Add(lab.Slow))
		return conn
	}
	say := func(conn *dns.Conn, name string) {
		t.Helper()
		if err := conn.WriteMsg(lab.Query(name, dns.TypeA)); err != nil {
			t.Fatal(err)
		}
	}

	idle, busy := dial(), dial()
	say(idle, "idle.example.org.")
	if _, err := idle.ReadMsg(); err != nil {
		t.Fatal(err)
	}
	say(busy, "first.example.org.")
	say(busy, "second.example.org.")
	select {
	case <-asked:
	case <-time.After(lab.Slow):
		t.Fatal("the upstream is not asked")
	}
	reloaded := make(chan struct{})
	next := instance
	go func() {
		defer close(reloaded)
		next, err = instance.Restart(coretest.NewInput(corefile))
	}()
	if _, err := idle.ReadMsg(); err == nil { // it is closed once the old server has been told to stop
		t.Fatal("an idle connection is answered what nobody asked")
	}
	letGo()
	<-reloaded
	t.Cleanup(func() { coretest.CoreDNSServerStop(next) })
	if err != nil {
		t.Fatal(err)
	}

	answered := make(map[string]int) // rcodes, by name
	for {
		reply, err := busy.ReadMsg()
		if err != nil {
			t.Log(answered, err)
			break
		}
		answered[reply.Question[0].Name] = reply.Rcode
	}
	_, found := answered["second.example.org."]
	if found && answered["first.example.org."] != dns.RcodeSuccess {
		t.Log("this machine took so long that forward gave up before the reload: nothing is shown")
		return
	}
	d.stands(!found, answered)
}

// What the page says of UDP: the new server has the old one's socket.
func TestQueriesOverUDPOutliveReloads(t *testing.T) {
	address := "127.0.0.1:" + lab.FreePort(t)
	corefile := ".:" + address[len("127.0.0.1:"):] + " {\n bind 127.0.0.1\n whoami\n}"
	instance, err := coretest.CoreDNSServer(corefile)
	if err != nil {
		t.Fatal(err)
	}
	var clients sync.WaitGroup
	done := make(chan struct{})
	for range 4 {
		clients.Go(func() {
			client := dns.Client{Timeout: lab.Patience}
			for {
				select {
				case <-done:
					return
				default:
				}
				if _, _, err := client.Exchange(lab.Query("example.org.", dns.TypeA), address); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 200 {
		if instance, err = instance.Restart(coretest.NewInput(corefile)); err != nil {
			t.Error(err)
			break
		}
	}
	close(done)
	clients.Wait()
	coretest.CoreDNSServerStop(instance)
}
