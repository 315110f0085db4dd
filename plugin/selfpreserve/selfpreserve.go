// Package selfpreserve lets a server leave service only while enough healthy peers have
// promised to stay.
//
// The failure: every server of a fleet sees the same fault, each judges alone, and all of
// them leave (Facebook, October 2021). The mechanism: a server that wants to leave, because
// of SIGTERM or because its checks fail, asks its peers for promises to stay. There is no
// control plane, no quorum and no election: a server that reaches nobody stays.
//
// Package promise decides, roster knows the peers, and wire is what they send each other.
// This package is the shell around them. node.go tells the machine what happens, by
// checks.go, discover.go, load.go and http.go; actions.go does what it wants, by client.go, and
// leaving.go holds SIGTERM and says goodbye. shown.go and history.go keep what status.go,
// metrics.go and log.go tell people, who give orders by control.go. ownquestions.go keeps what
// this server asks itself out of the log of errors, and logwriter.go lets nobody wait for who
// reads the log. hold.go is caddy's life cycle.
package selfpreserve
