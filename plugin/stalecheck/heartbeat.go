package stalecheck

import (
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"
)

const (
	// clockTolerance is how far in the future a time may lie and still be "now".
	clockTolerance = 60 * time.Second

	// lastSecond ends the year 9999. What is later is milliseconds, or garbage.
	lastSecond = 253402300799
)

// readHeartbeat returns the newest time in the records of a heartbeat's name that is
// not in the future, or why there is none. records are the answer to a query for name:
// of TXT records those that hold Unix seconds or RFC 3339, of CNAME records that of name
// whose target's first label is t and Unix seconds. A record that holds anything else
// does not spoil the others.
func readHeartbeat(name string, records []dns.RR, now time.Time) (time.Time, reason) {
	var newest time.Time
	found, why := false, noHeartbeat
	for _, rr := range records {
		at, ok := recordTime(name, rr)
		switch {
		case !ok:
			if why == noHeartbeat && rr != nil && rr.Header().Rrtype == dns.TypeTXT {
				why = badHeartbeat
			}
		case at.Sub(now) > clockTolerance:
			why = clock
		case !found || at.After(newest):
			newest, found = at, true
		}
	}
	if found {
		return newest, ""
	}
	return newest, why
}

func recordTime(name string, rr dns.RR) (time.Time, bool) {
	switch rr := rr.(type) {
	case *dns.TXT:
		return parseTime(rr.Txt)
	case *dns.CNAME:
		if !strings.EqualFold(rr.Hdr.Name, name) {
			return time.Time{}, false
		}
		label, _, _ := strings.Cut(rr.Target, ".")
		if len(label) < 2 || label[0]|0x20 != 't' {
			return time.Time{}, false
		}
		return parseUnix(label[1:])
	}
	return time.Time{}, false
}

// parseTime reads a TXT record's character-strings as one (as RFC 7208 section 3.3
// does): nsupdate and zone files split what is not quoted at its blanks.
func parseTime(parts []string) (time.Time, bool) {
	text := strings.Join(parts, "")
	if at, ok := parseUnix(text); ok {
		return at, true
	}
	at, err := time.Parse(time.RFC3339, text)
	return at, err == nil
}

// parseUnix reads digits alone: a sign, a fraction or an exponent is garbage.
func parseUnix(text string) (time.Time, bool) {
	seconds, err := strconv.ParseUint(text, 10, 63)
	if err != nil || seconds > lastSecond {
		return time.Time{}, false
	}
	return time.Unix(int64(seconds), 0), true // #nosec G115 -- at most lastSecond
}
