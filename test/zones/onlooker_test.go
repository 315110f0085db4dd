// Package zones tests what stalecheck says of zones whose primaries, of other makes too, go
// on without them, and of a cluster whose watch freezes.
package zones

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
	"github.com/holdfastdns/holdfast/test/lab/embedded"
)

// A fault has to show within max_age and two intervals, its cure within two intervals.
// The machine that runs the tests may take slack longer.
const (
	maxAge   = 2 * time.Second
	interval = time.Second
	slack    = 5 * time.Second

	faultShows = maxAge + 2*interval + slack
	cureShows  = 2*interval + slack
)

// stanza is one of stalecheck, for the server block's zones.
func stanza(age time.Duration, source string) string {
	return fmt.Sprintf("stalecheck {\n %s\n max_age %s\n interval %s\n}\n", source, age, interval)
}

// onlooker asks the server at addr for the address of www in a zone, as clients do.
type onlooker struct {
	addr, zone string
	metrics    string // the address that has the server's metrics; "" if it is in this process
}

// startSecondary runs a secondary that transfers a zone from a primary, watches it, and has
// more lines in its server block.
func startSecondary(t *testing.T, primary, zone string, lines ...string) onlooker {
	t.Helper()
	s := embedded.Start(t, zone+":0 {\n bind 127.0.0.1\n"+strings.Join(lines, "\n")+"\n"+
		stanza(maxAge, "primary "+primary)+"secondary {\n transfer from "+primary+"\n}\n}", nil)
	o := onlooker{addr: s.UDP, zone: zone}
	lab.Until(t, "the first transfer", func() bool { _, ok := serialAt(o.addr, zone); return ok })
	return o
}

// notify says that the zone has changed, on behalf of its primary. A secondary answers
// before it has transferred the zone.
func (o onlooker) notify(t *testing.T, zone string) {
	t.Helper()
	client := dns.Client{Timeout: lab.Patience}
	if _, _, err := client.Exchange(new(dns.Msg).SetNotify(zone), o.addr); err != nil {
		t.Fatal(err)
	}
}

// transferred sends NOTIFY, and returns when the server has the serial.
func (o onlooker) transferred(t *testing.T, serial uint32) time.Time {
	t.Helper()
	o.notify(t, o.zone)
	lab.Until(t, fmt.Sprintf("%s has serial %d", o.zone, serial), func() bool {
		has, ok := serialAt(o.addr, o.zone)
		return ok && has == serial
	})
	return time.Now()
}

// sight is an answer, at what time it came, and its Extended DNS Errors.
type sight struct {
	at     time.Time
	reply  *dns.Msg // nil if none came
	errors []*dns.EDNS0_EDE
}

func (o onlooker) ask(name string) sight {
	m := lab.Query(name, dns.TypeA)
	m.SetEdns0(1232, false)
	client := dns.Client{Timeout: lab.Patience}
	if o.metrics != "" {
		client.Timeout = time.Second // the binary may lose the query when it reloads
	}
	reply, _, err := client.Exchange(m, o.addr)
	s := sight{at: time.Now()}
	if err != nil {
		return s
	}
	s.reply, s.errors = reply, lab.Explanations(reply)
	return s
}

// look is what an answer has to be.
type look func(sight) bool

// says accepts answers with the rcode, and the error code once, with a text that
// matches.
func says(rcode int, code uint16, text string) look {
	want := regexp.MustCompile("^" + text + "$")
	return func(s sight) bool {
		return s.reply != nil && s.reply.Rcode == rcode && len(s.errors) == 1 && s.errors[0].InfoCode == code && want.MatchString(s.errors[0].ExtraText)
	}
}

// plain accepts addresses that nothing is said of.
func plain(s sight) bool {
	return s.reply != nil && s.reply.Rcode == dns.RcodeSuccess && len(s.reply.Answer) == 1 && len(s.errors) == 0
}

// await asks until an answer is as wanted, and fails the test if that takes longer than
// within after since, or an answer that comes before is not as until then.
func (o onlooker) await(t *testing.T, since time.Time, within time.Duration, untilThen, wanted look) sight {
	t.Helper()
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for {
		s := o.ask("www." + o.zone)
		switch took := s.at.Sub(since); {
		case wanted(s) && took <= within:
			return s
		case took > within:
			t.Fatalf("not as wanted within %s, but after %s\n%v", within, took, s.reply)
		case s.reply != nil && !untilThen(s):
			t.Fatalf("neither as wanted nor as before, %s after the change\n%v", took, s.reply)
		}
		<-poll.C
	}
}

// stays fails the test unless every answer is as wanted, for a while.
func (o onlooker) stays(t *testing.T, during time.Duration, wanted look) {
	t.Helper()
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	for begin, answers := time.Now(), 0; time.Since(begin) < during || answers == 0; <-poll.C {
		if s := o.ask("www." + o.zone); s.reply != nil {
			if answers++; !wanted(s) {
				t.Fatalf("not as wanted %s later\n%v", time.Since(begin), s.reply)
			}
		}
	}
}

// flagged awaits the Stale Answer that is due age after a fault, with a text that has
// the age for %s.
func (o onlooker) flagged(t *testing.T, fault time.Time, age time.Duration, text string) look {
	t.Helper()
	return o.flaggedAfter(t, fault, fault, age, text)
}

// flaggedAfter is flagged of a fault that took from begin to end: it may have been seen at any time between.
func (o onlooker) flaggedAfter(t *testing.T, begin, end time.Time, age time.Duration, text string) look {
	t.Helper()
	text = strings.Replace(text, "%s", `(\d+)s`, 1)
	want := says(dns.RcodeSuccess, dns.ExtendedErrorCodeStaleAnswer, text)
	s := o.await(t, end, age+2*interval+slack, plain, want)
	took := s.at.Sub(begin)
	if took < age {
		t.Errorf("flagged %s after the fault, want at least %s", took, age)
	}
	said := s.errors[0].ExtraText
	if n, _ := strconv.Atoi(regexp.MustCompile(text).FindStringSubmatch(said)[1]); time.Duration(n)*time.Second < age || time.Duration(n-1)*time.Second > took {
		t.Errorf("the text is %q, %s after the fault", said, took)
	}
	if ttl := s.reply.Answer[0].Header().Ttl; ttl > 30 {
		t.Errorf("a flagged answer has TTL %d", ttl)
	}
	o.expectStatus(t, "stale")
	t.Logf("%s: flagged %s after the fault", o.zone, took)
	return want
}

// unflagged awaits that nothing is said any more, after a cure.
func (o onlooker) unflagged(t *testing.T, cure time.Time) {
	t.Helper()
	s := o.await(t, cure, cureShows, says(dns.RcodeSuccess, dns.ExtendedErrorCodeStaleAnswer, ".*"), plain)
	t.Logf("%s: unflagged %s after the cure", o.zone, s.at.Sub(cure))
	o.await(t, cure, cureShows, plain, o.plainAnd(t, "fresh")) // unknown until the reference is asked again
}

// plainAnd accepts what plain does, while the metrics call the zone what is given.
func (o onlooker) plainAnd(t *testing.T, status string) look {
	return func(s sight) bool { return plain(s) && o.status(t) == status }
}
