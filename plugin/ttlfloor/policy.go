package ttlfloor

import "math"

// maxTTL is the largest TTL there is. One with the top bit set counts as zero
// (RFC 2181 section 8).
const maxTTL = math.MaxInt32

// Reason says why the TTLs of a response were changed; a response can have
// several. The zero Reason means that nothing was changed.
type Reason uint8

// The reasons, in the order of the metric's label values in reasonNames.
const (
	Zero     Reason = 1 << iota // a TTL of 0 was raised
	Low                         // a TTL above 0 and below the floor was raised
	Negative                    // the TTL of an NXDOMAIN or NODATA was raised
	Spread                      // a TTL that needed no raising was scattered
)

var reasonNames = [...]string{"zero", "low", "negative", "spread"}

// Range is what a TTL gains, as a fraction of itself: 0.1 and 0.5 are 10% to
// 50% more, -0.25 and 0 are up to a quarter less. The zero Range is off.
type Range struct{ Low, High float64 }

// Draw is the randomness of one response: every TTL in it uses the same Draw.
type Draw struct {
	factor float64 // in [0, 1), where in a Range the response falls
	round  float64 // in [0, 1), fractions above it round up
}

// NewDraw makes a Draw from 64 uniformly random bits.
func NewDraw(bits uint64) Draw {
	const half = 1 << 32
	return Draw{
		factor: float64(bits>>32) / half,
		round:  float64(bits&(half-1)) / half,
	}
}

// Policy says what ttlfloor turns a TTL into; TTLs are in seconds. Its methods are
// pure functions, so that a simulation can call what the server calls.
type Policy struct {
	Floor    uint32 // a TTL above 0 and below it becomes Floor
	Zero     uint32 // what TTL 0 becomes
	Negative uint32 // the floor of negative answers, whose 0 becomes it too
	Jitter   Range  // what a raised TTL gains, and one that is just at its floor
	Spread   Range  // what a TTL that needed no raising gains
}

// TTL returns the TTL that leaves for one that came, and why it differs.
func (p *Policy) TTL(ttl uint32, d Draw) (uint32, Reason) {
	if ttl == 0 || ttl > maxTTL {
		return scale(p.Zero, p.Jitter, p.Floor, d), Zero
	}
	return p.atLeast(p.Floor, Low, ttl, d)
}

// NegativeTTL is TTL for the time that a denial may be cached. A zero is raised
// to Negative and not to Zero: nobody should wait half a minute for a name that
// was created a second ago.
func (p *Policy) NegativeTTL(ttl uint32, d Draw) (uint32, Reason) {
	if ttl > maxTTL {
		ttl = 0
	}
	return p.atLeast(p.Negative, Negative, ttl, d)
}

func (p *Policy) atLeast(floor uint32, raised Reason, ttl uint32, d Draw) (uint32, Reason) {
	leaves, reason := ttl, raised
	if p.raises(ttl, floor) {
		leaves = scale(floor, p.Jitter, floor, d)
	} else if p.Spread != (Range{}) {
		leaves, reason = scale(ttl, p.Spread, floor, d), Spread
	}
	if leaves == ttl {
		return ttl, 0
	}
	return leaves, reason
}

// raises reports whether a TTL gains jitter. One that is at its floor does: clients
// that received it together would otherwise ask together for ever, and 5 s is both
// the floor by default and what the kubernetes plugin and cache's MINTTL answer.
func (p *Policy) raises(ttl, floor uint32) bool {
	return ttl < floor || (ttl == floor && p.Jitter != (Range{}))
}

// keeps reports whether a TTL leaves as it came, whatever the draw.
func (p *Policy) keeps(ttl, floor uint32) bool {
	return !p.raises(ttl, floor) && ttl <= maxTTL && p.Spread == (Range{})
}

// scale returns ttl times 1 plus the draw's place in r, within [floor, maxTTL].
// It rounds at random, so that the mean over many draws is exact whatever the range:
// 5 s and 1% to 9% more is 5 or 6, where the nearest second would always be 5.
func scale(ttl uint32, r Range, floor uint32, d Draw) uint32 {
	exact := float64(ttl) * (1 + r.Low + (r.High-r.Low)*d.factor)
	whole := uint32(min(max(exact, 0), maxTTL)) // rounded down
	if exact-float64(whole) > d.round {
		whole++
	}
	return min(max(whole, floor), maxTTL)
}
