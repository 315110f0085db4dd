package selfpreserve

// An event is what a machine is told.
type event interface{ isEvent() }

type (
	// tick says nothing but the time. One is due when the machine's wake says so.
	tick struct{}
	// fitness is the result of a look at all checks.
	fitness struct {
		fit   bool   // none has failed three times in a row
		sound bool   // none failed just now
		able  bool   // every plugin is ready, whatever else fails
		why   string // not fit, for people
	}
	// peersSeen tells who else is there, without this server, best first.
	peersSeen struct {
		peers []Peer
		known int // discovered now, or heard from in the last ten minutes
	}
	// loadSeen is this server's load in queries a second.
	loadSeen struct{ qps int }
	// terminate is SIGTERM.
	terminate struct{}
	// reload brings the settings of another Corefile.
	reload struct{ set settings }
)

func (tick) isEvent()      {}
func (fitness) isEvent()   {}
func (peersSeen) isEvent() {}
func (loadSeen) isEvent()  {}
func (terminate) isEvent() {}
func (reload) isEvent()    {}
func (request) isEvent()   {}
func (release) isEvent()   {}
func (reply) isEvent()     {}
func (failed) isEvent()    {}

// An action is what a machine wants done.
type action interface{ isAction() }

type (
	// ask is for a promise, or for its renewal, of the server at an address.
	ask struct {
		To   string
		Sent uint64 // names this request; the reply has to bring it back
		Request
	}
	// letGo ends the promise of that number, given by the server at an address.
	letGo struct {
		To     string
		Number uint64
	}
	// answer is the reply to the request that has just come.
	answer struct{ Reply }
	// departure is one that was decided on: a counter, and more if it ends the process.
	departure struct {
		Cause   cause
		Outcome outcome
	}
)

func (ask) isAction()       {}
func (letGo) isAction()     {}
func (answer) isAction()    {}
func (departure) isAction() {}

type (
	cause   string
	outcome string
)

const (
	termination cause = "termination"
	unfitness   cause = "unfit"

	granted   outcome = "granted"
	refused   outcome = "refused"   // a round ended without enough promises
	forced    outcome = "forced"    // max_hold is over
	cancelled outcome = "cancelled" // fit again before enough had promised
)

// Peer is another server as an asker needs it.
type Peer struct {
	Address string // IP:port
	ID      ID     // "" before it has been heard
}
