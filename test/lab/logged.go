package lab

// What the log says when a server leaves, or takes itself out.
const (
	LogLeaves        = "[INFO] plugin/selfpreserve: Leaves service: enough peers have promised to stay"
	LogLeavesByForce = "[ERROR] plugin/selfpreserve: Leaves service by force after max_hold of "
	LogStepsAside    = "[WARNING] plugin/selfpreserve: Steps aside, /ready is 503: "
)
