package stalecheck

import (
	"net"
	"reflect"
	"slices"
	"testing"

	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"
)

func TestOwnAddressesAreRecognised(t *testing.T) {
	host := []net.IP{net.ParseIP("192.0.2.1"), net.ParseIP("2001:db8::1"), net.ParseIP("127.0.0.1")}
	for name, tc := range map[string]struct {
		listen []string
		port   string
		want   []bool // of the four peers below
	}{
		"on all addresses":    {[]string{""}, "53", []bool{true, true, false, false}},
		"on all of IPv4":      {[]string{"0.0.0.0"}, "53", []bool{true, true, false, false}},
		"on one":              {[]string{"2001:db8::1"}, "53", []bool{false, true, false, false}},
		"on one of its own":   {[]string{"127.0.0.2"}, "53", []bool{false, false, false, true}},
		"on two":              {[]string{"192.0.2.1", "127.0.0.2"}, "53", []bool{true, false, false, true}},
		"on another port":     {[]string{""}, "54", []bool{false, false, false, false}},
		"on another loopback": {[]string{"127.0.0.1"}, "53", []bool{false, false, false, false}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newCheck(t, "stalecheck {\n peers 192.0.2.1 2001:db8::1 192.0.2.2 127.0.0.2\n}")
			s.leaveOutSelf(tc.listen, tc.port, host)
			var self []bool
			for _, r := range s.references {
				self = append(self, r.Self)
			}
			if !reflect.DeepEqual(s.zones[0].history, verdict.New(s.rules, s.references)) {
				t.Error("the zone does not know")
			}
			if !slices.Equal(self, tc.want) {
				t.Errorf("%v, want %v", self, tc.want)
			}
		})
	}
}

func TestThisHostHasLoopback(t *testing.T) {
	if !slices.ContainsFunc(hostAddresses(), net.IPv4(127, 0, 0, 1).Equal) {
		t.Errorf("%v", hostAddresses())
	}
}
