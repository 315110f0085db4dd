package examples

import (
	"testing"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
	"github.com/holdfastdns/holdfast/test/lab/embedded"
)

// The README of stale-secondary warns of it: the second server at a port starts without an
// error, and neither knows of the other.
func TestTwoServersShareAPortWithoutAWord(t *testing.T) {
	corefile := ".:" + lab.FreePort(t) + " {\n bind 127.0.0.1\n whoami\n}"
	for range 2 {
		s := embedded.Start(t, corefile, nil)
		s.Ask(t, "udp", lab.Query("example.org.", dns.TypeA))
	}
}
