package lab

import "testing"

// Tailnet is the domain of the example for tailnets.
const Tailnet = "tail1234.ts.net."

// TailnetPorts are those of servers with the tailnet's Corefile, at any address.
type TailnetPorts struct{ dns, HTTP, metrics, health string }

// NewTailnetPorts takes ports that are free.
func NewTailnetPorts(t *testing.T) TailnetPorts {
	t.Helper()
	Binary(t) // before there are ports that are free now
	return TailnetPorts{FreePort(t), FreePort(t), FreePort(t), FreePort(t)}
}

// Start starts the example at an address of loopback, with these upstreams of the
// tailnet and of the rest, and more lines for selfpreserve.
func (p TailnetPorts) Start(t *testing.T, ip string, magic, first, second *Upstream, lines string) *Member {
	t.Helper()
	corefile := Replaced(t, Read(t, "corefile-examples/tailnet/Corefile"),
		".:53 {", ".:"+p.dns+" {", "bind 127.0.0.1", "bind "+ip,
		"selfpreserve 127.0.0.1:8182 {", "selfpreserve "+ip+":"+p.HTTP+" {\n"+lines,
		"prometheus 127.0.0.1:9153", "prometheus "+ip+":"+p.metrics,
		"health 127.0.0.1:8080", "health "+ip+":"+p.health,
		"100.100.100.100", magic.Addr, "9.9.9.9", first.Addr, "1.1.1.1", second.Addr)
	return StartMember(t, corefile, ip+":"+p.dns, ip+":"+p.HTTP, ip+":"+p.metrics)
}
