package promise

import "time"

// An Event is what a machine is told.
type Event interface{ isEvent() }

type (
	// Tick says nothing but the time. One is due when the machine's Wake says so.
	Tick struct{}
	// Fitness is the result of a look at all checks.
	Fitness struct {
		Fit          bool   // none has failed three times in a row
		AllPassed    bool   // none failed just now
		PluginsReady bool   // whatever else fails
		Why          string // not fit, for people
	}
	// PeersSeen tells who else is there, without this server, best first.
	PeersSeen struct {
		Peers      []Peer
		KnownPeers int     // found now, or heard from in the last ten minutes
		Jitter     float64 // drawn at random from 0 to 1, for the pauses between rounds
	}
	// LoadSeen is this server's load in queries a second.
	LoadSeen struct{ QPS int }
	// Terminate is SIGTERM.
	Terminate struct{}
	// Reload brings the settings of another Corefile.
	Reload struct{ Settings Settings }
	// Requested is a request that has come.
	Requested struct{ Request }
	// Released ends a promise given, for who asked for it.
	Released struct {
		From   ID
		Number uint64
	}
	// Replied is a reply that has come, to the request that an Ask named Sent.
	Replied struct {
		Sent uint64
		To   string // the address that was asked
		Reply
	}
	// Failed is a request to which no usable reply has come.
	Failed struct {
		Sent uint64
		Why  string // for people
	}
)

func (Tick) isEvent()      {}
func (Fitness) isEvent()   {}
func (PeersSeen) isEvent() {}
func (LoadSeen) isEvent()  {}
func (Terminate) isEvent() {}
func (Reload) isEvent()    {}
func (Requested) isEvent() {}
func (Released) isEvent()  {}
func (Replied) isEvent()   {}
func (Failed) isEvent()    {}

// An Action is what a machine wants done.
type Action interface{ isAction() }

type (
	// Ask is for a promise, or for its renewal, of the server at an address.
	Ask struct {
		To   string
		Sent uint64 // names this request; the reply has to bring it back
		Request
	}
	// Release ends the promise of that number, given by the server at an address.
	Release struct {
		To     string
		Number uint64
	}
	// Answer is the reply to the request that has just come.
	Answer struct{ Reply }
	// Departure is one that was decided on: a counter, and more if it ends the process.
	Departure struct {
		Cause   Cause
		Outcome Outcome
	}
)

func (Ask) isAction()       {}
func (Release) isAction()   {}
func (Answer) isAction()    {}
func (Departure) isAction() {}

// Request asks for a promise to stay in service, or to renew one.
type Request struct {
	From     ID            // who asks
	Number   uint64        // of the promise; each that From asks for has a higher one
	Renew    bool          // of a promise that was given
	Lifetime time.Duration // asked for
	Load     int           // queries a second that would come from From
}

// Reply is the answer to a Request.
type Reply struct {
	From     ID
	Number   uint64
	Granted  bool
	Lifetime time.Duration // from the sending of the request, if granted
	Capacity int           // queries a second set aside for who asked
	Why      string        // not granted, for people
}

// Peer is another server as an asker needs it.
type Peer struct {
	Address string // IP:port
	ID      ID     // "" before it has been heard
}

// Cause is why a server would leave.
type Cause string

// Outcome is what came of it.
type Outcome string

// Causes and outcomes of departures.
const (
	Termination Cause = "termination"
	Unfit       Cause = "unfit"

	Granted   Outcome = "granted"
	Refused   Outcome = "refused"   // a round ended without enough promises
	Forced    Outcome = "forced"    // max_hold is over
	Cancelled Outcome = "cancelled" // fit again before enough had promised
)
