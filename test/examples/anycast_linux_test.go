package examples

import (
	"os/user"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

// follows sees the route come, go when the one server is old, come back when all are, and
// go when it leaves. While the one is old, it has a look by the README's commands, if any.
func (s *anycastSite) follows(t *testing.T, look string) {
	t.Helper()
	one, others := s.all[0], s.all[1:]
	lab.Until(t, "the route is announced", func() bool { return s.announced(t) })

	// One that hears nothing of the primaries' change is old alone.
	s.publish(t, 2)
	for _, m := range others {
		s.notify(t, m)
	}
	lab.Until(t, "it steps aside", func() bool {
		return regexp.MustCompile(`^503 ASIDE: vital stalecheck: .+, with 1 of 1 promises`).MatchString(one.Ready())
	})
	lab.Until(t, "the route is withdrawn", func() bool { return !s.announced(t) })
	if look != "" {
		s.shows(t, look)
	}
	told := lab.Explanations(s.ask(t, one))
	if len(told) != 1 || told[0].InfoCode != dns.ExtendedErrorCodeStaleAnswer || !regexp.MustCompile(`^\d+s behind, serial 1 < 2$`).MatchString(told[0].ExtraText) {
		t.Errorf("an old answer is marked with %v", told)
	}

	// All of them are old.
	s.publish(t, 3)
	lab.Until(t, "it is back", func() bool { return strings.HasPrefix(one.Ready(), "200 PRESERVED: vital stalecheck: ") })
	lab.Until(t, "the route is announced again", func() bool { return s.announced(t) })
	for _, m := range others {
		if told := m.Ready(); !strings.HasPrefix(told, "200 ") {
			t.Errorf("%s is out of service: %s", m.HTTP, told)
		}
	}

	for _, m := range s.all {
		s.notify(t, m)
	}
	for _, m := range s.all {
		lab.Eventually(t, 2*time.Minute, func() string { // one may have stepped aside for the second time
			if told := m.Ready(); told != "200 OK" {
				return m.HTTP + " says " + told
			}
			return ""
		})
	}
	one.Terminate(t)
	lab.Until(t, "the route is withdrawn", func() bool { return !s.announced(t) })
	if one.Gone() {
		t.Error("the server went before its route was withdrawn")
	}
	if reply := s.ask(t, one); len(reply.Answer) != 1 {
		t.Errorf("in its lame duck it does not answer:\n%v", reply)
	}
}

// shows types the README's commands, which show an old zone.
func (s *anycastSite) shows(t *testing.T, look string) {
	t.Helper()
	lab.Tool(t, "dig", "bind9-dnsutils")
	typing := s.StartDaemon(t, s.dir, "bash", "-c", look)
	<-typing.Ended
	for _, want := range []string{"; EDE: 3 (Stale Answer): (", "\nASIDE: vital stalecheck: ", "\n503\n", `coredns_stalecheck_zone_status{status="stale",zone="example.org."} 1` + "\n"} {
		if !strings.Contains(typing.String(), want) {
			t.Errorf("the README's commands do not show %q but\n%s", want, typing)
		}
	}
}

func TestExampleAnycastRouteOfExaBGPFollowsReady(t *testing.T) {
	t.Parallel()
	lab.Tool(t, "exabgp", "exabgp")
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	s := startSite(t)
	s.example(t, "exabgp.conf")
	typed := lab.Typed(t, "corefile-examples/anycast-secondary/README.md", 1)
	s.StartDaemon(t, s.dir, "env", "exabgp.daemon.user="+me.Username, "bash", "-c", "exec "+typed[0])
	s.follows(t, "")
}

func TestExampleAnycastRouteOfBIRDFollowsReady(t *testing.T) {
	t.Parallel()
	s := startSite(t)
	s.example(t, "bird.conf")
	typed := lab.Typed(t, "corefile-examples/anycast-secondary/README.md", 2)
	if typed[0] != "bird -c bird.conf\n./bird-check.sh\n" { // here in the foreground, with a socket of its own
		t.Errorf("the README starts it with %s", typed[0])
	}
	s.StartDaemon(t, s.dir, s.bird, "-f", "-c", "bird.conf", "-s", "bird.ctl")
	s.write(t, "bird-check.sh", lab.Replaced(t, readExample(t, anycastFolder+"bird-check.sh"), "birdc ", lab.Tool(t, "birdc", "bird2")+" -s bird.ctl "))
	s.StartDaemon(t, s.dir, "sh", "bird-check.sh")
	s.follows(t, typed[1])
}
