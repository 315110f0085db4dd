package test

// What the log says when a server leaves, or takes itself out.
const (
	leaves        = "[INFO] plugin/selfpreserve: Leaves service: enough peers have promised to stay"
	leavesByForce = "[ERROR] plugin/selfpreserve: Leaves service by force after max_hold of "
	stepsAside    = "[WARNING] plugin/selfpreserve: Steps aside, /ready is 503: "
)
