package ttlfloor

import (
	"math"
	"math/rand/v2"
	"testing"
)

// drawOf returns the random bits whose Draw has about these fractions.
func drawOf(factor, round float64) uint64 {
	const half = 1 << 32
	return uint64(factor*half)<<32 | uint64(round*half)
}

const (
	lowest  = 0.0
	middle  = 0.5
	highest = 0.9999999
)

func TestTTLIsClampedThenJittered(t *testing.T) {
	jitter, spread := Range{0.1, 0.5}, Range{-0.25, 0}
	plain := Policy{Floor: 10, Zero: 30, Negative: 20}
	jittered := Policy{Floor: 10, Zero: 30, Negative: 20, Jitter: jitter}
	scattered := Policy{Floor: 10, Zero: 30, Negative: 20, Jitter: jitter, Spread: spread}
	longer := Policy{Floor: 10, Zero: 30, Negative: 20, Spread: Range{0.1, 0.5}}
	tests := []struct {
		name     string
		policy   Policy
		ttl      uint32
		draw     uint64
		want     uint32
		reason   Reason
		negative uint32
		why      Reason
	}{
		{"zero without jitter", plain, 0, drawOf(middle, middle), 30, Zero, 20, Negative},
		{"low without jitter", plain, 9, drawOf(middle, middle), 10, Low, 20, Negative},
		{"at the floor", plain, 10, drawOf(middle, middle), 10, 0, 20, Negative},
		{"between the floors", plain, 19, drawOf(middle, middle), 19, 0, 20, Negative},
		{"above both", plain, 20, drawOf(middle, middle), 20, 0, 20, 0},
		{"top bit set counts as zero", plain, 1 << 31, drawOf(middle, middle), 30, Zero, 20, Negative},
		{"largest TTL", plain, maxTTL, drawOf(middle, middle), maxTTL, 0, maxTTL, 0},
		{"zero, least jitter", jittered, 0, drawOf(lowest, highest), 33, Zero, 22, Negative},
		{"zero, most jitter", jittered, 0, drawOf(highest, lowest), 45, Zero, 30, Negative},
		{"low, least jitter", jittered, 1, drawOf(lowest, highest), 11, Low, 22, Negative},
		{"at the floor, most jitter", jittered, 10, drawOf(highest, lowest), 15, Low, 30, Negative},
		{"at the negative floor, most jitter", jittered, 20, drawOf(highest, lowest), 20, 0, 30, Negative},
		{"jitter leaves what was not raised", jittered, 300, drawOf(highest, lowest), 300, 0, 300, 0},
		{"spread down", scattered, 300, drawOf(lowest, highest), 225, Spread, 225, Spread},
		{"spread not below the floor", scattered, 11, drawOf(lowest, highest), 10, Spread, 22, Negative},
		{"spread down to nothing less", scattered, 300, drawOf(highest, lowest), 300, 0, 300, 0},
		{"spread up", longer, 300, drawOf(lowest, highest), 330, Spread, 330, Spread},
		{"spread stops at the largest TTL", longer, maxTTL, drawOf(middle, middle), maxTTL, 0, maxTTL, 0},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			d := NewDraw(tc.draw)
			if got, reason := tc.policy.TTL(tc.ttl, d); got != tc.want || reason != tc.reason {
				t.Errorf("TTL(%d) = %d, %b; want %d, %b", tc.ttl, got, reason, tc.want, tc.reason)
			}
			if got, reason := tc.policy.NegativeTTL(tc.ttl, d); got != tc.negative || reason != tc.why {
				t.Errorf("NegativeTTL(%d) = %d, %b; want %d, %b", tc.ttl, got, reason, tc.negative, tc.why)
			}
		})
	}
}

// Rounding 5 s times 1.3 to the nearest would always give 7, rounding down always 6.
func TestMeanOverDrawsIsExact(t *testing.T) {
	p := Policy{Floor: 5, Zero: 5, Negative: 5, Jitter: Range{0.1, 0.5}}
	rng := rand.New(rand.NewPCG(1, 2))
	const draws = 400_000
	sum, seen := 0.0, map[uint32]int{}
	for range draws {
		ttl, _ := p.TTL(1, NewDraw(rng.Uint64()))
		sum += float64(ttl)
		seen[ttl]++
	}
	if mean := sum / draws; math.Abs(mean-6.5) > 0.005 {
		t.Errorf("mean of a floor of 5 with jitter 10%% 50%% is %.4f, want 6.5", mean)
	}
	for _, ttl := range []uint32{5, 6, 7, 8} { // 5.5 to 7.5, rounded either way
		if seen[ttl] == 0 {
			t.Errorf("no draw gave %d: %v", ttl, seen)
		}
	}
	if len(seen) != 4 {
		t.Errorf("draws gave %v, want 5 to 8 only", seen)
	}
}

func FuzzPolicy(f *testing.F) {
	f.Add(uint32(0), uint32(5), uint32(30), uint32(5), int8(10), int8(50), int8(-25), int8(0), uint64(1))
	f.Add(uint32(1<<31), uint32(3600), uint32(3600), uint32(1), int8(0), int8(100), int8(-100), int8(100), uint64(math.MaxUint64))
	f.Fuzz(func(t *testing.T, ttl, floor, zero, negative uint32, jl, jh, sl, sh int8, bits uint64) {
		clamp := func(v, low, high int8) int8 { return min(max(v, low), high) }
		seconds := func(v uint32) uint32 { return v%maxSeconds + 1 }
		jl, jh = clamp(jl, 0, 100), clamp(jh, 0, 100)
		sl, sh = clamp(sl, -100, 100), clamp(sh, -100, 100)
		p := Policy{Floor: seconds(floor), Negative: seconds(negative),
			Jitter: Range{float64(min(jl, jh)) / 100, float64(max(jl, jh)) / 100},
			Spread: Range{float64(min(sl, sh)) / 100, float64(max(sl, sh)) / 100}}
		p.Zero = max(p.Floor, seconds(zero))
		d := NewDraw(bits)
		for name, decide := range map[string]func(uint32, Draw) (uint32, Reason){"TTL": p.TTL, "NegativeTTL": p.NegativeTTL} {
			least := p.Floor
			if name == "NegativeTTL" {
				least = p.Negative
			}
			got, reason := decide(ttl, d)
			if got < least || got > maxTTL {
				t.Errorf("%s(%d) = %d, want %d to %d; policy %+v", name, ttl, got, least, maxTTL, p)
			}
			if (got != ttl) != (reason != 0) {
				t.Errorf("%s(%d) = %d for reason %b; policy %+v", name, ttl, got, reason, p)
			}
		}
	})
}
