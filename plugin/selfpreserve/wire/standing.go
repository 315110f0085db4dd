package wire

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
)

// Standing is what a server says about its place in service, as a part of Hello. A server of
// before there was one says nothing.
type Standing struct {
	Holdfast string `json:"holdfast"`         // its version
	For      int64  `json:"for_ms"`           // it is in its state; so no clock has to agree
	Reason   string `json:"reason,omitempty"` // for its state
	Promises bool   `json:"promises"`         // it would promise to stay
	Bound    bool   `json:"bound"`            // it could not leave, whoever promises
	Observe  bool   `json:"observe,omitempty"`
	Load     int    `json:"load_qps,omitempty"`  // only with a capacity
	Spare    *int   `json:"spare_qps,omitempty"` // likewise
}

// StandingOf makes the Standing of a server that has been in its state for so long.
func StandingOf(s promise.Server, holdfast string, lasts time.Duration, reason string) *Standing {
	it := &Standing{Holdfast: holdfast, For: lasts.Milliseconds(), Reason: Line(reason), Promises: s.Promises, Bound: s.Bound, Observe: s.Observes}
	if s.Capacity {
		it.Load, it.Spare = min(s.Load, MaxRate), new(min(s.Spare, MaxRate))
	}
	return it
}

// Server is the server of which s speaks. Of one that says nothing, but serves, nobody knows
// whether it could leave.
func (s *Standing) Server(id promise.ID, state promise.State) promise.Server {
	if s == nil {
		return promise.Server{ID: id, Promises: state == promise.Serving, Bound: true}
	}
	it := promise.Server{ID: id, Promises: s.Promises && state == promise.Serving, Bound: s.Bound, Observes: s.Observe, Load: s.Load}
	if s.Spare != nil {
		it.Capacity, it.Spare = true, *s.Spare
	}
	return it
}

func (s *Standing) validate() error {
	const longest = int64(100 * 365 * 24 * time.Hour / time.Millisecond)
	switch {
	case s == nil:
		return nil
	case !IsLine(s.Reason) || !IsLine(s.Holdfast):
		return fmt.Errorf("reason %.20q or version %.20q: want at most %d octets of text", s.Reason, s.Holdfast, MaxText)
	case s.For < 0 || s.For > longest:
		return fmt.Errorf("for_ms %d: want 0 to %d", s.For, longest)
	case s.Load < 0 || s.Load > MaxRate || s.Spare != nil && (*s.Spare < 0 || *s.Spare > MaxRate):
		return fmt.Errorf("load_qps or spare_qps: want 0 to %d", MaxRate)
	}
	return nil
}

// IsLine reports whether text can be shown to people as it is: at most MaxText octets of UTF-8, and
// nothing that is not printed.
func IsLine(text string) bool {
	return len(text) <= MaxText && utf8.ValidString(text) && !strings.ContainsFunc(text, isUnprintable)
}

// Line turns text into such a line.
func Line(text string) string {
	text = strings.Map(func(r rune) rune {
		if isUnprintable(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	for len(text) > MaxText {
		_, last := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-last]
	}
	return text
}

func isUnprintable(r rune) bool { return !unicode.IsPrint(r) }
