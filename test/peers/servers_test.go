package peers

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

// peer is a server with a floor of 30 s. In its files $PORT is where it listens, $AUTHORITY
// the port that it asks, $KEY the four fields of the signed zone's key, $DS those of its digest.
type peer struct {
	name      string
	setting   string // how the floor is set
	program   string // of a Debian package, or "" for our binary
	pack      string // the package
	args      string
	files     map[string]string
	validates bool
}

func corefile(lines string) map[string]string {
	return map[string]string{"Corefile": ".:$PORT {\n bind 127.0.0.1\n " + lines + "\n forward . 127.0.0.1:$AUTHORITY\n}\n"}
}

var peers = []peer{
	{name: "*ttlfloor*", setting: "`ttlfloor 30s`", args: "-conf Corefile", files: corefile("ttlfloor 30s")},
	{name: "CoreDNS's *rewrite*", setting: "`rewrite ttl suffix . 30-`", args: "-conf Corefile", files: corefile("rewrite ttl suffix . 30-")},
	{name: "CoreDNS's *cache*", setting: "`success 9984 3600 30`, `denial 9984 1800 30`", args: "-conf Corefile", files: corefile("cache {\n success 9984 3600 30\n denial 9984 1800 30\n }")},
	{name: "Unbound", setting: "`cache-min-ttl: 30`", program: "unbound", pack: "unbound", args: "-d -c unbound.conf", validates: true, files: map[string]string{
		"unbound.conf": `server:
	interface: 127.0.0.1
	port: $PORT
	directory: "$DIR"
	chroot: ""
	username: ""
	pidfile: "unbound.pid"
	use-syslog: no
	logfile: ""
	do-daemonize: no
	do-not-query-localhost: no
	do-ip6: no
	qname-minimisation: no
	minimal-responses: no
	cache-min-ttl: 30
	trust-anchor: "example.net. DNSKEY 257 3 13 $KEY"
remote-control:
	control-enable: no
stub-zone:
	name: "example.org"
	stub-addr: 127.0.0.1@$AUTHORITY
stub-zone:
	name: "example.net"
	stub-addr: 127.0.0.1@$AUTHORITY
`}},
	{name: "Knot Resolver", setting: "`cache.min_ttl(30)`", program: "kresd", pack: "knot-resolver", args: "-n -c kresd.conf $DIR", validates: true, files: map[string]string{
		"kresd.conf": `net.ipv6 = false
net.listen('127.0.0.1', $PORT, { kind = 'dns' })
modules = { 'policy' }
modules.unload('priming')
modules.unload('ta_signal_query')
modules.unload('ta_update')
trust_anchors.remove('.')
trust_anchors.add([[example.net. DS $DS]])
cache.size = 20 * MB
cache.min_ttl(30)
policy.add(policy.all(policy.FORWARD({'127.0.0.1@$AUTHORITY'})))
`}},
	{name: "PowerDNS Recursor", setting: "`minimum-ttl-override=30`", program: "pdns_recursor", pack: "pdns-recursor", args: "--config-dir=$DIR", validates: true, files: map[string]string{
		"recursor.conf": `local-address=127.0.0.1
local-port=$PORT
socket-dir=.
daemon=no
disable-syslog=yes
threads=1
dont-query=
qname-minimization=no
forward-zones=example.org=127.0.0.1:$AUTHORITY,example.net=127.0.0.1:$AUTHORITY
network-timeout=9000
minimum-ttl-override=30
dnssec=validate
lua-config-file=anchors.lua
security-poll-suffix=
`,
		"recursor.yml": `incoming: # the same, for 5.2 and later; those before 5.0 do not read it
  listen: ['127.0.0.1:$PORT']
outgoing:
  dont_query: []
  network_timeout: 9000
recursor:
  socket_dir: .
  threads: 1
  qname_minimization: false
  minimum_ttl_override: 30
  lua_config_file: anchors.lua
  security_poll_suffix: ''
  forward_zones:
  - {zone: example.org, forwarders: ['127.0.0.1:$AUTHORITY']}
  - {zone: example.net, forwarders: ['127.0.0.1:$AUTHORITY']}
dnssec:
  validation: validate
logging:
  disable_syslog: true
`,
		"anchors.lua": `clearTA()
addTA('example.net', '$DS')
addAllowedAdditionalQType(pdns.SRV, {pdns.A}, {mode=pdns.AdditionalMode.ResolveImmediately})
`}},
	{name: "dnsdist", setting: "`SetMinTTLResponseAction(30)`", program: "dnsdist", pack: "dnsdist", args: "--supervised --disable-syslog -C dnsdist.conf", files: map[string]string{
		"dnsdist.conf": `setLocal('127.0.0.1:$PORT')
newServer({address='127.0.0.1:$AUTHORITY', healthCheckMode='up'})
if SetMinTTLResponseAction then
  addResponseAction(AllRule(), SetMinTTLResponseAction(30))
else -- before 1.8
  addResponseAction(AllRule(), LuaResponseAction(function(dr)
    dr:editTTLs(function(section, class, type, ttl) return math.max(ttl, 30) end)
    return DNSResponseAction.None, ''
  end))
end
setSecurityPollSuffix('')
`}},
	{name: "BIND", setting: "`min-cache-ttl 30`, `min-ncache-ttl 30`", program: "named", pack: "bind9", args: "-g -n 1 -c named.conf", validates: true, files: map[string]string{
		"named.conf": `controls { };
options {
	directory "$DIR";
	listen-on port $PORT { 127.0.0.1; };
	listen-on-v6 { none; };
	pid-file none;
	session-keyfile none;
	recursion yes;
	qname-minimization off;
	minimal-responses no;
	dnssec-validation yes;
	min-cache-ttl 30;
	min-ncache-ttl 30;
};
trust-anchors { example.net. static-key 257 3 13 "$KEY"; };
zone "example.org" { type forward; forward only; forwarders { 127.0.0.1 port $AUTHORITY; }; };
zone "example.net" { type forward; forward only; forwarders { 127.0.0.1 port $AUTHORITY; }; };
`}},
}

// start runs the peer until the test ends, and returns its address.
func (p peer) start(t *testing.T, up authority) string {
	t.Helper()
	dir, port, program := t.TempDir(), lab.FreePort(t), ""
	if p.program == "" {
		program = lab.Binary(t)
	} else {
		// A copy, as for lab's BIND: AppArmor's profiles in Debian go by the path.
		lab.Command(t, dir, "cp", lab.Tool(t, p.program, p.pack), p.program)
		program = filepath.Join(dir, p.program)
	}
	ds := up.key.ToDS(dns.SHA256)
	fill := strings.NewReplacer("$PORT", port, "$DIR", dir, "$AUTHORITY", up.port,
		"$KEY", up.key.PublicKey, "$DS", fmt.Sprintf("%d %d %d %s", ds.KeyTag, ds.Algorithm, ds.DigestType, ds.Digest))
	files := make(map[string]string)
	for name, text := range p.files {
		files[name] = fill.Replace(text)
	}
	lab.WriteAll(t, dir, files)
	lab.StartDaemon(t, dir, program, strings.Fields(fill.Replace(p.args))...)
	addr := "127.0.0.1:" + port
	lab.AwaitAnswer(t, addr, lab.Query("ns.example.net.", dns.TypeA)) // no column has it
	return addr
}
