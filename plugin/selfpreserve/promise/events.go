package promise

import "time"

// An Event is what a machine is told: one of these, or what peers ask and reply, which is
// defined in giving.go and asking.go.
type Event interface{ apply(*Machine) }

type (
	// Tick only tells the time. One is due when the machine's Wake says so.
	Tick struct{}
	// Fitness is the result of a look at all checks.
	Fitness struct {
		Fit          bool   // none has failed three times in a row
		AllPassed    bool   // none failed just now
		PluginsReady bool   // whatever else fails
		Why          string // not fit, for people
	}
	// PeersSeen tells which peers there are, without this server, best first.
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
)

func (Tick) apply(*Machine) {}

func (e Fitness) apply(m *Machine) {
	if !m.fitness.PluginsReady {
		m.readyFrom = m.now
	}
	m.fitness, m.readyOnce = e, m.readyOnce || e.PluginsReady
}

func (e LoadSeen) apply(m *Machine) { m.load = e.QPS }

func (Terminate) apply(m *Machine) {
	if !m.terminating {
		m.terminating, m.deadline = true, m.now+m.settings.MaxHold
		m.round.due, m.round.failures = m.now, 0
	}
}

// apply takes the settings. What was held, and said, while the server observed binds nobody;
// what it has given is kept, as others may lean on it.
func (e Reload) apply(m *Machine) {
	if e.Settings.Observe != m.settings.Observe {
		m.dropRound()
		m.override = Override{}
	}
	m.settings = e.Settings
}

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
	// Departure is one that was decided on: it is counted, and may end the process. It is Granted
	// or Refused also for a server that was never in service and asks to stay out of it.
	Departure struct {
		Cause    Cause
		Outcome  Outcome
		Observed bool // by a server that stays in service, and goes at SIGTERM, whatever it decides

		// Promised are the servers that have promised to stay, if it is granted. Whoever wonders
		// where a server has gone can ask them.
		Promised []Peer
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
	Observe  bool          // From only observes: a server that does not observe is not bound by its reply
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
	Operator    Cause = "operator" // said Leave to a server that is fit

	Granted   Outcome = "granted"
	Refused   Outcome = "refused"   // a round ended without enough promises
	Forced    Outcome = "forced"    // max_hold is over
	Cancelled Outcome = "cancelled" // fit again before enough had promised

	Overridden Outcome = "overridden" // by the operator's Leave
)
