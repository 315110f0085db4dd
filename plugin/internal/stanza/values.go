package stanza

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/coredns/coredns/plugin/pkg/durations"
)

var (
	errNoDuration = errors.New("is not a duration")
	errOutOfRange = errors.New("is out of range")
)

// One makes the parser of a property that has one value, and stores what parse returns.
// The parser puts the value before parse's error, such as "is not a duration", and want, which
// says what is accepted, behind it.
func One[T any](want string, store *T, parse func(value string) (T, error)) func([]string) error {
	return func(values []string) error {
		if len(values) != 1 {
			return fmt.Errorf("has %d values, %q: %s", len(values), values, want)
		}
		parsed, err := parse(values[0])
		if err != nil {
			return fmt.Errorf("%q %w: %s", values[0], err, want)
		}
		*store = parsed
		return nil
	}
}

// Duration makes the parser of a property that is a duration from least to most. A
// number alone is one of seconds, as in CoreDNS's own plugins.
func Duration(store *time.Duration, least, most time.Duration) func([]string) error {
	want := fmt.Sprintf("want one duration from %s to %s, such as 10 or 10s", brief(least), brief(most))
	return One(want, store, func(value string) (time.Duration, error) {
		d, err := durations.NewDurationFromArg(value)
		switch {
		case err != nil:
			return 0, errNoDuration
		case d < least || d > most:
			return 0, errOutOfRange
		}
		return d, nil
	})
}

// brief is d as people write it: 1h, not 1h0m0s.
func brief(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// Seconds makes a parser of a TTL, in whole seconds from 1 to most.
func Seconds(most uint32) func(value string) (uint32, error) {
	return func(value string) (uint32, error) {
		d, err := durations.NewDurationFromArg(value)
		switch {
		case err != nil:
			return 0, errNoDuration
		case d%time.Second != 0:
			return 0, errors.New("has a fraction of a second")
		case d < time.Second || d > time.Duration(most)*time.Second:
			return 0, errOutOfRange
		}
		return uint32(d / time.Second), nil // #nosec G115 -- at most most
	}
}

// WholeNumber makes a parser of a number from 1 to most.
func WholeNumber(most int) func(value string) (int, error) {
	return func(value string) (int, error) {
		n, err := strconv.Atoi(value)
		if err != nil && !errors.Is(err, strconv.ErrRange) { // n is then the largest there is, or the least
			return 0, errors.New("is not a whole number")
		}
		if n < 1 || n > most {
			return 0, errOutOfRange
		}
		return n, nil
	}
}
