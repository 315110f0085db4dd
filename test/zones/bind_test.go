package zones

import (
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

type bind struct{ *lab.BIND }

// startBIND runs BIND at a port of 127.0.0.1 with zones, by name, and the text of their files.
func startBIND(t *testing.T, port string, zones map[string]string) *bind {
	t.Helper()
	b := &bind{lab.NewBIND(t, port, zones)}
	b.run(t)
	return b
}

// run starts the process, and returns when it answers for all zones.
func (b *bind) run(t *testing.T) {
	t.Helper()
	b.Start(t)
	for _, zone := range b.Zones {
		lab.Until(t, "BIND answers for "+zone, func() bool { _, ok := serialAt(b.Addr, zone); return ok })
	}
}

// update changes a zone, as lines of nsupdate say, and with it the serial.
func (b *bind) update(t *testing.T, zone string, lines ...string) {
	t.Helper()
	nsupdate(t, b.Addr, zone, lines...)
}

// nsupdate sends one signed UPDATE to addr. $ZONE in it is the zone.
func nsupdate(t *testing.T, addr, zone string, lines ...string) {
	t.Helper()
	host, port, _ := strings.Cut(addr, ":")
	script := fmt.Sprintf("server %s %s\nzone %s\nupdate %s\nsend\n", host, port, zone, strings.ReplaceAll(strings.Join(lines, "\nupdate "), "$ZONE", zone))
	cmd := exec.Command(lab.Tool(t, "nsupdate", "bind9-dnsutils"), "-t", "10", "-y", "hmac-sha256:"+lab.TSIGKey+":"+lab.TSIGSecret) // #nosec G204 -- the test's own
	cmd.Stdin = strings.NewReader(script)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("nsupdate: %v\n%s%s", err, script, out)
	}
}

// serialAt asks the server at addr for a zone's serial, by a name that is in no cache.
func serialAt(addr, zone string) (uint32, bool) {
	reply, err := dns.Exchange(lab.Query(fmt.Sprintf("gone-%x.%s", rand.Uint64(), zone), dns.TypeA), addr)
	if err != nil || reply.Rcode != dns.RcodeNameError || len(reply.Ns) != 1 {
		return 0, false
	}
	soa, ok := reply.Ns[0].(*dns.SOA)
	if !ok {
		return 0, false
	}
	return soa.Serial, true
}
