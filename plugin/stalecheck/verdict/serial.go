package verdict

import (
	"strconv"
	"time"
)

// NewerSerial reports whether a comes after b in the arithmetic of RFC 1982 section
// 3.2. Serials that are 2^31 apart cannot be compared: neither is newer.
func NewerSerial(a, b uint32) bool {
	return a != b && a-b < 1<<31
}

func incomparable(a, b uint32) bool { return a-b == 1<<31 }

// SerialFormat is how a zone's owner writes a time into its serial.
type SerialFormat int

// The formats.
const (
	NoFormat     SerialFormat = iota
	UnixTime                  // seconds
	CalendarDate              // YYYYMMDDnn
)

// dateTolerance is how far ahead of midnight UTC a date may be: the east of the date
// line writes tomorrow's already.
const dateTolerance = 14 * time.Hour

// readTime returns the time in a serial, and by how much it may lie ahead of now
// before the clocks are in doubt. A date counts from its midnight in UTC.
func (f SerialFormat) readTime(serial uint32) (at time.Time, tolerance time.Duration, ok bool) {
	switch f {
	case UnixTime:
		return time.Unix(int64(serial), 0), clockTolerance, true
	case CalendarDate:
		day, err := time.Parse("20060102", strconv.FormatUint(uint64(serial/100), 10))
		return day, dateTolerance + clockTolerance, err == nil
	}
	return time.Time{}, 0, false
}
