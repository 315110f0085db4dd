package selfpreserve

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/coredns/coredns/plugin"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// How many connections a listener keeps. A probe needs one for a millisecond, a peer keeps
// two, and each costs up to 15 kB: strangers may not use up the memory of a small pod.
const (
	maxOfStrangers = 256
	maxOfKnown     = 1024 // of peers, and of this host
	maxOfAddress   = 64   // or of an IPv6 network of 64 bits, which one host can fill
)

var droppedTotal = promauto.NewCounterVec(prometheus.CounterOpts{
	Namespace: plugin.Namespace,
	Subsystem: pluginName,
	Name:      "dropped_connections_total",
	Help:      "Counter of connections that were closed to make room for newer ones, by whose they were.",
}, []string{"of"})

// door is a listener that keeps a bounded number of connections. It takes every new one, and
// closes the one that has been of no use for longest: with a limit on those that it takes,
// such as that of golang.org/x/net/netutil, whoever fills it keeps the probes out. Strangers
// cannot take the place of peers.
type door struct {
	net.Listener
	isPeer func(netip.Addr) bool // must not wait for anything
	tell   func(of string, address netip.Prefix)

	mu   sync.Mutex
	kept []*visit // oldest use first
}

// visit is a connection that a door keeps.
type visit struct {
	net.Conn
	door *door
	of   string       // known or strangers
	from netip.Prefix // that counts as one address
}

// Whose a connection is, as in metrics.
const (
	ofKnown     = "known"
	ofStrangers = "strangers"
)

// Accept implements net.Listener. While descriptors are used up it gives some back, so that
// the next try finds one.
func (d *door) Accept() (net.Conn, error) {
	conn, err := d.Listener.Accept()
	if err != nil {
		if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
			d.halveStrangers()
		}
		return nil, err
	}
	v := &visit{Conn: conn, door: d, of: ofStrangers}
	if remote, err := netip.ParseAddrPort(conn.RemoteAddr().String()); err == nil {
		v.classify(remote.Addr().Unmap().WithZone(""))
	}
	d.mu.Lock()
	d.kept = append(d.kept, v)
	dropped := d.surplus(v)
	d.mu.Unlock()
	if dropped != nil {
		dropped.drop()
	}
	return v, nil
}

func (v *visit) classify(ip netip.Addr) {
	bits := ip.BitLen()
	switch {
	case v.door.isPeer(ip):
		v.of = ofKnown
	case ip.IsLoopback():
		v.of = ofKnown
		if ip.Is4() {
			bits = 8 // 127.0.0.0/8 is one host
		}
	case ip.Is6():
		bits = 64
	}
	v.from, _ = ip.Prefix(bits)
}

// surplus is the connection that has to go for this one: of the same address if it has too
// many, or of its kind. Called with the lock.
func (d *door) surplus(newest *visit) *visit {
	sameAddress := func(v *visit) bool { return v.from == newest.from && v.of == newest.of }
	sameKind := func(v *visit) bool { return v.of == newest.of }
	most := map[string]int{ofKnown: maxOfKnown, ofStrangers: maxOfStrangers}[newest.of]
	for _, limit := range []struct {
		of   func(*visit) bool
		most int
	}{{sameAddress, maxOfAddress}, {sameKind, most}} {
		count, oldest := 0, -1
		for i, v := range d.kept {
			if limit.of(v) {
				if count++; oldest < 0 {
					oldest = i
				}
			}
		}
		if count > limit.most {
			return d.takeOut(oldest)
		}
	}
	return nil
}

func (d *door) takeOut(i int) *visit {
	v := d.kept[i]
	d.kept = slices.Delete(d.kept, i, i+1)
	return v
}

// drop closes a connection that is not kept any more, and leaves nothing of it in the kernel.
func (v *visit) drop() {
	droppedTotal.WithLabelValues(v.of).Inc()
	if tcp, ok := v.Conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = v.Conn.Close()
	v.door.tell(v.of, v.from)
}

func (d *door) halveStrangers() {
	d.mu.Lock()
	var dropped []*visit
	strangers := 0
	for _, v := range d.kept {
		if v.of == ofStrangers {
			strangers++
		}
	}
	for i := 0; i < len(d.kept) && len(dropped) < (strangers+1)/2; {
		if d.kept[i].of == ofStrangers {
			dropped = append(dropped, d.takeOut(i))
		} else {
			i++
		}
	}
	d.mu.Unlock()
	for _, v := range dropped {
		v.drop()
	}
}

// Close implements net.Conn.
func (v *visit) Close() error {
	v.door.mu.Lock()
	v.door.kept = slices.DeleteFunc(v.door.kept, func(other *visit) bool { return other == v })
	v.door.mu.Unlock()
	return v.Conn.Close()
}

// CloseWrite lets net/http end a connection so that the last reply is read.
func (v *visit) CloseWrite() error {
	if c, ok := v.Conn.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return nil
}

// used is told by net/http when a connection changes its state: one that had a reply has been
// of use.
func used(conn net.Conn, state http.ConnState) {
	if inner, ok := conn.(interface{ NetConn() net.Conn }); ok { // of TLS
		conn = inner.NetConn()
	}
	v, ok := conn.(*visit)
	if !ok || state != http.StateIdle {
		return
	}
	v.door.mu.Lock()
	defer v.door.mu.Unlock()
	if i := slices.Index(v.door.kept, v); i >= 0 {
		v = v.door.takeOut(i)
		v.door.kept = append(v.door.kept, v)
	}
}

// tellDropped writes a line that connections were dropped, at most once a minute.
func (n *node) tellDropped(of string, address netip.Prefix) {
	now := n.now()
	last := n.droppedAt.Load()
	if last != 0 && now-time.Duration(last) < pauseOfRejections || !n.droppedAt.CompareAndSwap(last, max(1, int64(now))) {
		return
	}
	whose := "strangers"
	if of == ofKnown {
		whose = "peers or this host"
	}
	log.Warningf("Too many connections from %s: closing those that have gone longest without completing a request, the last one from %s", whose, address)
}
