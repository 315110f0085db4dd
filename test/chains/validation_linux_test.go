package chains

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

// treeQuestion is a question to a resolver and what it has to answer.
type treeQuestion struct {
	name   string
	qtype  uint16
	rcode  int
	secure bool
	dname  string // the zone, if the answer comes by a DNAME
}

// treeQuestions ask for everything that a signed tree has, and for what it has not.
func treeQuestions() (all []treeQuestion) {
	add := func(zone string, rcode int, qtype uint16, names ...string) {
		for _, name := range names {
			q := treeQuestion{name: name + "." + zone, qtype: qtype, rcode: rcode, secure: zone != "plain.lab."}
			if labels := dns.SplitDomainName(name); labels[len(labels)-1][0] == 'd' {
				q.dname = zone
			}
			all = append(all, q)
		}
	}
	const exists, denied = dns.RcodeSuccess, dns.RcodeNameError
	records := func(zone treeZone, name string) {
		add(name, exists, dns.TypeA, "short", "www", "long", "chain", "chain2", "out", "a.wild", "b.wild", "svc", "ent", "b.ent")
		add(name, exists, dns.TypeA, "a.d2", "b.d2", "c.d2", "x.w.d2", "a.d60", "b.d60", "c.d60", "y.w.d60", "a.dd", "b.dd", "x.dc", "a.dout", "b.dout")
		add(name, exists, dns.TypeAAAA, "www", "short", "a.d2", "b.d60")
		add(name, exists, dns.TypeTXT, "a.b.ent", "x.wild")
		add(name, exists, dns.TypeSRV, "_s._tcp")
		add(name, exists, dns.TypeHTTPS, "svc")
		absent := denied
		if zone.byPlugin { // *dnssec* tells black lies: NODATA
			absent = exists
		}
		add(name, absent, dns.TypeA, "gone", "gone2", "gone.www")
		if zone.byBIND || zone.byPlugin { // *file* leaves out what proves these, stock or not
			add(name, absent, dns.TypeA, "gone.ent")
			add(name, exists, dns.TypeA, "x.cwild", "y.cwild")
		}
		if zone.cached { // Unbound loses one of these now and then, stock or not
			return
		}
		add(name, denied, dns.TypeA, "gone.dout")
		if zone.byBIND || zone.byPlugin { // as above
			add(name, absent, dns.TypeA, "gone.d2", "gone2.d2", "gone.d60")
		}
	}
	for _, zone := range treeZones {
		records(zone, zone.name)
		add(zone.name, exists, dns.TypeDS, "plain")
		if !zone.byPlugin {
			records(zone, zone.child())
		}
	}
	add("plain.lab.", exists, dns.TypeA, "www", "c", "a.d")
	add("plain.lab.", denied, dns.TypeA, "gone")
	return all
}

// listener is a resolver that hears of the tree from one CoreDNS.
type listener struct {
	lab.Namespace
	resolver, floor string
	addr            string
	dnames          map[string]*sync.Mutex // by zone

	mu     sync.Mutex
	asked  int
	failed map[string]int // by question and what went wrong
}

// ask asks a question, and counts an answer that is not what it has to be. Of the names by
// DNAMEs it asks one at a time: of two replies that cross, a validator keeps the DNAME of one
// and the CNAMEs of both, and whoever answers may lose the second a second later.
func (l *listener) ask(conn *dns.Conn, q treeQuestion) {
	if q.dname != "" {
		l.dnames[q.dname].Lock()
		defer l.dnames[q.dname].Unlock()
	}
	m := lab.Query(q.name, q.qtype)
	m.SetEdns0(1232, true)
	reply, _, err := (&dns.Client{Timeout: lab.Patience}).ExchangeWithConn(m, conn)
	wrong := ""
	switch {
	case err != nil:
		wrong = err.Error()
	case reply.Rcode != q.rcode:
		wrong = dns.RcodeToString[reply.Rcode]
	case reply.AuthenticatedData != q.secure:
		wrong = fmt.Sprintf("AD is %t", reply.AuthenticatedData)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked++
	if wrong != "" {
		l.failed[q.name+" "+dns.TypeToString[q.qtype]+": "+wrong]++
	}
}

// connect returns a socket for one that asks, until the test ends.
func (l *listener) connect(t *testing.T) *dns.Conn {
	conn, err := l.Dial(t.Context(), "udp", l.addr)
	if err != nil {
		t.Error(err)
		runtime.Goexit()
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &dns.Conn{Conn: conn}
}

func (l *listener) failures() (n int) {
	for times := range maps.Values(l.failed) {
		n += times
	}
	return n
}

// Answers that ttlfloor raises validate in resolvers with caches for as long as those of stock
// CoreDNS, whose failures, with the same questions at the same time, are the measure. The
// duration in HOLDFAST_RESOLVERS has 10,000 questions in 30 s.
func TestRaisedAnswersValidateAsOftenAsStockOnes(t *testing.T) {
	t.Parallel()
	span := 6 * time.Second
	if text := os.Getenv("HOLDFAST_RESOLVERS"); text != "" {
		var err error
		if span, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	lab.TakeTurn(t)
	listeners := startListeners(t)
	questions := treeQuestions()
	everybody := func(ask func(*listener)) {
		var all sync.WaitGroup
		for _, l := range listeners {
			all.Go(func() { ask(l) })
		}
		all.Wait()
	}
	everybody(func(l *listener) { // each once, alone
		conn := l.connect(t)
		for _, q := range questions {
			l.ask(conn, q)
		}
	})
	rng := rand.New(rand.NewPCG(20261124, 10))
	order := make([]treeQuestion, int(10_000*span/(30*time.Second)))
	for i := range order {
		order[i] = questions[rng.IntN(len(questions))]
	}
	begin := time.Now()
	everybody(func(l *listener) {
		const workers = 16
		var all sync.WaitGroup
		for w := range workers {
			all.Go(func() {
				conn := l.connect(t)
				for i := w; i < len(order); i += workers {
					<-time.After(time.Until(begin.Add(span * time.Duration(i) / time.Duration(len(order)))))
					l.ask(conn, order[i])
				}
			})
		}
		all.Wait()
	})
	stock := make(map[string]int)
	for _, l := range listeners {
		t.Logf("%s, %s: %d of %d questions failed", l.resolver, l.floor, l.failures(), l.asked)
		if l.floor == "stock" {
			stock[l.resolver] = l.failures()
		} else if l.failures() > stock[l.resolver] {
			t.Errorf("%s failed %d times with %s, and %d times with stock:\n%s", l.resolver, l.failures(), l.floor, stock[l.resolver],
				strings.Join(slices.Sorted(maps.Keys(l.failed)), "\n"))
		}
	}
}

// startListeners starts the resolvers: for each make one that hears from stock CoreDNS, first,
// and one for each floor. All are in a network of their own, whose name servers have addresses
// that resolvers believe in: Knot Resolver takes none of loopback from a zone.
func startListeners(t *testing.T) (all []*listener) {
	ns, ip := lab.NewNamespace(t), lab.Tool(t, "ip", "iproute2")
	tr := newSignedTree(t)
	bind := lab.NewBIND(t, lab.FreePort(t), tr.zonesOfBIND(t))
	inside := func(start func()) {
		if err := ns.Inside(start); err != nil {
			t.Fatal(err)
		}
	}
	ns.Run(t, "link set lo up\n", ip, "-batch", "-")
	inside(func() { bind.Start(t) })
	for i, floor := range []struct{ name, line string }{
		{"stock", ""},
		{"floor 5", "ttlfloor"},
		{"floor 30", "ttlfloor 30 {\n spread -25% 25%\n }"},
		{"floor 300", "ttlfloor 300 {\n spread 10% 50%\n }"},
	} {
		net := fmt.Sprintf("10.8.%d", i)
		for level := 1; level <= 4; level++ {
			ns.Run(t, fmt.Sprintf("addr add %s.%d/32 dev lo\n", net, level), ip, "-batch", "-")
		}
		inside(func() {
			lab.StartDaemon(t, tr.dir, lab.Binary(t), "-conf", tr.writeCorefile(t, net, bind.Addr, floor.line))
		})
		for _, make := range slices.Sorted(maps.Keys(recursors)) {
			l := &listener{Namespace: ns, resolver: make, floor: floor.name, failed: map[string]int{}, dnames: map[string]*sync.Mutex{}}
			inside(func() { l.addr = recursors[make](t, tr, net) })
			for _, q := range treeQuestions() {
				if q.dname != "" {
					l.dnames[q.dname] = new(sync.Mutex)
				}
			}
			all = append(all, l)
		}
	}
	for _, l := range all {
		lab.Until(t, l.resolver+" validates what it hears with "+l.floor, func() bool {
			conn := l.connect(t)
			m := lab.Query("www.forwarded.lab.", dns.TypeA)
			m.SetEdns0(1232, true)
			reply, _, err := (&dns.Client{Timeout: time.Second}).ExchangeWithConn(m, conn)
			return err == nil && reply.AuthenticatedData
		})
	}
	return all
}
