package test

import (
	"os/user"
	"regexp"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// follows sees the route come, go when the one server is old, come back when all are, and
// go when it leaves.
func (s *anycastSite) follows(t *testing.T) {
	t.Helper()
	one, others := s.all[0], s.all[1:]
	until(t, "the route is announced", func() bool { return s.announced(t) })

	// One that hears nothing of the primaries' change is old alone.
	s.publish(t, 2)
	for _, m := range others {
		s.notify(t, m)
	}
	until(t, "it steps aside", func() bool {
		return regexp.MustCompile(`^503 ASIDE: vital stalecheck: .+, has 1 of 1 promises`).MatchString(one.ready())
	})
	until(t, "the route is withdrawn", func() bool { return !s.announced(t) })
	told := explanations(s.ask(t, one))
	if len(told) != 1 || told[0].InfoCode != dns.ExtendedErrorCodeStaleAnswer || !regexp.MustCompile(`^\d+s behind, serial 1 < 2$`).MatchString(told[0].ExtraText) {
		t.Errorf("an old answer is marked with %v", told)
	}

	// All of them are old.
	s.publish(t, 3)
	until(t, "it is back", func() bool { return strings.HasPrefix(one.ready(), "200 PRESERVED: vital stalecheck: ") })
	until(t, "the route is announced again", func() bool { return s.announced(t) })
	for _, m := range others {
		if told := m.ready(); !strings.HasPrefix(told, "200 ") {
			t.Errorf("%s is out of service: %s", m.http, told)
		}
	}

	for _, m := range s.all {
		s.notify(t, m)
	}
	for _, m := range s.all {
		until(t, m.http+" is well", func() bool { return m.ready() == "200 OK" })
	}
	one.terminate(t)
	until(t, "the route is withdrawn", func() bool { return !s.announced(t) })
	if one.gone() {
		t.Error("the server went before its route was withdrawn")
	}
	if reply := s.ask(t, one); len(reply.Answer) != 1 {
		t.Errorf("in its lame duck it does not answer:\n%v", reply)
	}
}

func TestExampleAnycastRouteOfExaBGPFollowsReady(t *testing.T) {
	t.Parallel()
	exabgp := tool(t, "exabgp", "exabgp")
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	s := startSite(t)
	s.example(t, "exabgp.conf")
	s.daemon(t, s.netns, "env", "exabgp.daemon.user="+me.Username, exabgp, "exabgp.conf")
	s.follows(t)
}

func TestExampleAnycastRouteOfBIRDFollowsReady(t *testing.T) {
	t.Parallel()
	s := startSite(t)
	s.example(t, "bird.conf")
	s.daemon(t, s.netns, s.bird, "-f", "-c", "bird.conf", "-s", "bird.ctl")
	s.write(t, "bird-check.sh", replaced(t, readExample(t, anycastFolder+"bird-check.sh"), "birdc ", tool(t, "birdc", "bird2")+" -s bird.ctl "))
	s.daemon(t, s.netns, "sh", "bird-check.sh")
	s.follows(t)
}
