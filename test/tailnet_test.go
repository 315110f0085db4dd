package test

import "testing"

// tailnet is the domain of the example for tailnets.
const tailnet = "tail1234.ts.net."

// tailnetPorts are those of servers with the tailnet's Corefile, at any address.
type tailnetPorts struct{ dns, http, metrics, health string }

func newTailnetPorts(t *testing.T) tailnetPorts {
	t.Helper()
	binary(t) // before there are ports that are free now
	return tailnetPorts{freePort(t), freePort(t), freePort(t), freePort(t)}
}

// start starts the example at an address of loopback, with these upstreams of the
// tailnet and of the rest, and more lines for selfpreserve.
func (p tailnetPorts) start(t *testing.T, ip string, magic, first, second *upstream, lines string) *member {
	t.Helper()
	corefile := replaced(t, read(t, "corefile-examples/tailnet/Corefile"),
		".:53 {", ".:"+p.dns+" {", "bind 127.0.0.1", "bind "+ip,
		"selfpreserve 127.0.0.1:8182 {", "selfpreserve "+ip+":"+p.http+" {\n"+lines,
		"prometheus 127.0.0.1:9153", "prometheus "+ip+":"+p.metrics,
		"health 127.0.0.1:8080", "health "+ip+":"+p.health,
		"100.100.100.100", magic.addr, "9.9.9.9", first.addr, "1.1.1.1", second.addr)
	return startMember(t, corefile, ip+":"+p.dns, ip+":"+p.http, ip+":"+p.metrics)
}
