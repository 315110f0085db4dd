package peers

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

// column is a question, asked for a name that nobody has asked for yet, and again for another.
type column struct {
	head   string
	name   string // with the number of the name
	first  int    // of the numbers
	qtype  uint16
	rcode  int
	signed bool
	read   func(*dns.Msg) []int
	show   func([]outcome) string // nil shows each outcome
}

// absent stands for the TTL of a record that is not in the answer.
const absent = -1

// sample is what was read from one answer.
type sample struct {
	ttls []int
	took time.Duration // since the name was first asked for
}

// outcome is what a TTL became: the lowest and highest of all samples, and how many different.
type outcome struct{ low, high, different int }

// ask asks for all names and returns what the table has.
func (c column) ask(t *testing.T, addr string, validates bool) string {
	t.Helper()
	all := make([]sample, samples)
	const workers = 8
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < samples; i += workers {
				all[i] = c.askOne(t, addr, c.first+i, c.signed && validates)
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
	outcomes := make([]outcome, len(all[0].ttls))
	for i := range outcomes {
		outcomes[i] = outcomeOf(all, i)
	}
	if c.show != nil {
		return c.show(outcomes)
	}
	var texts []string
	for _, o := range outcomes {
		texts = append(texts, o.String())
	}
	return strings.Join(texts, ", ")
}

// askOne asks until the answer is what it has to be: on a machine that stalls, a resolver may
// give up, and say so.
func (c column) askOne(t *testing.T, addr string, number int, secure bool) sample {
	m := lab.Query(fmt.Sprintf(c.name, number), c.qtype)
	m.SetEdns0(1232, c.signed)
	begin := time.Now()
	for {
		reply, _, err := (&dns.Client{Timeout: lab.Patience}).Exchange(m, addr)
		took := time.Since(begin)
		if err == nil && reply.Rcode == c.rcode && reply.AuthenticatedData == secure {
			return sample{c.read(reply), took}
		}
		if took > lab.Slow {
			t.Errorf("%v, %v", err, reply)
			return sample{}
		}
	}
}

// outcomeOf is what became of one of the samples' TTLs. A cache counts down while it makes up the
// answer: a TTL that is less by no more than that may have been the highest.
func outcomeOf(all []sample, i int) outcome {
	var ttls []int
	for _, s := range all {
		ttls = append(ttls, s.ttls[i])
	}
	high := slices.Max(ttls)
	counting := func(s sample) bool {
		return s.ttls[i] != absent && high-s.ttls[i] <= int(s.took/time.Second)+1
	}
	if !slices.ContainsFunc(all, func(s sample) bool { return !counting(s) }) {
		return outcome{high, high, 1}
	}
	slices.Sort(ttls)
	return outcome{ttls[0], high, len(slices.Compact(ttls))}
}

func (o outcome) String() string {
	switch {
	case o.high == absent:
		return "none"
	case o.low == o.high:
		return fmt.Sprint(o.high)
	}
	return fmt.Sprintf("%d–%d", o.low, o.high)
}

// seconds are those on which the ends of answers fall that were given at one time.
func seconds(o []outcome) string { return fmt.Sprint(o[0].different) }

// smaller is what clients go by in a denial.
func smaller(o []outcome) string { return fmt.Sprintf("min(%v, %v) = %v", o[0], o[1], o[2]) }

// ttlOf reads the TTLs of the first record of each type, wherever it is.
func ttlOf(types ...uint16) func(*dns.Msg) []int {
	return func(m *dns.Msg) (ttls []int) {
		for _, rrtype := range types {
			ttl := absent
			for _, rr := range slices.Concat(m.Answer, m.Extra) {
				if rr.Header().Rrtype == rrtype {
					ttl = int(rr.Header().Ttl)
					break
				}
			}
			ttls = append(ttls, ttl)
		}
		return ttls
	}
}

// denial reads a SOA's TTL, its MINIMUM, and the smaller of the two (RFC 2308 section 5).
func denial(m *dns.Msg) []int {
	for _, rr := range m.Ns {
		if soa, ok := rr.(*dns.SOA); ok {
			ttl, minimum := int(soa.Hdr.Ttl), int(soa.Minttl)
			return []int{ttl, minimum, min(ttl, minimum)}
		}
	}
	return []int{absent, absent, absent}
}
