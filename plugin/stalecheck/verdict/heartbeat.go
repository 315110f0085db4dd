package verdict

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// clockTolerance is how far in the future a time may lie and still be "now".
	clockTolerance = 60 * time.Second

	// lastSecond ends the year 9999. What is later is milliseconds, or garbage.
	lastSecond = 253402300799
)

// ReadHeartbeat returns the newest time in the records of a heartbeat's name that is not
// in the future, or why there is none. texts are what its TXT records hold: Unix seconds
// or RFC 3339. targets are those of its CNAME records, whose first label is t and Unix
// seconds, but for t0: see Unwritten. A record that holds anything else does not spoil the others.
func ReadHeartbeat(texts, targets []string, now time.Time) (time.Time, Reason) {
	var times []time.Time
	reason := NoHeartbeat
	for _, text := range texts {
		if at, ok := parseText(text); ok {
			times = append(times, at)
		} else {
			reason = BadHeartbeat
		}
	}
	for _, target := range targets {
		if at, ok := parseTarget(target); ok {
			times = append(times, at)
		}
	}
	ahead := func(at time.Time) bool { return at.Sub(now) > clockTolerance }
	if slices.ContainsFunc(times, ahead) {
		reason = Clock
	}
	if times = slices.DeleteFunc(times, ahead); len(times) == 0 {
		return time.Time{}, reason
	}
	return slices.MaxFunc(times, time.Time.Compare), ""
}

func parseText(text string) (time.Time, bool) {
	if at, ok := parseUnix(text); ok {
		return at, true
	}
	at, err := time.Parse(time.RFC3339, text)
	return at, err == nil
}

func parseTarget(target string) (time.Time, bool) {
	label, _, _ := strings.Cut(target, ".")
	if len(label) < 2 || label[0]|0x20 != 't' || Unwritten(target) {
		return time.Time{}, false
	}
	return parseUnix(label[1:])
}

// Unwritten reports whether a target has the first label t0, which no writer writes: that of a
// Service before its first heartbeat, since no ExternalName can be empty. kubectl apply and
// helm upgrade bring it back with every change, until a writer's next turn. If it were a time
// every server would call its zone half a century old for so long.
func Unwritten(target string) bool {
	label, _, _ := strings.Cut(target, ".")
	return strings.EqualFold(label, "t0")
}

// parseUnix reads digits alone: a sign, a fraction or an exponent is garbage.
func parseUnix(text string) (time.Time, bool) {
	seconds, err := strconv.ParseUint(text, 10, 63)
	if err != nil || seconds > lastSecond {
		return time.Time{}, false
	}
	return time.Unix(int64(seconds), 0), true // #nosec G115 -- at most lastSecond
}
