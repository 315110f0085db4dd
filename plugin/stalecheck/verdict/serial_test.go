package verdict

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestSerialsCompareAsInRFC1982(t *testing.T) {
	for _, tc := range []struct {
		a, b         uint32
		newer, older bool
	}{
		{1, 1, false, false},
		{2, 1, true, false},
		{0, 4294967295, true, false}, // wrap
		{100, 4294967290, true, false},
		{1 << 31, 1, true, false},             // 2^31-1 apart
		{1<<31 + 1, 1, false, false},          // 2^31 apart: undefined
		{1<<31 + 2, 1, false, true},           // 2^31+1 apart
		{2026112105, 2026112101, true, false}, // the usual
	} {
		if got := NewerSerial(tc.a, tc.b); got != tc.newer {
			t.Errorf("NewerSerial(%d, %d) = %v", tc.a, tc.b, got)
		}
		if got := NewerSerial(tc.b, tc.a); got != tc.older {
			t.Errorf("NewerSerial(%d, %d) = %v", tc.b, tc.a, got)
		}
		if got, want := incomparable(tc.a, tc.b), tc.a != tc.b && !tc.newer && !tc.older; got != want {
			t.Errorf("incomparable(%d, %d) = %v", tc.a, tc.b, got)
		}
	}
}

// RFC 1982 section 3.2 in its own words.
func TestSerialComparisonIsTheRFCs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		i1, i2 := rapid.Uint32().Draw(t, "i1"), rapid.Uint32().Draw(t, "i2")
		const half = 1 << 31
		greater := (i1 < i2 && uint64(i2)-uint64(i1) > half) || (i1 > i2 && uint64(i1)-uint64(i2) < half)
		if NewerSerial(i1, i2) != greater {
			t.Errorf("NewerSerial(%d, %d) = %v", i1, i2, !greater)
		}
		if NewerSerial(i1, i2) && NewerSerial(i2, i1) {
			t.Errorf("%d and %d are each newer than the other", i1, i2)
		}
	})
}

func TestDatesInSerials(t *testing.T) {
	for serial, want := range map[uint32]string{
		2026112101: "2026-11-21",
		2024022999: "2024-02-29",
		2026022900: "",
		2026130101: "",
		2026003101: "",
		2026110001: "",
		20261121:   "", // no nn
		1:          "",
		0:          "",
		4294967295: "",
	} {
		at, _, ok := CalendarDate.readTime(serial)
		if ok != (want != "") || (ok && at.Format(time.DateOnly) != want) {
			t.Errorf("serial %d is %v, %v; want %q", serial, at, ok, want)
		}
	}
	if at, _, ok := UnixTime.readTime(1700000000); !ok || at.Unix() != 1700000000 {
		t.Errorf("unixtime serial 1700000000 is %v, %v", at, ok)
	}
}

func FuzzSerials(f *testing.F) {
	f.Add(uint32(2026112101), uint32(2026112102))
	f.Add(uint32(0), uint32(4294967295))
	f.Fuzz(func(t *testing.T, a, b uint32) {
		if NewerSerial(a, b) && NewerSerial(b, a) {
			t.Errorf("%d and %d are each newer", a, b)
		}
		day, _, ok := CalendarDate.readTime(a)
		if ok && day.Format("20060102") != time.Date(int(a/1000000), time.Month(a/10000%100), int(a/100%100), 0, 0, 0, 0, time.UTC).Format("20060102") {
			t.Errorf("%d is %v", a, day)
		}
	})
}
