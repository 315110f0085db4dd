// Package audience asks a DNS server at a steady rate, as those who depend on it do, and
// counts what it gets.
package audience

import (
	"time"
)

// Count is what one audience got.
type Count struct {
	Asked      int
	Unanswered int            // within the patience, or refused
	Why        map[string]int // the unanswered, by reason
	Rcode      map[string]int // the answered
	Stale      int            // answers that say that they are old: EDE 3 of RFC 8914
	// Gap is the longest time in which no question got an answer, from when the first of
	// them was asked to when the first was asked that got one again.
	Gap time.Duration
	// Lost is how many questions of each second went unanswered, by Unix time.
	Lost map[int64]int
}

// question is one that was asked, and what became of it.
type question struct {
	at    time.Time
	why   string // it got no answer; empty: it did
	rcode string
	stale bool
}

// sum counts questions, which are in the order in which they were asked.
func sum(questions []question) Count {
	c := Count{Why: make(map[string]int), Rcode: make(map[string]int), Lost: make(map[int64]int)}
	var since, last time.Time // of those without an answer
	for _, q := range questions {
		c.Asked++
		last = q.at
		if q.why != "" {
			c.Unanswered++
			c.Why[q.why]++
			c.Lost[q.at.Unix()]++
			if since.IsZero() {
				since = q.at
			}
			continue
		}
		if !since.IsZero() {
			c.Gap = max(c.Gap, q.at.Sub(since))
			since = time.Time{}
		}
		c.Rcode[q.rcode]++
		if q.stale {
			c.Stale++
		}
	}
	if !since.IsZero() {
		c.Gap = max(c.Gap, last.Sub(since))
	}
	return c
}

// Add joins what several audiences got. Their gaps stay apart: the longest counts.
func (c *Count) Add(other Count) {
	if c.Why == nil {
		*c = Count{Why: make(map[string]int), Rcode: make(map[string]int), Lost: make(map[int64]int)}
	}
	c.Asked += other.Asked
	c.Unanswered += other.Unanswered
	c.Stale += other.Stale
	c.Gap = max(c.Gap, other.Gap)
	for why, n := range other.Why {
		c.Why[why] += n
	}
	for rcode, n := range other.Rcode {
		c.Rcode[rcode] += n
	}
	for second, n := range other.Lost {
		c.Lost[second] += n
	}
}
