package probe

import "time"

// State is the state of a server in a round.
type State string

// The states, from good to bad. Each but Fresh is a finding.
const (
	Fresh   State = "fresh"   // it has the newest data that any server has
	Unknown State = "unknown" // its heartbeat cannot be read
	Behind  State = "behind"  // another server has had newer data since an earlier round
	Stale   State = "stale"   // behind, or older than now, by more than --max-age
	Down    State = "down"    // it gives no usable answer
)

// Round is what one round over all servers has shown.
type Round struct {
	Schema  int       `json:"schema" jsonschema:"version of this schema"`
	Zone    string    `json:"zone" jsonschema:"whose servers these are"`
	Vantage string    `json:"vantage" jsonschema:"from where they were asked"`
	At      time.Time `json:"at" jsonschema:"when the round was over"`
	Took    float64   `json:"took_seconds" jsonschema:"how long the round took"`
	Newest  *uint32   `json:"newest_serial,omitempty" jsonschema:"SOA serial, the newest of all servers; absent if there is none"`
	Servers []Server  `json:"servers" jsonschema:"each address, over each transport"`
	Fresh   int       `json:"fresh" jsonschema:"how many of the servers are fresh"`
	Verdict string    `json:"verdict" jsonschema:"the round in one sentence"`
	Write   *Write    `json:"write,omitempty" jsonschema:"what became of --write"`
}

// Server is one address over one transport.
type Server struct {
	Address   string   `json:"address" jsonschema:"IP and port"`
	Name      string   `json:"name,omitempty" jsonschema:"by which it was found: a name, or a pod"`
	Transport string   `json:"transport" jsonschema:"udp or tcp"`
	State     State    `json:"state" jsonschema:"fresh, unknown, behind, stale or down"`
	Why       string   `json:"why,omitempty" jsonschema:"of the state, in words"`
	Serial    *uint32  `json:"serial,omitempty" jsonschema:"of the SOA record, as it was last seen"`
	Lag       float64  `json:"lag_seconds" jsonschema:"for how long another server has had newer data"`
	Age       *float64 `json:"age_seconds,omitempty" jsonschema:"of the newest heartbeat record; absent without one"`
	Records   []Record `json:"records,omitempty" jsonschema:"each heartbeat record: each vantage point writes its own"`
	Latency   *float64 `json:"latency_seconds,omitempty" jsonschema:"of the first answer in this round; absent if there was none"`
	Sent      int      `json:"sent" jsonschema:"queries, in all rounds"`
	Lost      int      `json:"lost" jsonschema:"queries without an answer, in all rounds"`
	NSID      string   `json:"nsid,omitempty" jsonschema:"name server identifier (RFC 5001)"`
	EDE       []EDE    `json:"ede,omitempty" jsonschema:"Extended DNS Errors (RFC 8914) in this round's answers"`
}

// Record is one heartbeat record on one server.
type Record struct {
	Name   string     `json:"name" jsonschema:"of the record"`
	At     *time.Time `json:"at,omitempty" jsonschema:"time in the record; absent if it cannot be read"`
	Age    *float64   `json:"age_seconds,omitempty" jsonschema:"now less that time"`
	Lag    float64    `json:"lag_seconds" jsonschema:"for how long another server has had a newer time"`
	Reason string     `json:"reason,omitempty" jsonschema:"why it cannot be read"`
}

// EDE is an Extended DNS Error.
type EDE struct {
	Code uint16 `json:"code" jsonschema:"INFO-CODE"`
	Name string `json:"name,omitempty" jsonschema:"of the code, if it has one"`
	Text string `json:"text,omitempty" jsonschema:"EXTRA-TEXT"`
}

// Write says whether the round could write its heartbeat.
type Write struct {
	Name  string `json:"name" jsonschema:"of the record"`
	Error string `json:"error,omitempty" jsonschema:"why it could not be written"`
}

func seconds(d time.Duration) float64 { return float64(d.Milliseconds()) / 1000 }

func pointer[T any](v T) *T { return &v }
