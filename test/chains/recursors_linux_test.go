package chains

import (
	"fmt"
	"testing"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

// recursors are validating resolvers with caches, which begin at a tree's root at net.1 and
// return their address.
var recursors = map[string]func(t *testing.T, tr *signedTree, net string) string{
	"Unbound":       startIteratingUnbound,
	"Knot Resolver": startKnotResolver,
}

func startIteratingUnbound(t *testing.T, tr *signedTree, net string) string {
	t.Helper()
	program, dir, port := lab.Tool(t, "unbound", "unbound"), t.TempDir(), lab.FreePort(t)
	anchor := tr.keys["lab."]
	lab.WriteAll(t, dir, map[string]string{
		"root.hints": ". 3600 IN NS ns1.server.\nns1.server. 3600 IN A " + net + ".1\n",
		"unbound.conf": fmt.Sprintf(`server:
	interface: 127.0.0.1
	port: %s
	directory: %q
	chroot: ""
	username: ""
	pidfile: "unbound.pid"
	use-syslog: no
	logfile: ""
	do-daemonize: no
	do-not-query-localhost: no
	do-ip6: no
	ede: yes
	val-log-level: 2
	root-hints: "root.hints"
	trust-anchor: "lab. DNSKEY %d %d %d %s"
remote-control:
	control-enable: no
`, port, dir, anchor.Flags, anchor.Protocol, anchor.Algorithm, anchor.PublicKey),
	})
	lab.StartDaemon(t, dir, program, "-d", "-c", "unbound.conf")
	return "127.0.0.1:" + port
}

func startKnotResolver(t *testing.T, tr *signedTree, net string) string {
	t.Helper()
	program, dir, port := lab.Tool(t, "kresd", "knot-resolver"), t.TempDir(), lab.FreePort(t)
	lab.WriteAll(t, dir, map[string]string{"kresd.conf": fmt.Sprintf(`net.ipv6 = false
net.listen('127.0.0.1', %s, { kind = 'dns' })
modules = { 'hints > iterate' }
modules.unload('priming')
modules.unload('ta_signal_query')
modules.unload('ta_update')
hints.root({ ['ns1.server.'] = '%s.1' })
trust_anchors.remove('.')
trust_anchors.add([[%s]])
cache.size = 20 * MB
`, port, net, tr.keys["lab."].ToDS(dns.SHA256))})
	lab.StartDaemon(t, dir, program, "-n", "-c", "kresd.conf", dir)
	return "127.0.0.1:" + port
}
