package selfpreserve

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"syscall"
	"testing"
)

// arrivals is a listener of connections that a test brings, and of errors.
type arrivals struct {
	net.Listener
	next net.Conn
	err  error
}

func (a *arrivals) Accept() (net.Conn, error) { return a.next, a.err }

// caller is a connection from an address.
type caller struct {
	net.Conn
	from   string
	closed bool
}

func (c *caller) RemoteAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(c.from))
}
func (c *caller) Close() error { c.closed = true; return nil }

// doorway is a door that knows 192.0.2.2 and 2001:db8::2 as peers.
type doorway struct {
	*door
	arrivals
	told []string
}

func newDoorway() *doorway {
	w := &doorway{}
	peers := map[netip.Addr]bool{netip.MustParseAddr("192.0.2.2"): true, netip.MustParseAddr("2001:db8::2"): true}
	w.door = &door{
		Listener: &w.arrivals, isPeer: func(ip netip.Addr) bool { return peers[ip] },
		tell: func(of string, from netip.Prefix) { w.told = append(w.told, fmt.Sprint(of, " ", from)) },
	}
	return w
}

func (w *doorway) arrive(t *testing.T, from string) (*caller, net.Conn) {
	t.Helper()
	c := &caller{from: from}
	w.next, w.err = c, nil
	conn, err := w.door.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return c, conn
}

// Of each kind the one that has been of no use for longest goes, and of no other kind.
func TestANewConnectionTakesThePlaceOfTheOldestOfItsKind(t *testing.T) {
	stranger := func(i int) string { return fmt.Sprintf("198.51.%d.%d:1", i/250, i%250) }
	for name, c := range map[string]struct {
		from func(i int) string
		most int
		told string
	}{
		"strangers":                         {stranger, maxOfStrangers, "strangers 198.51.0.0/32"},
		"one stranger":                      {func(i int) string { return fmt.Sprint("198.51.100.1:", i+1) }, maxOfAddress, "strangers 198.51.100.1/32"},
		"one by IPv4 in IPv6":               {func(i int) string { return fmt.Sprintf("[::ffff:198.51.100.1]:%d", i+1) }, maxOfAddress, "strangers 198.51.100.1/32"},
		"one with many addresses":           {func(i int) string { return fmt.Sprintf("[2001:db8:1::%x]:1", i+1) }, maxOfAddress, "strangers 2001:db8:1::/64"},
		"this host":                         {func(i int) string { return fmt.Sprintf("127.0.0.%d:1", i+1) }, maxOfAddress, "known 127.0.0.0/8"},
		"this host by IPv6":                 {func(i int) string { return fmt.Sprintf("[::1]:%d", i+1) }, maxOfAddress, "known ::1/128"},
		"one peer":                          {func(i int) string { return fmt.Sprint("192.0.2.2:", i+1) }, maxOfAddress, "known 192.0.2.2/32"},
		"a peer whose network is known too": {func(i int) string { return fmt.Sprintf("[2001:db8::2]:%d", i+1) }, maxOfAddress, "known 2001:db8::2/128"},
	} {
		w := newDoorway()
		var others []*caller // one of each kind, older than all
		for _, from := range []string{"192.0.2.2:9", "203.0.113.1:9", "127.0.0.1:9", "[2001:db8::2]:9"} {
			if of := strings.SplitN(from, ":9", 2)[0]; !strings.HasPrefix(c.from(0), of) && !strings.HasPrefix(name, "this") && name != "strangers" {
				one, _ := w.arrive(t, from)
				others = append(others, one)
			}
		}
		var all []*caller
		for i := range c.most + 2 {
			one, _ := w.arrive(t, c.from(i))
			all = append(all, one)
		}
		for i, one := range all {
			if one.closed != (i < 2) {
				t.Errorf("%s: number %d of %d is closed: %v", name, i, len(all), one.closed)
			}
		}
		for _, one := range others {
			if one.closed {
				t.Errorf("%s: the connection of %s is closed", name, one.from)
			}
		}
		if len(w.told) != 2 || w.told[0] != c.told {
			t.Errorf("%s: it tells %q, want %s", name, w.told, c.told)
		}
	}
}

func TestStrangersDoNotTakeThePlaceOfPeersNorPeersThatOfStrangers(t *testing.T) {
	w := newDoorway()
	peer, _ := w.arrive(t, "192.0.2.2:1")
	local, _ := w.arrive(t, "127.0.0.1:1")
	for i := range 3 * maxOfStrangers {
		w.arrive(t, fmt.Sprintf("198.51.%d.%d:1", i/250, i%250))
	}
	stranger, _ := w.arrive(t, "203.0.113.1:1")
	for i := range 3 * maxOfAddress {
		w.arrive(t, fmt.Sprint("192.0.2.2:", i+10))
	}
	if local.closed || stranger.closed || len(w.kept) != maxOfStrangers+maxOfAddress+1 || !peer.closed {
		t.Errorf("closed are: this host's %v, the last stranger's %v, the peer's first %v; %d are kept", local.closed, stranger.closed, peer.closed, len(w.kept))
	}
}

func TestOfAllPeersTooSoManyAreKept(t *testing.T) {
	w := newDoorway()
	w.isPeer = func(netip.Addr) bool { return true }
	for i := range maxOfKnown + 5 {
		w.arrive(t, fmt.Sprintf("10.0.%d.%d:1", i/250, i%250))
	}
	if len(w.kept) != maxOfKnown || len(w.told) != 5 {
		t.Errorf("%d are kept and %d were dropped", len(w.kept), len(w.told))
	}
}

// One that has had a reply is of use, and one that has been closed takes no place.
func TestAConnectionThatHadAReplyIsKeptForLonger(t *testing.T) {
	w := newDoorway()
	first, conn := w.arrive(t, "198.51.100.1:1")
	second, other := w.arrive(t, "198.51.100.1:2")
	third, gone := w.arrive(t, "198.51.100.1:3")
	for i := range maxOfAddress - 3 {
		w.arrive(t, fmt.Sprint("198.51.100.1:", 100+i))
	}
	if err := gone.Close(); err != nil || !third.closed {
		t.Error(err)
	}
	if w.arrive(t, "198.51.100.1:4"); first.closed || second.closed {
		t.Error("there was room")
	}
	used(secureOnly{conn}, http.StateIdle)
	used(other, http.StateActive) // it has begun to ask, and had no reply
	if w.arrive(t, "198.51.100.1:5"); first.closed || !second.closed {
		t.Errorf("the one that had a reply is closed: %v, the other: %v", first.closed, second.closed)
	}
}

// secureOnly is as a connection of TLS is.
type secureOnly struct{ net.Conn }

func (s secureOnly) NetConn() net.Conn { return s.Conn }

func TestWithoutDescriptorsStrangersGiveSomeBack(t *testing.T) {
	for _, none := range []error{syscall.EMFILE, syscall.ENFILE, net.ErrClosed} {
		w := newDoorway()
		peer, _ := w.arrive(t, "192.0.2.2:1")
		var all []*caller
		for i := range 5 {
			one, _ := w.arrive(t, fmt.Sprintf("198.51.100.%d:1", i))
			all = append(all, one)
		}
		w.err = &net.OpError{Op: "accept", Err: none}
		_, err := w.door.Accept()
		closed := 0
		for _, one := range all {
			if one.closed {
				closed++
			}
		}
		want := 3
		if none == net.ErrClosed {
			want = 0
		}
		if !errors.Is(err, none) || closed != want || peer.closed || want > 0 && !all[0].closed {
			t.Errorf("%v: %d of 5 strangers are closed, want %d; the peer's is: %v", err, closed, want, peer.closed)
		}
	}
}
