package verdict

// Failure is why a server's answer to a query for a SOA record is unusable. "" means that it is
// usable.
type Failure string

// The failures.
const (
	Timeout          Failure = "timeout"
	Unreachable      Failure = "unreachable" // such as ICMP's port unreachable, or no route
	Malformed        Failure = "malformed"   // it does not unpack, or is cut off also over TCP
	Mismatch         Failure = "mismatch"    // the answer to another question, or none at all
	Refused          Failure = "REFUSED"
	ServFail         Failure = "SERVFAIL"
	OtherRcode       Failure = "other rcode"
	NotAuthoritative Failure = "not authoritative"
	NoSOA            Failure = "no SOA"
	SeveralSOAs      Failure = "several SOAs"
	Panicked         Failure = "panic" // of a plugin in this server
)
