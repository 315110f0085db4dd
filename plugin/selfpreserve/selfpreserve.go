// Package selfpreserve lets a server leave service only while enough healthy peers have
// promised to stay.
//
// The failure: every server of a fleet sees the same fault, each judges alone, and all
// of them leave (Facebook, October 2021). The mechanism: who wants to leave, because it
// has got SIGTERM or because its checks fail, asks its peers for promises to stay. A
// promise binds who gives it until it ends or is released. There is no control plane, no
// quorum and no election: a server that reaches nobody gets no promise and stays.
//
// What each server does is decided by one machine: events and the time in, actions out.
//
//	| state    | /ready        | gives promises |
//	|----------|---------------|----------------|
//	| starting | 503           | no             |
//	| serving  | 200           | yes            |
//	| asking   | 200 PRESERVED | to lower ids   |
//	| aside    | 503           | no             |
//	| leaving  | 503           | no             |
//
//	| from     | to      | when                                                          |
//	|----------|---------|---------------------------------------------------------------|
//	| starting | serving | all checks passed                                             |
//	| starting | leaving | SIGTERM: it was never in service                              |
//	| starting | asking  | unfit ever since its plugins were ready, for a promise's lifetime |
//	| serving  | asking  | unfit, or SIGTERM                                             |
//	| serving  | leaving | SIGTERM, and no peers configured                              |
//	| asking   | serving | fit again, and no SIGTERM                                     |
//	| asking   | aside   | enough have promised, and no SIGTERM                          |
//	| asking   | leaving | SIGTERM, and enough have promised or max_hold is over         |
//	| aside    | serving | fit again, and no SIGTERM                                     |
//	| aside    | asking  | promises ended, or no peers configured: too few would be left |
//	| aside    | leaving | SIGTERM, and enough promises still hold                       |
//
// Where it is: machine.go has the states and events.go what goes in and out; giving.go
// and asking.go are the two halves of a promise, and round.go tries to get enough of
// them; peers.go knows who else is there; checks.go tells whether this server is fit.
// node.go is the shell that gives the machine its events, acts.go carries out what it
// wants, http.go and client.go talk to peers. hold.go tells a shutdown from a reload.
package selfpreserve
