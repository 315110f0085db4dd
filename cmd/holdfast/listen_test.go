package main

import (
	"context"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/cli"
	"github.com/holdfastdns/holdfast/test/lab"
)

// What Prometheus scrapes is what the README lists, and as Prometheus wants it.
func TestProbeTellsPrometheusWhatTheREADMESays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	primary, keyFile := startDynamic(t)
	at := "127.0.0.1:" + lab.FreePort(t)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	go func() {
		ended <- cli.Run(ctx, cli.Streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard},
			[]string{"probe", "heartbeat.example.org", "127.0.0.1:" + w.port, primary, "--listen", at, "--vantage", "lab", "--interval", "1s",
				"--write", "--primary", primary, "--tsig-file", keyFile}, verbs)
	}()
	scrape := func() string {
		response, err := http.Get("http://" + at + "/metrics")
		if err != nil {
			return ""
		}
		defer response.Body.Close()
		text, _ := io.ReadAll(response.Body)
		return string(text)
	}
	const want = `holdfast_probe_heartbeat_age_seconds{name="",record="heartbeat.example.org.",server="%",transport="tcp",vantage="lab",zone="example.org."} `
	var text string
	lab.Until(t, "both servers have a heartbeat", func() bool {
		text = scrape()
		return strings.Contains(text, strings.Replace(want, "%", "127.0.0.1:"+w.port, 1)) && strings.Contains(text, strings.Replace(want, "%", primary, 1))
	})
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
	scraped := names(`(?m)^# TYPE (\S+) `, text)
	documented := names("(?m)^\\| `(holdfast_probe_\\w+)", lab.Read(t, "cmd/holdfast/README.md"))
	if !slices.Equal(scraped, documented) {
		t.Errorf("Prometheus gets\n%q\nthe README has\n%q", scraped, documented)
	}
	stop()
	if code := <-ended; code > 1 {
		t.Errorf("it exits with %d", code)
	}
}

func names(pattern, text string) (found []string) {
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		found = append(found, m[1])
	}
	slices.Sort(found)
	return slices.Compact(found)
}
