package selfpreserve

import (
	"bytes"
	golog "log"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// logged returns what the plugin logs while f runs, without times.
func logged(t *testing.T, f func()) []string {
	t.Helper()
	var out lockedBuffer
	was, flags := golog.Writer(), golog.Flags()
	golog.SetOutput(&out)
	golog.SetFlags(0)
	defer func() { golog.SetOutput(was); golog.SetFlags(flags) }()
	f()
	return out.lines()
}

type lockedBuffer struct {
	sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.Lock()
	defer b.Unlock()
	return b.Buffer.Write(p)
}

// lines are those written yet.
func (b *lockedBuffer) lines() []string {
	b.Lock()
	defer b.Unlock()
	return strings.Split(strings.TrimSuffix(strings.ReplaceAll(b.String(), "plugin/selfpreserve: ", ""), "\n"), "\n")
}

// docs/operate.md tells what each line is for; the code writes no others.
func TestTheLinesOfTheLogAreThoseOfTheGuide(t *testing.T) {
	readme, err := os.ReadFile("../../docs/operate.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(readme), "\n## Log\n")
	section, _, _ = strings.Cut(section, "\n## ")
	section = strings.Join(strings.Fields(section), " ")
	var documented []*regexp.Regexp
	for _, m := range regexp.MustCompile("`([A-Z][^`]*)`").FindAllStringSubmatch(section, -1) {
		line := regexp.MustCompile(`\b[A-Z]+\b|\.\.\.|\b3\b`).ReplaceAllString(m[1], "%")
		documented = append(documented, regexp.MustCompile("^"+strings.ReplaceAll(regexp.QuoteMeta(line), "%", ".+")+"$"))
	}
	var written []string
	files, _ := filepath.Glob("*.go")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		for _, m := range regexp.MustCompile(`log\.(Info|Warning|Error)f?\(("[^\n]*?[^\\]")[,)]`).FindAllStringSubmatch(string(text), -1) {
			line, err := strconv.Unquote(m[2])
			if err != nil {
				t.Fatal(err)
			}
			written = append(written, strings.ReplaceAll(line, "%q", `"%s"`))
		}
	}
	if len(written) < 10 || len(documented) < 10 {
		t.Fatalf("found only %q and %q", written, documented)
	}
	used := map[*regexp.Regexp]bool{}
	for _, line := range written {
		i := slices.IndexFunc(documented, func(d *regexp.Regexp) bool { return d.MatchString(line) })
		if i < 0 {
			t.Errorf("docs/operate.md does not have %q", line)
			continue
		}
		used[documented[i]] = true
	}
	for _, d := range documented {
		if !used[d] && !slices.ContainsFunc(written, d.MatchString) {
			t.Errorf("docs/operate.md has %s, which is never written", d)
		}
	}
}

func TestEachChangeOfStateIsALine(t *testing.T) {
	const check, passes = `[WARNING] Check "canary test. A" has failed 3 times in a row: SERVFAIL`, `[INFO] Check "canary test. A" passes again`
	const asks = "[WARNING] Unfit; asking peers to stay so that this server can step aside: canary test. A: SERVFAIL"
	const alone = "[WARNING] The only known peer does not answer: this server stays in service until it does"
	host := " (" + hostName() + ")"
	const stays = "[WARNING] Staying in service: canary test. A: SERVFAIL, with 0 of 1 promises; 10.0.0.2:8182: no reply"
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 2, near(1))
		m, whole := f.nodes[0], func(int, int) bool { return false }
		var left chan time.Duration
		for i, step := range []struct {
			do   func()
			want []string
		}{
			{func() {}, []string{""}},
			{func() { m.fails("SERVFAIL") }, []string{check, asks, "[WARNING] Stepping aside, /ready is 503: canary test. A: SERVFAIL, with 1 of 1 promises: 10.0.0.2:8182" + host}},
			{func() { f.sever(between(1)) }, []string{
				"[WARNING] Back in service: canary test. A: SERVFAIL, with 0 of 1 promises; 10.0.0.2:8182: no reply", stays,
				alone, alone,
			}},
			{func() {}, []string{""}},
			{func() { m.heals() }, []string{passes, "[INFO] Fit again and in service"}},
			{func() { m.fails("SERVFAIL") }, []string{check, asks, stays}},
			{func() { m.heals() }, []string{passes, "[INFO] Fit again and in service"}},
			{func() { f.sever(whole) }, []string{"[INFO] Peers answer again", "[INFO] Peers answer again"}},
			{func() { f.nodes[1].fails("REFUSED"); left = f.terminate(m) }, []string{
				"[INFO] SIGTERM: asking peers to stay, in service until enough have promised (min_peers 1, 1 known)", "[INFO] Leaving service: enough peers have promised to stay: 10.0.0.2:8182" + host,
				strings.ReplaceAll(check, "SERVFAIL", "REFUSED"), strings.ReplaceAll(asks, "SERVFAIL", "REFUSED"),
				"[WARNING] Staying in service: canary test. A: REFUSED, with 0 of 1 promises; nobody else to ask",
				alone,
			}},
			{func() { left = f.terminate(f.nodes[1]) }, []string{
				"[INFO] SIGTERM: asking peers to stay, in service until enough have promised (min_peers 1, 1 known)",
				"[WARNING] Holding SIGTERM for at most 15s: SIGTERM, with 0 of 1 promises; nobody else to ask",
				"[WARNING] Holding SIGTERM for at most 10s: SIGTERM, with 0 of 1 promises; nobody else to ask",
			}},
			{func() { <-left }, []string{"[WARNING] Holding SIGTERM for at most 5s: SIGTERM, with 0 of 1 promises; nobody else to ask", "[ERROR] Leaving service by force after max_hold of 20s: too few peers have promised to stay (0 of 1 known peers answer)"}},
		} {
			var got []string
			for _, line := range logged(t, func() { step.do(); time.Sleep(11 * time.Second); synctest.Wait() }) {
				got = append(got, strings.TrimSuffix(line, " in time")) // as the client says it; the machine is as quick
			}
			slices.Sort(got) // two write at the same time
			slices.Sort(step.want)
			if strings.Join(got, "\n") != strings.Join(step.want, "\n") {
				t.Errorf("%d: %q\nwant\n%q", i, got, step.want)
			}
		}
	})
}

func TestWhoIsForcedOutByItsOwnPromiseSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 2, near(1))
		promiseTo(t, f.nodes[1].node, "zz")
		got := logged(t, func() { <-f.terminate(f.nodes[1]) })
		if want := "[ERROR] Leaving service by force after max_hold of 20s: it has itself promised to stay (promises given: 1) (1 of 1 known peers answer)"; got[len(got)-1] != want {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

func TestALoneServerByChoiceThatIsUnfitSaysThatItStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fleet{t: t, at: make(map[string]int)}
		m := f.add(near(1))
		m.conf.peers = false
		got := logged(t, func() {
			m.run(f.dependencies(m))
			time.Sleep(10 * time.Second)
			m.fails("SERVFAIL")
			time.Sleep(10 * time.Second)
		})
		m.pause()
		want := "[INFO] In service as id-000, at 10.0.0.1:8182, without peers\n[WARNING] Check \"canary test. A\" has failed 3 times in a row: SERVFAIL\n[WARNING] Staying in service: canary test. A: SERVFAIL, without peers"
		if text := strings.Join(got, "\n"); text != want {
			t.Errorf("%s\nwant\n%s", text, want)
		}
	})
}

// What heals by itself at the start is no warning: a peer that has just started knows nobody.
func TestAServerThatHasJustStartedDoesNotWarnOfStrangers(t *testing.T) {
	s := newStill(t)
	for _, c := range []struct {
		clock time.Duration
		want  string
	}{
		{time.Second, ""},
		{2 * time.Second, "[WARNING] Rejected POST /promise from 192.0.2.99:1: only known peers may send this"},
	} {
		s.clock = c.clock
		got := logged(t, func() { s.send("POST", "/promise", "192.0.2.99:1", "{}") })
		if strings.Join(got, "\n") != c.want {
			t.Errorf("after %s: %q, want %q", c.clock, got, c.want)
		}
	}
}
