// The page in a real browser: a module of its own, so that a browser's driver is no dependency
// of the plugins.
module github.com/holdfastdns/holdfast/test/page

go 1.26.0

require (
	github.com/chromedp/cdproto v0.160.1
	github.com/chromedp/chromedp v0.23.1
	github.com/holdfastdns/holdfast v0.0.0
)

require github.com/go-json-experiment/json v0.0.0-20260213210345-44df1a37e875 // indirect

replace github.com/holdfastdns/holdfast => ../..
