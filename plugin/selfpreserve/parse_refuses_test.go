package selfpreserve

import (
	"strings"
	"testing"

	"github.com/holdfastdns/holdfast/plugin/internal/plugintest"
)

// Every error names the place, the property, the value, and what is accepted.
func TestParseRefuses(t *testing.T) {
	const (
		listen   = "want :PORT or ADDRESS:PORT, such as :8182, 192.0.2.1:8182 or [2001:db8::1]:8182"
		port     = "want one from 1 to 65535"
		own      = "want each on a line of its own between { and }"
		braces   = "want { at the end of the first line, } on a line of its own"
		kind     = "want static ADDRESS... or dns NAME..."
		address  = "want IP addresses with or without a port, such as 192.0.2.1"
		name     = "want domain names with or without a port, such as dns.example.org"
		quota    = "want a whole number from 1 to 1024, a percentage from 1% to 100%, or first the number and then the percentage"
		hold     = "want one duration from 1s to 1h,"
		promise  = "want one duration from 1s to 10m,"
		interval = "want one duration from 100ms to 1m,"
		cold     = "want one duration from 1s to 24h, such as 10 or 10s, or never"
		renewed  = "so that a promise is renewed twice before it ends"
		waits    = "so that a server that has promised can wait for its promise to end"
		question = "want a domain name, and a type if it is not A"
		data     = "want a type of data, such as A, AAAA, SOA or TXT"
		rate     = "want a whole number of queries a second from 1 to 1000000000"
		once     = "want it once, with all its values"
	)
	for _, tc := range []struct{ lines, property, accepted string }{
		{"selfpreserve 8182", `address "8182" has no port`, listen},
		{"selfpreserve 192.0.2.1", `address "192.0.2.1" has no port`, listen},
		{"selfpreserve ::1:8182", `address "::1:8182" has no port`, listen},
		{"selfpreserve :", `address ":" has port ""`, port},
		{"selfpreserve :0", `address ":0" has port "0"`, port},
		{"selfpreserve :65536", `address ":65536" has port "65536"`, port},
		{"selfpreserve :-1", `address ":-1" has port "-1"`, port},
		{"selfpreserve :http", `address ":http" has port "http"`, port},
		{"selfpreserve localhost:8182", `address "localhost:8182" has host "localhost"`, listen},
		{"selfpreserve :8182 :8183", `2 addresses, [":8182" ":8183"]`, "want one at most"},
		{"selfpreserve peers static 192.0.2.1", `unexpected property "peers" after selfpreserve`, own},
		{"selfpreserve {}", `unexpected "{}" after selfpreserve`, braces},
		{"selfpreserve :8182 }", `unexpected "}" after selfpreserve`, braces},
		{"selfpreserve :8182{", `address ":8182{" has port "8182{"`, port},
		{"selfpreserve\n{\n min_peers 2\n}", `unexpected "{"`, braces},
		{"selfpreserve :8182\n{\n min_peers 2\n}", `unexpected "{"`, braces},
		{"selfpreserve { min_peers 2 }", `unexpected "}" after min_peers`, braces},
		{"selfpreserve {\n min_peers 2 }", `unexpected "}" after min_peers`, braces},
		{"selfpreserve {\n min_peers {}\n}", `unexpected "{}" after min_peers`, braces},
		{"min_peers 2 {\n max_hold 30s\n }", `unexpected "{" after min_peers`, braces},
		{"selfpreserve {\n} min_peers 2", `unexpected "min_peers"`, braces},
		{"selfpreserve\nselfpreserve", "this plugin can only be used once per Server Block", "once"},
		{"selfpreserve\nselfpreserve {\n min_peers 2\n}", "this plugin can only be used once per Server Block", "once"},
		{"selfpreserve {\n min_peers 2\n}\nselfpreserve", "this plugin can only be used once per Server Block", "once"},
		{"peer static 192.0.2.1", `unknown property "peer"`, "want one of canary, capacity, cold_start, control, interval, max_hold, min_peers, observe, peers, promise, tls"},

		{"peers", "peers has no value", kind},
		{"peers 192.0.2.1", `peers "192.0.2.1" is not a kind of peers`, kind},
		{"peers DNS a.example.org", `peers "DNS" is not a kind of peers`, kind},
		{"peers static", "peers static has no value", kind},
		{"peers dns", "peers dns has no value", kind},
		{"peers static dns.example.org", `peers static "dns.example.org" is not an address`, address},
		{"peers static 192.0.2.256", `peers static "192.0.2.256" is not an address`, address},
		{"peers static 192.0.2.0/24", `peers static "192.0.2.0/24" is not an address`, address},
		{"peers static [2001:db8::1", `peers static "[2001:db8::1" is not an address`, address},
		{"peers static fe80::1%]", `peers static "fe80::1%]" is not an address`, address},
		{"peers static fe80::1%[", `peers static "fe80::1%[" is not an address`, address},
		{`peers static ""`, `peers static "" is not an address`, address},
		{"peers static 192.0.2.1 dns a.example.org", `peers static "dns" is not an address`, address},
		{"peers static 0.0.0.0", `peers static "0.0.0.0" is not the address of a single server`, address},
		{"peers static [::]:8182", `peers static "[::]:8182" is not the address of a single server`, address},
		{"peers static ff02::1", `peers static "ff02::1" is not the address of a single server`, address},
		{"peers static 192.0.2.1:0", `peers static "192.0.2.1:0" has port "0"`, port},
		{"peers static 192.0.2.1:", `peers static "192.0.2.1:" has port ""`, port},
		{"peers static [2001:db8::1]:65536", `peers static "[2001:db8::1]:65536" has port "65536"`, port},
		{"peers static 192.0.2.1 192.0.2.1:8182", `peers static "192.0.2.1:8182" is given twice, as 192.0.2.1:8182`, "want each peer once"},
		{"peers static 192.0.2.1\n peers static [::ffff:192.0.2.1]:8182", `peers static "[::ffff:192.0.2.1]:8182" is given twice, as 192.0.2.1:8182`, "want each peer once"},
		{numbered("peers static", 1025), `peers static "10.0.4.0" is number 1025`, "want at most 1024 static peers"},
		{"peers dns a..example.org", `peers dns "a..example.org" is not a domain name`, name},
		{"peers dns :8182", `peers dns ":8182" is not a domain name`, name},
		{"peers dns a.example.org:80:80", `peers dns "a.example.org:80:80" is not a domain name`, name},
		{`peers dns a\058b.example.org`, `peers dns "a\\058b.example.org" is not a domain name`, name},
		{"peers dns 0[", `peers dns "0[" is not a domain name`, name},
		{`peers dns \093.example.org`, `peers dns "\\093.example.org" is not a domain name`, name},
		{`peers dns a.example.org\`, `is not a domain name`, name},
		{"peers dns " + strings.Repeat("a", 64), "is not a domain name", name},
		{"peers dns 192.0.2.1", `peers dns "192.0.2.1" is an address`, "or peers static"},
		{"peers dns [2001:db8::1]:80", `peers dns "[2001:db8::1]:80" is an address`, "or peers static"},
		{"peers dns a.example.org:0", `peers dns "a.example.org:0" has port "0"`, port},
		{"peers dns a.example.org:http", `peers dns "a.example.org:http" has port "http"`, port},
		{"peers dns a.example.org A.example.org.:8182", `peers dns "A.example.org.:8182" is given twice, as a.example.org.:8182`, "want each name once"},
		{`peers dns a.example.org \097.example.org`, `is given twice, as a.example.org.:8182`, "want each name once"},
		{numbered("peers dns", 17), `peers dns "n16.example.org" is number 17`, "want at most 16 names"},

		{"min_peers", "min_peers has 0 values", quota},
		{"min_peers 1 2", `min_peers has the values ["1" "2"]`, quota},
		{"min_peers 10% 20%", `min_peers has the values ["10%" "20%"]`, quota},
		{"min_peers 50% 2", `min_peers has the values ["50%" "2"]`, quota},
		{"min_peers 1 2 3%", `min_peers has 3 values, ["1" "2" "3%"]`, quota},
		{"min_peers 2 0%", `min_peers "0%" is out of range`, quota},
		{"min_peers 2 50", `min_peers has the values ["2" "50"]`, quota},
		{"cold_start", "cold_start has 0 values", cold},
		{"cold_start ever", `cold_start "ever" is not a duration`, cold},
		{"cold_start never 5m", `cold_start has 2 values, ["never" "5m"]`, cold},
		{"cold_start 0", `cold_start "0" is out of range`, cold},
		{"cold_start 15s", "cold_start of 15s is not longer than the promise of 15s (the default)", "want a longer cold_start, or a shorter promise"},
		{"cold_start 25h", `cold_start "25h" is out of range`, cold},
		{"observe true", `observe has 1 values, ["true"]`, "want none"},
		{"observe\n observe", "observe is given twice", once},
		{"min_peers 0", `min_peers "0" is out of range`, quota},
		{"min_peers -1", `min_peers "-1" is out of range`, quota},
		{"min_peers 1025", `min_peers "1025" is out of range`, quota},
		{"min_peers 99999999999999999999", `min_peers "99999999999999999999" is out of range`, quota},
		{"min_peers 1.5", `min_peers "1.5" is not a whole number`, quota},
		{"min_peers many", `min_peers "many" is not a whole number`, quota},
		{"min_peers 0%", `min_peers "0%" is out of range`, quota},
		{"min_peers 101%", `min_peers "101%" is out of range`, quota},
		{"min_peers 12.5%", `min_peers "12.5%" is not a whole number`, quota},
		{"min_peers 50%%", `min_peers "50%%" is not a whole number`, quota},
		{"min_peers %", `min_peers "%" is not a whole number`, quota},
		{"min_peers 1\n min_peers 1", "min_peers is given twice", once},

		{"max_hold", "max_hold has 0 values", hold},
		{"max_hold 20s 30s", `max_hold has 2 values, ["20s" "30s"]`, hold},
		{"max_hold soon", `max_hold "soon" is not a duration`, hold},
		{"max_hold 999ms", `max_hold "999ms" is out of range`, hold},
		{"max_hold 3601", `max_hold "3601" is out of range`, hold},
		{"max_hold 20s\n max_hold 20s", "max_hold is given twice", once},
		{"max_hold 15s", "max_hold of 15s is not longer than the promise of 15s (the default)", waits},
		{"promise 20s", "max_hold of 20s (the default) is not longer than the promise of 20s:", waits},
		{"max_hold 29s\n promise 30s", "max_hold of 29s is not longer than the promise of 30s:", waits},
		{"promise", "promise has 0 values", promise},
		{"promise 15s 15s", `promise has 2 values, ["15s" "15s"]`, promise},
		{"promise never", `promise "never" is not a duration`, promise},
		{"promise 999ms", `promise "999ms" is out of range`, promise},
		{"promise 601s", `promise "601s" is out of range`, promise},
		{"promise 15s\n promise 15s", "promise is given twice", once},
		{"promise 5999ms", "promise of 5.999s is shorter than three times the interval of 2s (the default): want a promise of 6s", renewed},
		{"interval 5001ms", "promise of 15s (the default) is shorter than three times the interval of 5.001s: want a promise of 15.003s", renewed},
		{"interval 2s\n promise 5s", "promise of 5s is shorter than three times the interval of 2s: want a promise of 6s", renewed},
		{"interval", "interval has 0 values", interval},
		{"interval 1s 2s", `interval has 2 values, ["1s" "2s"]`, interval},
		{"interval 2 s", `interval has 2 values, ["2" "s"]`, interval},
		{"interval often", `interval "often" is not a duration`, interval},
		{"interval 99ms", `interval "99ms" is out of range`, interval},
		{"interval -2s", `interval "-2s" is out of range`, interval},
		{"interval 61s", `interval "61s" is out of range`, interval},
		{"interval 2s\n interval 2s", "interval is given twice", once},

		{"control yes", `control has 1 values, ["yes"]`, "want none"},
		{"control on loopback", `control has 2 values, ["on" "loopback"]`, "want none"},
		{"control\n control", "control is given twice", once},
		{"selfpreserve 192.0.2.1:8182 {\n control\n}", "control without tls is accepted from loopback only, which cannot reach the address 192.0.2.1:8182", "want tls, or an address such as :8182"},
		{"selfpreserve [2001:db8::1]:8182 {\n control\n}", "which cannot reach the address [2001:db8::1]:8182", "want tls, or"},

		{"canary", "canary has 0 values", question},
		{"canary example.org A AAAA", `canary has 3 values, ["example.org" "A" "AAAA"]`, question},
		{"canary a..example.org", `canary "a..example.org" is not a domain name`, "want one such as health.example.org"},
		{`canary ""`, `canary "" is not a domain name`, "want one such as health.example.org"},
		{"canary example.org AXFR", `canary "example.org" has type "AXFR"`, data},
		{"canary example.org OPT", `canary "example.org" has type "OPT"`, data},
		{"canary example.org example.com", `canary "example.org" has type "example.com"`, data},
		{"canary example.org\n canary EXAMPLE.org. A", `canary "example.org." for A is given twice`, "want each question once"},
		{numbered("canary", 17), `canary "n16.example.org." is number 17`, "want at most 16"},

		{"capacity", "capacity has 0 values", rate},
		{"capacity 1 2", `capacity has 2 values, ["1" "2"]`, rate},
		{"capacity 0", `capacity "0" is out of range`, rate},
		{"capacity 1000000001", `capacity "1000000001" is out of range`, rate},
		{"capacity 10k", `capacity "10k" is not a whole number`, rate},
		{"capacity 1\n capacity 1", "capacity is given twice", once},
	} {
		t.Run(tc.lines, func(t *testing.T) {
			stanza := tc.lines
			if !strings.HasPrefix(stanza, pluginName) {
				stanza = "selfpreserve {\n " + stanza + "\n}"
			}
			refuses(t, stanza, tc.property, tc.accepted)
		})
	}
}

func refuses(t *testing.T, stanza, property, accepted string) {
	t.Helper()
	conf, err := parseText(stanza)
	if err == nil {
		t.Fatalf("taken as %+v", conf)
	}
	if conf != nil {
		t.Errorf("an error and %+v", conf)
	}
	for _, want := range []string{property, accepted} {
		if want == "" || strings.Count(err.Error(), want) != 1 {
			t.Errorf("error %q does not say %q, once", err, want)
		}
	}
	plugintest.NamesALine(t, stanza, err)
}

// What shows when the stanza is read as a whole is wrong on the line of its property.
func TestErrorsNameTheLineOfTheProperty(t *testing.T) {
	for stanza, want := range map[string]string{
		"selfpreserve 192.0.2.1:8182 {\n min_peers 2\n control\n capacity 5\n}": "3 - Error during parsing: control without tls",
		"selfpreserve :0": "1 - Error during parsing: address",
		"selfpreserve {\n min_peers 2\n max_hold soon\n capacity 5\n}": "3 - Error during parsing: max_hold",
		"selfpreserve\n{\n}": `2 - Error during parsing: unexpected "{"`,
		"selfpreserve {\n min_peers 2\n promise 20s\n capacity 5\n}":                             "3 - Error during parsing: max_hold of 20s (the default)",
		"selfpreserve {\n max_hold 15s\n min_peers 2\n}":                                         "2 - Error during parsing: max_hold of 15s is not",
		"selfpreserve {\n peers static 192.0.2.1\n promise 30s\n max_hold 29s\n capacity 5\n}":   "4 - Error during parsing: max_hold of 29s is not",
		"selfpreserve {\n peers static 192.0.2.1\n max_hold 29s\n promise 30s\n capacity 5\n}":   "3 - Error during parsing: max_hold of 29s is not",
		"selfpreserve {\n promise 5s\n min_peers 2\n}":                                           "2 - Error during parsing: promise of 5s is shorter",
		"selfpreserve {\n min_peers 2\n interval 10s\n capacity 5\n}":                            "3 - Error during parsing: promise of 15s (the default)",
		"selfpreserve {\n interval 2s\n promise 5s\n capacity 5\n}":                              "3 - Error during parsing: promise of 5s is shorter",
		"selfpreserve {\n peers static 192.0.2.1\n capacity 5\n peers static 192.0.2.1\n tls\n}": "4 - Error during parsing: peers",
		"selfpreserve {\n capacity 5\n min_peers 2\n capacity 5\n tls\n}":                        "4 - Error during parsing: capacity is given twice",
	} {
		if _, err := parseText(stanza); err == nil || !strings.HasPrefix(err.Error(), "Testfile:"+want) {
			t.Errorf("%q gives %v, want line %s", stanza, err, want)
		}
	}
}
