// Package page looks at selfpreserve's page in Debian's Chromium, as a person does.
package page

import (
	"context"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	shown "github.com/holdfastdns/holdfast/plugin/selfpreserve/page"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire"
)

// server is one whose status a test changes.
type server struct {
	*httptest.Server
	mu     sync.Mutex
	status wire.Status
}

func serve(t *testing.T, status wire.Status) *server {
	s := &server{status: status}
	s.Server = httptest.NewServer(shown.Handler(func() (wire.Status, time.Time) {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.status, now
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *server) is(status wire.Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status = status
}

// browser starts Chromium, for a test and those below it.
func browser(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("HOLDFAST_FORBID_SKIP") != "" {
			t.Fatal("want Debian's chromium")
		}
		t.Skip("want Debian's chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox)
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// look is a way to look at the page.
type look struct {
	width, height int64
	dark, plain   bool // plain is without scripts
}

var desk = look{width: 1200, height: 900}

// open opens the page in a tab of its own, and returns the tab and the exceptions and refusals that the
// browser tells of there.
func open(t *testing.T, ctx context.Context, s *server, as look) context.Context {
	t.Helper()
	tab, cancel := chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	tab, cancel = context.WithTimeout(tab, 2*time.Minute)
	t.Cleanup(cancel)
	scheme := "light"
	if as.dark {
		scheme = "dark"
	}
	if err := chromedp.Do(tab, chromedp.EmulateViewport(as.width, as.height), chromedp.Func(func(ctx context.Context, browser *chromedp.Target) error {
		_, err := cdp.Call(ctx, browser, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
		if err == nil {
			_, err = cdp.Call(ctx, browser, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: as.plain})
		}
		return err
	}), chromedp.Navigate(s.URL+"/")); err != nil {
		t.Fatal(err)
	}
	return tab
}

// evaluate returns what an expression of JavaScript is.
func evaluate[T any](t *testing.T, tab context.Context, expression string) T {
	t.Helper()
	got, err := chromedp.Run(tab, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// text is what a person reads in an element.
func text(t *testing.T, tab context.Context, selector string) string {
	t.Helper()
	return strings.Join(strings.Fields(evaluate[string](t, tab, `document.querySelector("`+selector+`").innerText`)), " ")
}

// keep writes a picture to the folder in HOLDFAST_PICTURES, if there is one.
func keep(t *testing.T, tab context.Context, name string) {
	t.Helper()
	folder := os.Getenv("HOLDFAST_PICTURES")
	if folder == "" {
		return
	}
	picture, err := chromedp.Run(tab, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// What a person reads first.
func TestWhatAPersonSees(t *testing.T) {
	ctx := browser(t)
	for name, c := range map[string]struct {
		status wire.Status
		banner string
		sees   []string
	}{
		"well": {inService(), "In service. 2 may leave now.", []string{
			"ns1.example.org this server serving 3d4h", "ns2.example.org 192.0.2.2:8182 serving 3d3h 1s ago", "example.org. fresh 3s 1m00s", "example.net. unknown unknown 1m00s primary 192.0.2.53 did not answer: timeout"}},
		"hold": {held(), "PRESERVED: wants to leave (SIGTERM, with 0 of 1 promises; 192.0.2.3:8182 is not fit), but must stay. It leaves in 12s at the latest.", []string{
			"ns2.example.org 192.0.2.2:8182 left", "40s ago", "ns3.example.org 192.0.2.3:8182 asking 11s canary www.example.org. A: SERVFAIL"}},
		"partition": {partitioned(), "In service. 0 may leave now. No answer from any peer (0 of 2). It may be cut off, so it stays in service.", []string{
			"ns2.example.org 192.0.2.2:8182 unreachable it last said that it was serving 1m30s ago"}},
		"stale": {stale(), "ASIDE: out of service (vital stalecheck: example.org. is 5m0s behind 192.0.2.53, with 1 of 1 promises). Zone example.org. is stale: 5m0s behind 192.0.2.53", []string{
			"example.org. stale 5m00s 1m00s 5m0s behind 192.0.2.53", "vital stalecheck fails 2m06s"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, c.status)
			for way, as := range map[string]look{"light": desk, "dark": {desk.width, desk.height, true, false}, "plain": {desk.width, desk.height, false, true}, "phone": {360, 740, false, false}} {
				tab := open(t, ctx, s, as)
				keep(t, tab, name+"-"+way)
				if got := text(t, tab, "#banner"); got != c.banner {
					t.Errorf("%s: the banner says %q, want %q", way, got, c.banner)
				}
				if as.width < 500 {
					continue // the same words in another order
				}
				body := text(t, tab, "main")
				for _, want := range c.sees {
					if !strings.Contains(body, want) {
						t.Errorf("%s: no %q in %q", way, want, body)
					}
				}
			}
		})
	}
}
