package chains

import (
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/holdfastdns/holdfast/test/lab"
)

// withDnspython prints what dnspython's resolver makes of answers, with the errors that they explain.
const withDnspython = `import dns.edns, dns.resolver, sys
resolver = dns.resolver.Resolver(configure=False)
resolver.nameservers, resolver.port = ['127.0.0.1'], int(sys.argv[1])
resolver.use_edns(0, 0, 1232)
def told(reply):
    return ['EDE %d (%s)' % (o.code, o.text) for o in reply.options if o.otype == dns.edns.EDE]
for tcp in (False, True):
    answer = resolver.resolve('www.example.org', 'A', tcp=tcp)
    print(answer.rrset.ttl, sorted(r.address for r in answer), told(answer.response))
    try:
        resolver.resolve('gone.example.org', 'A', tcp=tcp)
    except dns.resolver.NXDOMAIN as gone:
        print('NXDOMAIN', [told(r) for r in gone.responses().values()])
`

// withCares does the same with c-ares, which does not hand on errors.
const withCares = `import pycares, select, sys
EDNS = 1 << 8 # ARES_FLAG_EDNS
port = int(sys.argv[1])
def ask(flags, name, kind):
    channel = pycares.Channel(servers=['127.0.0.1'], udp_port=port, tcp_port=port, flags=flags, timeout=10)
    told = []
    channel.query(name, kind, lambda result, error: told.append(pycares.errno.errorcode[error] if error else [(r.host, r.ttl) for r in result]))
    while not told:
        readers, writers = channel.getsock()
        readable, writable, _ = select.select(readers, writers, [], channel.timeout())
        for fd in readable:
            channel.process_fd(fd, pycares.ARES_SOCKET_BAD)
        for fd in writable:
            channel.process_fd(pycares.ARES_SOCKET_BAD, fd)
        if not readable and not writable:
            channel.process_fd(pycares.ARES_SOCKET_BAD, pycares.ARES_SOCKET_BAD)
    print(name, told[0])
for flags in (EDNS, EDNS | pycares.ARES_FLAG_USEVC):
    ask(flags, 'www.example.org', pycares.QUERY_TYPE_A)
    ask(flags, 'gone.example.org', pycares.QUERY_TYPE_A)
`

// Programs and libraries take answers that are raised and marked, over UDP and TCP. Those that show the
// mark show it with its text. Queries without an OPT record would be refused: they are not in the view.
func TestClientsTakeRaisedAndMarkedAnswers(t *testing.T) {
	s := startStale(t, "example.org:0 {\n bind 127.0.0.1\n view edns {\n expr bufsize() > 512\n }\n ttlfloor 100s {\n jitter off\n }\n"+byItsSerial+" cache\n file $DIR/db\n}", map[string]string{"db": oldZone})
	port := strings.TrimPrefix(s.UDP, "127.0.0.1:")
	python := func(t *testing.T, script, module, debianPackage string) string {
		python := lab.Tool(t, "/usr/bin/python3", debianPackage)                   // Debian's own
		if err := exec.Command(python, "-c", "import "+module).Run(); err != nil { // #nosec G204 -- the test's own
			lab.SkipWithout(t, module, "apt-get install "+debianPackage)
		}
		return lab.Command(t, t.TempDir(), python, "-c", script, port)
	}
	with := func(program, debianPackage string, args ...string) func(t *testing.T) string {
		return func(t *testing.T) string {
			return lab.Command(t, t.TempDir(), lab.Tool(t, program, debianPackage), slices.Concat(args, []string{"-p", port, "@127.0.0.1", "www.example.org", "gone.example.org"})...)
		}
	}
	const age = "serial 1000 is \\d+s old"
	shown := []string{`EDE: 3 \(Stale Answer\).*` + age, `EDE: 19 \(Stale NXDOMAIN Answer\).*` + age, `www\.example\.org\.\s+100\s+IN\s+A\s+10\.0\.0\.1\n`}
	for name, tc := range map[string]struct {
		run   func(t *testing.T) string
		times int // that each of these is in what it prints
		want  []string
	}{
		"dig":          {with("dig", "bind9-dnsutils"), 1, shown},
		"dig over TCP": {with("dig", "bind9-dnsutils", "+tcp"), 1, shown},
		"kdig":         {with("kdig", "knot-dnsutils", "+edns"), 1, shown},
		"dnspython": {func(t *testing.T) string { return python(t, withDnspython, "dns.edns", "python3-dnspython") }, 2, []string{
			`100 \['10\.0\.0\.1', '10\.0\.0\.2'\] \['EDE 3 \(` + age + `\)'\]\n`, `NXDOMAIN \[\['EDE 19 \(` + age + `\)'\]\]\n`}},
		"c-ares": {func(t *testing.T) string { return python(t, withCares, "pycares", "python3-pycares") }, 2, []string{
			`www\.example\.org \[\('10\.0\.0\.1', 100\), \('10\.0\.0\.2', 100\)\]\n`, `gone\.example\.org ARES_ENOTFOUND\n`}},
	} {
		t.Run(name, func(t *testing.T) {
			out := tc.run(t)
			for _, want := range tc.want {
				if found := regexp.MustCompile(want).FindAllString(out, -1); len(found) != tc.times {
					t.Errorf("%q is %d times, want %d, in\n%s", want, len(found), tc.times, out)
				}
			}
		})
	}
}
