package page

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// until waits until an expression is true.
func until(t *testing.T, tab context.Context, expression string) {
	t.Helper()
	if _, err := chromedp.Run(tab, chromedp.Poll[bool](expression, chromedp.WithPollingTimeout(time.Minute))); err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
}

func TestNamesOfPeersAreTextAndNoScript(t *testing.T) {
	ctx := browser(t)
	tab := open(t, ctx, serve(t, hostile()), desk)
	if got := evaluate[string](t, tab, "document.title"); !strings.HasPrefix(got, "<script>") {
		t.Errorf("the title is %q", got)
	}
	if got := evaluate[int](t, tab, "document.querySelectorAll('script').length + document.images.length"); got != 1 {
		t.Errorf("%d scripts and images, want the page's own", got)
	}
	if got := text(t, tab, "#servers-rows"); strings.Count(got, `<script>document.title="broken"</script><img src=x`) != 4 {
		t.Errorf("%q", got)
	}
	// And if one came in, the browser would refuse it.
	got := evaluate[string](t, tab, `(() => {
		const script = document.createElement("script");
		script.textContent = "document.title = 'broken'";
		document.body.append(script);
		document.body.setAttribute("style", "color: rgb(1, 2, 3)");
		return document.title.slice(0, 8) + " " + getComputedStyle(document.body).color;
	})()`)
	if got != "<script> rgb(29, 35, 41)" {
		t.Errorf("a script or style in the document has an effect: %s", got)
	}
	keep(t, tab, "hostile")
}

func TestThePageFollowsTheServer(t *testing.T) {
	ctx := browser(t)
	s := serve(t, inService())
	tab := open(t, ctx, s, desk)
	if err := chromedp.Do(tab, chromedp.Focus("section:nth-of-type(1) .scroll")); err != nil {
		t.Fatal(err)
	}
	s.is(held())
	until(t, tab, `document.querySelector("#banner").innerText.startsWith("PRESERVED")`)
	if got := evaluate[string](t, tab, `document.title + "; " + document.activeElement.getAttribute("aria-labelledby") + "; " + document.querySelector("#old").hidden`); got != "ns1.example.org: asking; servers; true" {
		t.Errorf("title, focus and warning are %q", got)
	}
	s.Close()
	until(t, tab, `!document.querySelector("#old").hidden`)
	if got := text(t, tab, "#old"); got != "This page could not be refreshed. What it shows is old." {
		t.Errorf("%q", got)
	}
	if got := evaluate[string](t, tab, "document.title"); got != "old: ns1.example.org: asking" {
		t.Errorf("the title is %q", got)
	}
	keep(t, tab, "old")
}

// As behind kubectl proxy, or any other proxy that has it below a path.
func TestThePageWorksBelowAPath(t *testing.T) {
	ctx := browser(t)
	s := serve(t, inService())
	s.Config.Handler = http.StripPrefix("/pods/ns1:8182/proxy", s.Config.Handler)
	s.URL += "/pods/ns1:8182/proxy"
	tab := open(t, ctx, s, desk)
	if got := evaluate[string](t, tab, `getComputedStyle(document.querySelector(".state.good")).fontWeight`); got != "600" {
		t.Errorf("it has no style: the weight is %s", got)
	}
	s.is(held())
	until(t, tab, `document.querySelector("#banner").innerText.startsWith("PRESERVED")`)
}

// A screen reader says what changes in a role=status.
func TestAScreenReaderIsToldOfNewsAndNotOfEachSecond(t *testing.T) {
	ctx := browser(t)
	s := serve(t, held())
	tab := open(t, ctx, s, desk)
	evaluate[bool](t, tab, `(() => {
		window.told = 0;
		for (const status of document.querySelectorAll("[role=status]"))
			new MutationObserver(() => window.told++).observe(status, {childList: true, subtree: true, characterData: true});
		return true;
	})()`)
	later := held()
	later.HoldDeadline = new(now.Add(5 * time.Second))
	s.is(later)
	until(t, tab, `document.querySelector("#banner").innerText.includes(" in 5s at the latest.")`)
	if got := evaluate[int](t, tab, "window.told"); got != 0 {
		t.Errorf("it is told %d times that seconds have gone", got)
	}
	s.is(stale())
	until(t, tab, `document.querySelector("[role=status]").innerText.startsWith("ASIDE: out of service")`)
	if got := evaluate[int](t, tab, "window.told"); got != 1 {
		t.Errorf("it is told %d times, want once", got)
	}
}

// Somebody without a mouse reaches each table, sees where they are, and scrolls.
func TestThePageIsUsedByKeyboard(t *testing.T) {
	ctx := browser(t)
	tab := open(t, ctx, serve(t, held()), desk)
	visited := ""
	for range 4 {
		if err := chromedp.Do(tab, chromedp.KeyEvent(kb.Tab)); err != nil {
			t.Fatal(err)
		}
		visited += evaluate[string](t, tab, `document.activeElement.getAttribute("aria-labelledby") + " " + getComputedStyle(document.activeElement).outlineStyle + " "`)
	}
	if visited != "servers solid zones solid checks solid changes solid " {
		t.Errorf("%q", visited)
	}
}

// On a phone nothing is cut off, and nothing has to be scrolled sideways.
func TestThePageFitsAPhone(t *testing.T) {
	ctx := browser(t)
	for name, s := range map[string]*server{"hold": serve(t, held()), "stale": serve(t, stale()), "hostile": serve(t, hostile())} {
		tab := open(t, ctx, s, look{width: 360, height: 740})
		if got := evaluate[int](t, tab, `Math.max(...[...document.querySelectorAll("*")].map(e => Math.ceil(e.getBoundingClientRect().right)))`); got > 360 {
			t.Errorf("%s: something reaches to %d", name, got)
		}
	}
}

// contrast is that of each text on what is behind it (WCAG 2, from 1 to 21).
const contrast = `(() => {
	const parse = c => { const [r, g, b, a = 1] = c.match(/[\d.]+/g).map(Number); return {rgb: [r, g, b], a}; };
	const light = rgb => { const [r, g, b] = rgb.map(v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b; };
	const behind = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.a) return c.rgb; } return [255, 255, 255]; };
	const texts = [...document.querySelectorAll("body *")].filter(e => e.checkVisibility() && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()));
	return Math.min(...texts.map(e => { const [x, y] = [light(parse(getComputedStyle(e).color).rgb), light(behind(e))].sort((p, q) => q - p); return (x + .05) / (y + .05); }));
})()`

func TestThePageIsLegibleInLightAndDark(t *testing.T) {
	ctx := browser(t)
	for name, s := range map[string]*server{"well": serve(t, inService()), "hold": serve(t, held()), "partition": serve(t, partitioned()), "stale": serve(t, stale())} {
		papers := make(map[string]bool)
		for _, dark := range []bool{false, true} {
			tab := open(t, ctx, s, look{width: desk.width, height: desk.height, dark: dark})
			if got := evaluate[float64](t, tab, contrast); got < 4.5 {
				t.Errorf("%s, dark %t: a contrast of %.1f, want 4.5 (WCAG AA)", name, dark, got)
			}
			papers[evaluate[string](t, tab, "getComputedStyle(document.body).backgroundColor")] = true
		}
		if len(papers) != 2 {
			t.Errorf("%s: light and dark are the same: %v", name, papers)
		}
	}
}

func TestWithoutScriptsThePageSaysThatItStays(t *testing.T) {
	ctx := browser(t)
	tab := open(t, ctx, serve(t, inService()), look{width: desk.width, height: desk.height, plain: true})
	if got := text(t, tab, "main"); !strings.Contains(got, "Without scripts this page stays as it is: load it again.") {
		t.Errorf("%q", got)
	}
}
