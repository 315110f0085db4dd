package upstream

import (
	"net"
	"testing"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

// BenchmarkQueryOverUDP is a query through the page's chain, with 100 under way at a time: as it
// is, and with the stack grown first thing, as the patch does, in the function that a server of
// miekg/dns calls there.
func BenchmarkQueryOverUDP(b *testing.B) {
	b.Run("as it is", queryOverUDP)
	accept := dns.DefaultMsgAcceptFunc
	defer func() { dns.DefaultMsgAcceptFunc = accept }()
	dns.DefaultMsgAcceptFunc = func(header dns.Header) dns.MsgAcceptAction {
		growStack(false)
		return accept(header)
	}
	b.Run("patched", queryOverUDP)
}

//go:noinline
func growStack(enter bool) {
	if enter {
		var frame [7 << 10]byte
		touch(&frame)
	}
}

//go:noinline
func touch(frame *[7 << 10]byte) { frame[0]++ }

func queryOverUDP(b *testing.B) {
	s := defect{b, "small-stacks.md"}.start("127.0.0.1:1")
	conn, err := net.Dial("udp", s.UDP)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	query, err := lab.Query("ns.example.org.", dns.TypeA).Pack()
	if err != nil {
		b.Fatal(err)
	}
	send := func() {
		if _, err := conn.Write(query); err != nil {
			b.Fatal(err)
		}
	}
	reply := make([]byte, dns.MinMsgSize)
	const underWay = 100
	for range underWay {
		send()
	}
	for b.Loop() {
		if _, err := conn.Read(reply); err != nil {
			b.Fatal(err)
		}
		send()
	}
}
