package verdict

// Reason says what of a source made a zone stale or left it unknown.
type Reason string

// A source with one of these knows the age.
const (
	Behind   Reason = "behind"   // a reference has shown a newer serial
	Reset    Reason = "reset"    // ours is above that of every primary: it would never transfer again
	Expired  Reason = "expired"  // no primary has answered for longer than SOA EXPIRE
	Old      Reason = "old"      // the time in the heartbeat or in the serial
	Unserved Reason = "unserved" // the backend has stopped serving the zone
)

// A source with one of these does not.
const (
	Clock         Reason = "clock"              // a time in the future
	NoHeartbeat   Reason = "no heartbeat"       // no TXT or CNAME record
	BadHeartbeat  Reason = "bad heartbeat"      // a TXT record that holds no time
	NoDate        Reason = "no date"            // a serial that is no date
	NoAnswer      Reason = "no answer"          // no reference gave a usable one
	Incomparable  Reason = "incomparable"       // 2^31 apart (RFC 1982 section 3.2)
	OwnUnknown    Reason = "own serial unknown" // the backend does not serve the zone, or not yet
	OwnUnreadable Reason = "own serial unreadable"
	OnlySelf      Reason = "no server other than this one"
	NotAsked      Reason = "not asked yet"
)
