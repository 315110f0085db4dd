// Package selfpreserve lets a server leave service only while enough healthy peers have
// promised to stay.
//
// The failure: every server of a fleet sees the same fault, each judges alone, and all
// of them leave (Facebook, October 2021). The mechanism: who wants to leave, because it
// has got SIGTERM or because its checks fail, asks its peers for promises to stay. There
// is no control plane, no quorum and no election: a server that reaches nobody stays.
//
// Where it is: package promise decides. Here is the shell that tells it what happens and
// does what it wants. node.go has the lock and the timer, acts.go carries out, peers.go
// knows who else is there, checks.go tells whether this server is fit, http.go and
// client.go talk to peers, and hold.go is caddy's life cycle.
package selfpreserve
