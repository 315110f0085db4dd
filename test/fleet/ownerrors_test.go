package fleet

import (
	"regexp"
	"strings"
	"testing"

	"github.com/holdfastdns/holdfast/test/lab"
)

// A canary that fails is told of by selfpreserve, once, and not in each interval by errors;
// what errors would have said of it is the check's reason. Of clients errors speaks as ever.
func TestOwnCanariesDoNotFillTheLogThroughErrors(t *testing.T) {
	t.Parallel()
	p := newFleet(t, 1, "").all[0]
	corefile := p.CorefileWith("selfpreserve " + p.HTTP + " {\n interval 100ms\n promise 1s\n canary www.example.org\n canary canary.test\n peers dns peers.canary.test\n}")
	p.Configure(t, regexp.MustCompile(`forward canary.test \S+`).ReplaceAllString(corefile, "forward canary.test "+p.IP+":1")) // where nobody is
	p.Start(t)
	lab.Until(t, "the check has failed for long", func() bool {
		return len(p.Said("plugin/selfpreserve: ", `Check "canary canary.test. A" has failed`)) == 1
	})
	told := p.Said("plugin/selfpreserve: ", `Check "canary canary.test. A" has failed`)[0]
	if !strings.Contains(told, ": SERVFAIL: ") {
		t.Errorf("it does not say why: %s", told)
	}
	if lines := p.Said("plugin/errors"); len(lines) > 0 {
		t.Errorf("errors says %q", lines)
	}
	if p.Answers("canary.test.") {
		t.Error("a client gets an answer")
	}
	lab.Until(t, "errors speaks of a client", func() bool { return len(p.Said("[ERROR] plugin/errors: 2 canary.test. A: ")) > 0 })
	if lines := p.Said("plugin/errors"); len(lines) != 1 {
		t.Errorf("errors says %q", lines)
	}
}
