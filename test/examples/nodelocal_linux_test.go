package examples

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

// The node cache's Corefile on a node of its own: at both addresses, before and after the
// cluster's servers are gone.
func TestExampleNodelocalAnswersWhenTheServersAreGone(t *testing.T) {
	t.Parallel()
	ip := lab.Tool(t, "ip", "iproute2")
	node, dir := lab.NewNamespace(t), t.TempDir()
	node.Run(t, "link set lo up\naddr add 169.254.20.10/32 dev lo\naddr add 10.96.0.10/32 dev lo\naddr add 10.96.0.11/32 dev lo\n", ip, "-batch", "-")
	var overTCP, overUDP atomic.Int64
	servers := func(w dns.ResponseWriter, r *dns.Msg) {
		if w.RemoteAddr().Network() == "tcp" {
			overTCP.Add(1)
		} else {
			overUDP.Add(1)
		}
		m := new(dns.Msg).SetReply(r)
		m.Authoritative = true
		data := "A 10.96.0.80"
		if q := r.Question[0]; strings.HasPrefix(q.Name, "heartbeat.") {
			data = fmt.Sprintf("CNAME t%d.heartbeat.invalid.", time.Now().Unix())
		} else if q.Qtype == dns.TypeSOA {
			data = "SOA ns. hostmaster. 1 7200 1800 86400 5"
		}
		rr, _ := dns.NewRR(r.Question[0].Name + " 1 IN " + data)
		m.Answer = []dns.RR{rr}
		_ = w.WriteMsg(m)
	}
	resolver := func(w dns.ResponseWriter, r *dns.Msg) {
		m := new(dns.Msg).SetReply(r)
		rr, _ := dns.NewRR(r.Question[0].Name + " 0 IN A 192.0.2.80")
		m.Answer = []dns.RR{rr}
		_ = w.WriteMsg(m)
	}
	stop := serve(t, node, "10.96.0.11:53", servers)
	serve(t, node, "127.0.0.2:53", resolver)

	resolv := filepath.Join(dir, "resolv.conf")
	own := strings.NewReplacer("{$KUBE_DNS_SERVICE_HOST}", "10.96.0.10", "{$KUBE_DNS_UPSTREAM_SERVICE_HOST}", "10.96.0.11", "/etc/resolv.conf", resolv,
		"heartbeat heartbeat.", "max_age 10s\ninterval 1s\nheartbeat heartbeat.") // not to wait for a minute
	lab.WriteAll(t, dir, map[string]string{"Corefile": own.Replace(readExample(t, "nodelocal/Corefile")), "resolv.conf": "nameserver 127.0.0.2\n"})
	if err := node.Inside(func() { lab.StartBinary(t, dir, "-conf", "Corefile") }); err != nil {
		t.Fatal(err)
	}

	// ask tells what is not as it should be about an answer.
	ask := func(at, name, address string, least, most uint32, codes ...uint16) string {
		ctx, cancel := context.WithTimeout(t.Context(), lab.Patience)
		defer cancel()
		conn, err := node.Dial(ctx, "udp", net.JoinHostPort(at, "53"))
		if err != nil {
			return err.Error()
		}
		defer conn.Close()
		reply, _, err := (&dns.Client{Timeout: lab.Patience}).ExchangeWithConnContext(ctx, lab.QueryWithOPT(name, dns.TypeA, 1232), &dns.Conn{Conn: conn})
		if err != nil {
			return err.Error()
		}
		if len(reply.Answer) != 1 || !strings.HasSuffix(reply.Answer[0].String(), "\t"+address) {
			return fmt.Sprintf("%s at %s:\n%v", name, at, reply)
		}
		if ttl := reply.Answer[0].Header().Ttl; ttl < least || ttl > most {
			return fmt.Sprintf("%s at %s has TTL %d, want %d to %d", name, at, ttl, least, most)
		}
		told := lab.Explanations(reply)
		if len(told) != len(codes) || len(codes) == 1 && told[0].InfoCode != codes[0] {
			return fmt.Sprintf("%s at %s, want the Extended DNS Errors %d:\n%v", name, at, codes, reply)
		}
		return ""
	}
	const web, outside = "web.default.svc.cluster.local.", "www.example.org."
	for _, at := range []string{"169.254.20.10", "10.96.0.10"} {
		// Below the floor in the cluster, and 0 outside, which the cache keeps for 5 s.
		lab.Eventually(t, lab.Patience, func() string { return ask(at, web, "10.96.0.80", 5, 8) })
		lab.Eventually(t, lab.Patience, func() string { return ask(at, outside, "192.0.2.80", 5, 45) })
	}
	if tcp, udp := overTCP.Load(), overUDP.Load(); tcp == 0 || udp != 0 {
		t.Errorf("the servers were asked %d times over TCP and %d times over UDP", tcp, udp)
	}
	lab.Tool(t, "dig", "bind9-dnsutils")
	lab.Tool(t, "curl", "curl")
	typing := node.StartDaemon(t, dir, "bash", "-c", lab.Typed(t, "corefile-examples/nodelocal/README.md", 1)[0])
	<-typing.Ended
	if shown := regexp.MustCompile(`^(kubernetes\S+\s+[5-8]\s+IN\s+A\s+10\.96\.0\.80\n){2}(?s:.*)\ncoredns_cache_hits_total.*\n`); !shown.MatchString(typing.String()) {
		t.Errorf("the README's commands show\n%s", typing)
	}

	stop() // connections are refused, as those to a Service that has no pods
	// From the cache, and after its 5 s as an old answer, which lasts for 30 s.
	lab.Eventually(t, 3*lab.Patience, func() string { return ask("10.96.0.10", web, "10.96.0.80", 22, 30) })
	if why := ask("10.96.0.10", outside, "192.0.2.80", 5, 45); why != "" {
		t.Error(why)
	}
	lab.Eventually(t, 3*lab.Patience, func() string {
		return ask("169.254.20.10", web, "10.96.0.80", 22, 30, dns.ExtendedErrorCodeStaleAnswer)
	})
}

// serve answers in a namespace, over UDP and TCP, till it is stopped or the test ends.
func serve(t *testing.T, ns lab.Namespace, address string, answer dns.HandlerFunc) (stop func()) {
	t.Helper()
	var udp net.PacketConn
	var tcp net.Listener
	var err, errTCP error
	if failed := ns.Inside(func() {
		udp, err = net.ListenPacket("udp", address)
		tcp, errTCP = net.Listen("tcp", address)
	}); failed != nil || err != nil || errTCP != nil {
		t.Fatal(failed, err, errTCP)
	}
	stopUDP := lab.ServeDNS(t, &dns.Server{PacketConn: udp, Handler: answer})
	stopTCP := lab.ServeDNS(t, &dns.Server{Listener: tcp, Handler: answer})
	return func() { stopUDP(); stopTCP() }
}
