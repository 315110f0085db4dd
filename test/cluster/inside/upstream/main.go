// upstream is the resolver outside the cluster: it knows example.com.
package main

import (
	"log"
	"net"
	"os"

	"github.com/miekg/dns"
)

func main() {
	dns.HandleFunc("example.com.", func(w dns.ResponseWriter, r *dns.Msg) {
		reply := new(dns.Msg).SetReply(r)
		if q := r.Question[0]; q.Qtype == dns.TypeA {
			reply.Answer = []dns.RR{&dns.A{
				Hdr: dns.RR_Header{Name: q.Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 300},
				A:   net.IPv4(192, 0, 2, 1),
			}}
		}
		_ = w.WriteMsg(reply)
	})
	dns.HandleFunc(".", func(w dns.ResponseWriter, r *dns.Msg) {
		_ = w.WriteMsg(new(dns.Msg).SetRcode(r, dns.RcodeNameError))
	})
	for _, network := range []string{"udp", "tcp"} {
		go func() { log.Fatal(dns.ListenAndServe(os.Args[1], network, nil)) }()
	}
	select {}
}
