package embedded

import (
	"context"
	"fmt"
	"sync"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/plugin"

	"github.com/miekg/dns"
)

func init() { plugin.Register("tap", setupTap) }

// Tap keeps what the plugins below ours answered last to each question, and what
// of it was different after the plugins above had had it.
type Tap struct {
	next plugin.Handler

	mu      sync.Mutex
	answers map[dns.Question]*dns.Msg
	changed []string
	queries int
}

// taps are the taps of this process by the argument of their line in the Corefile.
var taps sync.Map

func setupTap(c *caddy.Controller) error {
	c.Next()
	if !c.NextArg() {
		return plugin.Error("tap", c.ArgErr())
	}
	t := &Tap{answers: make(map[dns.Question]*dns.Msg)}
	taps.Store(c.Val(), t)
	dnsserver.GetConfig(c).AddPlugin(func(next plugin.Handler) plugin.Handler {
		t.next = next
		return t
	})
	return nil
}

func (t *Tap) Name() string { return "tap" }

func (t *Tap) ServeDNS(ctx context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
	return plugin.NextOrFailure(t.Name(), t.next, ctx, &tapWriter{w, t}, r)
}

type tapWriter struct {
	dns.ResponseWriter
	tap *Tap
}

func (w *tapWriter) WriteMsg(m *dns.Msg) error {
	before := m.Copy()
	w.tap.mu.Lock()
	w.tap.queries++
	w.tap.answers[m.Question[0]] = before // before the client has it
	w.tap.mu.Unlock()

	err := w.ResponseWriter.WriteMsg(m)

	w.tap.mu.Lock()
	defer w.tap.mu.Unlock()
	// The server itself fits the OPT record to the query, in place.
	if was, is := Records(before), Records(m); was != is {
		w.tap.changed = append(w.tap.changed, fmt.Sprintf("from %s to %s", was, is))
	}
	return err
}

// Answer is what came from below to the last query with the question of m.
func (t *Tap) Answer(m *dns.Msg) *dns.Msg {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.answers[m.Question[0]]
}

// Count is how many answers came from below.
func (t *Tap) Count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.queries
}

// Records is m's answer and authority and, but for OPT and TSIG, additional section.
func Records(m *dns.Msg) string {
	var extra []dns.RR
	for _, rr := range m.Extra {
		if t := rr.Header().Rrtype; t != dns.TypeOPT && t != dns.TypeTSIG {
			extra = append(extra, rr)
		}
	}
	return fmt.Sprint(m.Answer, m.Ns, extra)
}
