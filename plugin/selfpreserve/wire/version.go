package wire

import (
	"fmt"
	"strconv"
)

// Version is the version of what peers send each other. A change that an older server would take for
// something else has to raise it.
const Version = 1

// HeaderVersion has the version in requests of peers and in the replies to them. Requests have
// no field for it: version 0 refuses fields that it does not know.
const HeaderVersion = "Selfpreserve-Wire"

// VersionOf reads the value of HeaderVersion; version 0 has none.
func VersionOf(value string) (int, error) {
	if value == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(value, 10, 16)
	if err != nil {
		return 0, fmt.Errorf("%s %.20q: want a version from 0 to 65535", HeaderVersion, value)
	}
	return int(n), nil // #nosec G115 -- parsed as 16 bits
}
