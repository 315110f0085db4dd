package incidents

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

// I1. A host's only nameserver was MagicDNS, which resolved *.ts.net and had no upstream:
// every other name was SERVFAIL for 23 hours. Nothing alarmed. The daemon was healthy, the
// node online; one service restarted 2,232 times, another ran unseen for 84,813 s. The
// cure was an upstream per domain and a fallback. The replay has such an upstream, before
// a CoreDNS as it comes and before the example for tailnets.
const outsideNames = 20

func TestReplayI1BlindResolverIsNotNoticedByStockCoreDNS(t *testing.T) {
	t.Parallel()
	magic := lab.StartUpstream(t)
	magic.Blind.Store(dns.RcodeServerFailure)
	lab.Binary(t)
	port, ready, health := lab.FreePort(t), lab.FreePort(t), lab.FreePort(t)
	stock := lab.StartMember(t, fmt.Sprintf(".:%s {\n bind 127.0.0.1\n errors\n ready 127.0.0.1:%s {\n monitor continuously\n }\n health 127.0.0.1:%s\n forward . %s\n}\n",
		port, ready, health, magic.Addr), "127.0.0.1:"+port, "", "")
	lab.Until(t, "stock answers", func() bool { return stock.Answers("gate." + lab.Tailnet) })

	green := 0
	for range 10 {
		if is200(t, "http://127.0.0.1:"+ready+"/ready") && is200(t, "http://127.0.0.1:"+health+"/health") {
			green++
		}
		<-time.After(200 * time.Millisecond) // what goes bad later would show
	}
	answered, lines := stock.Resolves(outsideNames, "stock", "example.net."), len(stock.Said("[")) // the banner has none
	if inside := stock.Resolves(outsideNames, "stock", lab.Tailnet); inside != outsideNames || answered != 0 {
		t.Errorf("%d of %d names of the tailnet and %d of the rest are answered: this is not the incident", inside, outsideNames, answered)
	}
	if green != 10 || lines != 0 {
		t.Errorf("/ready and /health were 200 at %d of 10 looks, and %d lines are in the log: stock CoreDNS does notice", green, lines)
	}

	first, second := lab.StartUpstream(t), lab.StartUpstream(t)
	first.Blind.Store(dns.RcodeServerFailure)
	holdfast := lab.NewTailnetPorts(t).Start(t, "127.0.0.1", magic, first, second, "")
	lab.Until(t, "the example answers", func() bool { return holdfast.Answers("gate." + lab.Tailnet) })
	split := holdfast.Resolves(outsideNames, "holdfast", "example.net.")
	if inside := holdfast.Resolves(outsideNames, "holdfast", lab.Tailnet); inside != outsideNames || split != outsideNames {
		t.Errorf("with an upstream per domain and a fallback %d of %d names of the tailnet and %d of the rest are answered", inside, outsideNames, split)
	}
	replayed(t, "I1 blind resolver", "external names that still resolve", fmt.Sprintf("%d of %d", answered, outsideNames), fmt.Sprintf("%d of %d", split, outsideNames))
}

// Three servers whose every way out goes blind: each names the half, and none goes.
func TestReplayI1ThreeServersNameTheBlindHalfAndStay(t *testing.T) {
	t.Parallel()
	lab.TakeTurn(t)
	const interval = 2 * time.Second // of the Corefile: the default
	magic := lab.StartUpstream(t)
	ports := lab.NewTailnetPorts(t)
	ips := []string{"127.0.0.1", "127.0.0.2", "127.0.0.3"}
	peers := "        peers static"
	for _, ip := range ips {
		peers += " " + ip + ":" + ports.HTTP
	}
	var fleet []*lab.Member
	for _, ip := range ips {
		fleet = append(fleet, ports.Start(t, ip, magic, magic, magic, peers))
	}
	for _, e := range fleet {
		e.AwaitPeers(t, 2)
	}

	w := watch(t, lab.Here())
	for _, e := range fleet {
		w.Add(t, e.Metrics)
	}
	w.Quiet(t)

	w.Phase("all ways out go blind")
	magic.Blind.Store(dns.RcodeServerFailure)
	blind := time.Now()
	const check = "canary example.com. A"
	named := make([]time.Duration, len(fleet))
	lab.Until(t, "all name it", func() bool {
		left := false
		for i, e := range fleet {
			_, status, _ := e.Get(e.HTTP, "/status")
			if named[i] == 0 && strings.Contains(e.Status().Reason, check+": SERVFAIL") && strings.Contains(status, `"name": "`+check+`"`) &&
				strings.Contains(lab.Scrape(t, e.Metrics), fmt.Sprintf("coredns_selfpreserve_fit{check=%q} 0\n", check)) &&
				len(e.Said("[WARNING]", fmt.Sprintf("Check %q has failed 3 times in a row: SERVFAIL", check))) == 1 {
				named[i] = time.Since(blind)
			}
			left = left || named[i] == 0
		}
		return !left
	})
	var last time.Duration
	for _, d := range named {
		last = max(last, d)
	}
	// Intervals are longer by a fifth at most; the rest is for a machine that stalls.
	if limit := 3*interval*6/5 + lab.Patience; last > limit {
		t.Errorf("the last named it after %s, want 3 intervals", last)
	}

	// Longer than a promise's lifetime, in which none may be found that lets another go.
	looks := 0
	lab.Throughout(t, 20*time.Second, func() string {
		looks++
		for _, e := range fleet {
			if told := e.Ready(); !strings.HasPrefix(told, "200 ") {
				return e.HTTP + " is out of service: " + told
			}
			if !e.Answers("gate." + lab.Tailnet) {
				return e.DNS + " does not answer for the tailnet"
			}
			if !strings.Contains(lab.Scrape(t, e.Metrics), `coredns_selfpreserve_fit{check="canary gate.tail1234.ts.net. A"} 1`+"\n") {
				return e.HTTP + " calls the half unfit that is well"
			}
		}
		return ""
	})
	replayed(t, "I1 blind resolver", "time until status, metric and log name the fault", "never", fmt.Sprintf("%.1f s, %.1f intervals", last.Seconds(), float64(last)/float64(interval)))
	t.Logf("of three servers that all see it none was out of service at any of %d looks, and each said why", looks)

	w.Fires(t, "HoldfastUnfit warning", "HoldfastNobodyMayLeave warning", "CoreDNSErrorsHigh critical", "CoreDNSForwardErrorsHigh critical")
	w.May("CoreDNSErrorsHigh warning", "CoreDNSForwardErrorsHigh warning")
	w.Cure()
	magic.Blind.Store(0)
	for _, e := range fleet {
		lab.Until(t, e.HTTP+" is well again", func() bool { return e.Ready() == "200 OK" })
	}
	w.Ends(t)
	alerted(t, "I1 blind resolver", w)
}

func is200(t *testing.T, url string) bool {
	t.Helper()
	resp, err := http.Get(url) // #nosec G107 -- the test's own
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}
