package selfpreserve

import (
	"net/http"
	"strings"
	"testing"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire"
)

func TestOrdersAreTakenFromLoopbackOnly(t *testing.T) {
	for from, want := range map[string]string{
		"127.0.0.1:4711": "200 {", "127.9.8.7:1": "200 {", "[::1]:4711": "200 {", "[::ffff:127.0.0.1]:4711": "200 {",
		knownPeer: "403 orders are accepted only from", "[2001:db8::2]:1": "403 orders", "128.0.0.1:1": "403 orders", "0.0.0.0:1": "403 orders", "[::]:1": "403 orders",
		"127.0.0.1": "403 orders", "@": "403 orders", "": "403 orders", "[::ffff:192.0.2.2]:1": "403 orders",
	} {
		s, more := controlled(t), ordersCounted()
		got := s.orders(from, stays, func(r *http.Request) { // which anybody can write
			r.Header.Set("X-Real-Ip", "127.0.0.1")
		})
		taken := strings.HasPrefix(want, "200")
		if !strings.HasPrefix(got, want) || (s.view.Load().Override.Kind == promise.Stay) != taken || more() != map[bool]string{true: "stay 1", false: "stranger 1"}[taken] {
			t.Errorf("from %q: %s, counted %q, and then %+v; want %s", from, got, more(), s.view.Load().Override, want)
		}
	}
}

// A proxy on this host makes strangers come from loopback.
func TestOrdersThatAProxyPassesOnAreNotTaken(t *testing.T) {
	for header, value := range map[string]string{"Forwarded": "for=127.0.0.1", "X-Forwarded-For": "127.0.0.1", "x-forwarded-proto": "http", "Via": "1.1 a", "via": ""} {
		s, more := controlled(t), ordersCounted()
		got := s.orders("127.0.0.1:1", stays, func(r *http.Request) { r.Header.Set(header, value) })
		if want := "403 this order came through a proxy (header " + http.CanonicalHeaderKey(header); !strings.HasPrefix(got, want) || s.view.Load().Override.Kind != "" || more() != "stranger 1" {
			t.Errorf("%s: %s, counted %q; want %s", header, got, more(), want)
		}
	}
}

func TestWithoutControlInTheCorefileNobodyGivesOrders(t *testing.T) {
	s, more := newStill(t), ordersCounted()
	if got := s.orders("127.0.0.1:1", stays, nil); !strings.HasPrefix(got, "403 orders are not accepted: selfpreserve has no control in the Corefile") || more() != "off 1" || s.view.Load().Override.Kind != "" {
		t.Errorf("%s, counted %s", got, more())
	}
}

func TestNoWebPageGivesOrders(t *testing.T) {
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	host := func(host string) func(*http.Request) { return func(r *http.Request) { r.Host = host } }
	for name, c := range map[string]struct {
		change func(*http.Request)
		want   string
	}{
		"a page of this host":          {header("Origin", "http://127.0.0.1:8182"), "403 orders are not accepted from a browser"},
		"a file":                       {header("Origin", "null"), "403 orders are not accepted from a browser"},
		"a browser without an origin":  {header("Sec-Fetch-Site", "none"), "403 orders are not accepted from a browser"},
		"a form":                       {header("Content-Type", "application/x-www-form-urlencoded"), `415 content type "application/x-www-form-urlencoded": want application/json`},
		"a form of text":               {header("Content-Type", "text/plain; a=application/json"), `415 content type`},
		"no type":                      {header("Content-Type", ""), `415 content type "": want`},
		"broken type":                  {header("Content-Type", "application/json; charset"), `415 content type`},
		"a name that was pointed here": {host("evil.example:8182"), `403 host "evil.example:8182" is not an IP address: want one such as 127.0.0.1 in the URL`},
		"localhost":                    {host("localhost:8182"), `403 host "localhost:8182" is not an IP address`},
		"no host":                      {host(""), `403 host "" is not an IP address`},
		"a name like an address":       {host("127.0.0.1.evil.example"), `403 host "127.0.0.1.evil.example" is not an IP address`},
		"a number":                     {host("2130706433:8182"), `403 host "2130706433:8182" is not an IP address`},
	} {
		s, more := controlled(t), ordersCounted()
		if got := s.orders("127.0.0.1:1", stays, c.change); !strings.HasPrefix(got, c.want) || s.view.Load().Override.Kind != "" || more() == "" {
			t.Errorf("%s: %s, counted %q, want %s", name, got, more(), c.want)
		}
	}
	for _, as := range []func(*http.Request){host("127.0.0.1"), host("[::1]:8182"), host("[::1]"), host("192.0.2.1:80"), header("Content-Type", "application/JSON; charset=utf-8")} {
		if got := controlled(t).orders("127.0.0.1:1", stays, as); !strings.HasPrefix(got, "200 ") {
			t.Error(got)
		}
	}
	if got := controlled(t).send("OPTIONS", "/control", "127.0.0.1:1", ""); !strings.HasPrefix(got, "405 ") {
		t.Errorf("a browser that asks whether it may: %s", got)
	}
}

func TestAMalformedOrderChangesNothing(t *testing.T) {
	s := controlled(t)
	before, more := s.everything(), ordersCounted()
	for body, want := range map[string]string{
		"":                                     "400 EOF",
		"null":                                 `400 action "": want one of ["leave" "stay" "resume"]`,
		`{"reason":"a"}`:                       `400 action "": want one of`,
		`{"action":"Stay","reason":"a"}`:       `400 action "Stay": want one of`,
		`{"action":"","reason":"a"}`:           `400 action "": want one of`,
		`{"action":7,"reason":"a"}`:            "400 json: cannot unmarshal number",
		`{"action":"stay"}`:                    "400 reason is empty: want 1 to 256 octets of text that tells others why",
		`{"action":"stay","reason":" \u3000"}`: "400 reason is empty",
		`{"action":"stay","reason":"a\nb"}`:    `400 reason "a\nb": want 1 to 256 octets of text on one line`,
		`{"action":"stay","reason":"\u001b"}`:  `400 reason "\x1b": want`,
		`{"action":"stay","reason":"\u202e"}`:  `400 reason "\u202e": want`,
		`{"action":"stay","reason":"` + strings.Repeat("x", 257) + `"}`: `400 reason "xxxxxxxxxxxxxxxxxxxx": want 1 to 256 octets`,
		`{"action":"stay","reason":"` + strings.Repeat("é", 129) + `"}`: `400 reason "éééééééééééééééééééé": want 1 to 256 octets`,
		`{"action":"stay","reason":"a","for":"1h"}`:                     `400 json: unknown field "for"`,
		stays + stays: "400 unexpected text after the JSON value",
		strings.Repeat(" ", wire.MaxBody) + stays: "413 body is longer than 4096 octets",
	} {
		if got := s.orders("127.0.0.1:1", body, nil); !strings.HasPrefix(got, want) {
			t.Errorf("%.60q: %s, want %s", body, got, want)
		}
	}
	if got := s.everything(); got != before || more() != "malformed 16" {
		t.Errorf("%s, changed\n%s\nto\n%s", more(), before, got)
	}
	for _, reason := range []string{strings.Repeat("x", 256), strings.Repeat("é", 128), "\\u00e9, because"} {
		if got := s.orders("127.0.0.1:1", `{"action":"stay","reason":"`+reason+`"}`, nil); !strings.HasPrefix(got, "200 ") {
			t.Error(got)
		}
	}
}
