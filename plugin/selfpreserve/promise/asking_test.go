package promise

import "testing"

func TestAsking(t *testing.T) {
	perform(t, []play{
		{"asks one more than it needs and releases the surplus at once", `
			0s fit => serving
			0s peers sc sd se => serving
			20s sigterm => asking, ask 1 of sc, ask 2 of sd
			20s grant 1 of c => leaving, departure termination granted, release 2 to sd, release 1 to sc
			20s grant 2 of d => leaving, release 2 to sd`},
		{"a surplus that has come is released when it goes aside", `
			0s fit => serving
			0s reload min=2 => serving
			0s peers sc sd se => serving
			20s unfit => asking, ask 1 of sc, ask 2 of sd, ask 3 of se
			20s grant 1 of c => asking
			20s grant 3 of e => aside, departure unfit granted, release 2 to sd
			20s grant 2 of d => aside, release 2 to sd`},
		{"asks the next for each that refuses", `
			0s fit => serving
			0s peers sc sd se => serving
			20s unfit => asking, ask 1 of sc, ask 2 of sd
			20s refusal 1 of c => asking, ask 3 of se
			20s why? => a check fails, has 0 of 1 promises; sc wants to leave itself
			20s silence 2 => asking, release 2 to sd
			20s grant 3 of e => aside, departure unfit granted`},
		{"a round that fails releases everything and waits, longer each time", `
			0s fit => serving
			0s reload min=2 => serving
			0s peers sc sd => serving
			20s unfit => asking, ask 1 of sc, ask 2 of sd
			20s grant 1 of c => asking
			20s refusal 2 of d => asking, departure unfit refused, release 1 to sc
			20s wake? => 20.5s
			21s tick => asking, ask 3 of sc, ask 4 of sd
			21s refusal 3 of c => asking
			21s refusal 4 of d => asking, departure unfit refused
			21s wake? => 22s
			23s tick => asking, ask 5 of sc, ask 6 of sd
			23s refusal 5 of c => asking
			23s refusal 6 of d => asking, departure unfit refused
			23s wake? => 25s
			26s tick => asking, ask 7 of sc, ask 8 of sd
			26s refusal 7 of c => asking
			26s refusal 8 of d => asking, departure unfit refused
			26s wake? => 30s
			30s tick => asking, ask 9 of sc, ask 10 of sd
			30s refusal 9 of c => asking
			30s refusal 10 of d => asking, departure unfit refused
			30s wake? => 34s`},
		{"a round is given up after a third of a lifetime", `
			0s fit => serving
			0s reload min=2 => serving
			0s peers sd se sf sg sh si sj sk sl sm sn so sp sq => serving
			20s unfit => asking, ask 1 of sd, ask 2 of se, ask 3 of sf
			20s grant 1 of d => asking
			21s tick => asking, release 2 to se, release 3 to sf, ask 4 of sg, ask 5 of sh
			22s tick => asking, release 4 to sg, release 5 to sh, ask 6 of si, ask 7 of sj
			23s tick => asking, release 6 to si, release 7 to sj, ask 8 of sk, ask 9 of sl
			24s tick => asking, release 8 to sk, release 9 to sl, ask 10 of sm, ask 11 of sn
			25s tick => asking, release 10 to sm, release 11 to sn, ask 12 of so, ask 13 of sp
			25s wake? => 25.333333333s
			25.333333333s tick => asking, departure unfit refused, release 12 to so, release 13 to sp, release 1 to sd`},
		{"waits a second for a reply, and takes none after it", `
			0s fit => serving
			0s peers sc sd se => serving
			20s unfit => asking, ask 1 of sc, ask 2 of sd
			20.999s tick => asking
			21s tick => asking, release 1 to sc, release 2 to sd, ask 3 of se
			21s grant 1 of c => asking, release 1 to sc
			21s refusal 2 of d => asking`},
		{"a grant counts from the sending of its own request", `
			0s fit => serving
			0s reload min=2 => serving
			0s peers sc sd se => serving
			20s sigterm => asking, ask 1 of sc, ask 2 of sd, ask 3 of se
			20.9s grant 1 of c => asking
			20.9s wake? => 21s
			20.95s grant 2 of d life=1s => asking, release 2 to sd
			20.95s tick => asking`},
		{"a grant that has ended when it comes is released", `
			0s fit => serving
			0s peers sc sd => serving
			20s sigterm => asking, ask 1 of sc, ask 2 of sd
			20.5s grant 1 of c life=100ms => asking, release 1 to sc
			20.5s grant 2 of d life=0s => asking, release 2 to sd, departure termination refused`},
		{"a grant for longer than it asked for counts as long as it asked", `
			0s fit => serving
			0s peers sc => serving
			20s unfit => asking, ask 1 of sc
			20s grant 1 of c life=60s => aside, departure unfit granted
			34s tick => aside, renew by 2 1 of sc
			35s tick => asking, ask 3 of sc`},
		{"a negative lifetime is no promise", `
			0s fit => serving
			0s peers sc => serving
			20s sigterm => asking, ask 1 of sc
			20s grant 1 of c life=-2562047h => asking, release 1 to sc, departure termination refused`},
		{"a reply that comes twice is ignored", `
			0s fit => serving
			0s reload min=2 => serving
			0s peers sc sd se => serving
			20s unfit => asking, ask 1 of sc, ask 2 of sd, ask 3 of se
			20s grant 1 of c => asking
			20s grant 1 of c => asking
			20s refusal 1 of c => asking`},
		{"a grant of another number is no grant", `
			0s fit => serving
			0s peers sc sd => serving
			20s sigterm => asking, ask 1 of sc, ask 2 of sd
			20s grant 7 of c sent=1 => asking, release 1 to sc
			20s grant 2 of d => leaving, departure termination granted, release 2 to sd`},
		{"a grant that nobody asked for is released", `
			0s fit => serving
			0s reload promise=60s => serving
			0s peers sc sd => serving
			20s sigterm => asking, ask 1 of sc, ask 2 of sd
			20s grant 9 of c life=60s => asking, release 9 to sc`},
		{"two addresses of one server count once", `
			0s fit => serving
			0s reload min=2 => serving
			0s peers sc sx sd => serving
			20s sigterm => asking, ask 1 of sc, ask 2 of sx, ask 3 of sd
			20s grant 1 of c => asking
			20s grant 2 of c from=sx => asking, release 1 to sc
			20s grant 3 of d => leaving, departure termination granted, release 2 to sx, release 3 to sd`},
		{"its own promise does not count", `
			0s fit => serving
			0s peers sb sc => serving
			20s sigterm => asking, ask 1 of sb, ask 2 of sc
			20s grant 1 of b => asking
			20s grant 2 of c => leaving, departure termination granted, release 2 to sc`},
		{"the promise of a process that has restarted is dropped", `
			0s fit => serving
			0s reload min=2 => serving
			0s peers sc sd => serving
			20s unfit => asking, ask 1 of sc, ask 2 of sd
			20s grant 1 of c => asking
			20s peers sc=c sd=d => asking
			20s peers sc sd=d => asking
			20s peers sc=x sd => asking, release 1 to sc
			20s grant 2 of d => asking, departure unfit refused, release 2 to sd`},
		{"aside, looks for another when a process that promised has restarted", `
			0s fit => serving
			0s peers sc => serving
			20s unfit => asking, ask 1 of sc
			20s grant 1 of c => aside, departure unfit granted
			21s peers sc=c sd=d => aside
			21s peers sc sd=d => aside
			21s peers sc=x => aside, departure unfit refused`},
		{"says who promises for too short a time", `
			0s fit => serving
			0s peers sc => serving
			20s sigterm => asking, ask 1 of sc
			20s grant 1 of c life=2s => asking, release 1 to sc, departure termination refused
			20s why? => SIGTERM, has 0 of 1 promises; sc promises for 2s, too short to lean on`},
		{"a promise that ends before the next look is too short", `
			0s fit => serving
			0s peers sc sd => serving
			20s unfit => asking, ask 1 of sc, ask 2 of sd
			20.25s grant 1 of c life=2.4s => asking, release 1 to sc
			20.25s grant 2 of d life=2.5s => aside, departure unfit granted`},
		{"SIGTERM begins anew to count rounds in vain", `
			0s fit => serving
			20s unfit => asking, departure unfit refused
			21s tick => asking, departure unfit refused
			23s tick => asking, departure unfit refused
			23s sigterm => asking, departure termination refused
			23s wake? => 23.5s`},
		{"nobody to ask is a round that fails", `
			0s fit => serving
			20s unfit => asking, departure unfit refused
			20s why? => a check fails, has 0 of 1 promises; nobody else to ask
			20s wake? => 20.5s`},
		{"does not go on about a peer that is there no more", `
			0s fit => serving
			0s peers sc => serving
			20s unfit => asking, ask 1 of sc
			20s refusal 1 of c => asking, departure unfit refused
			20s why? => a check fails, has 0 of 1 promises; sc wants to leave itself
			20s peers => asking
			21s tick => asking, departure unfit refused
			21s why? => a check fails, has 0 of 1 promises; nobody else to ask`},
		{"with a reload that takes all peers away, unfit, asks no more", `
			0s fit => serving
			0s peers sc => serving
			20s unfit => asking, ask 1 of sc
			20s refusal 1 of c => asking, departure unfit refused
			20s reload peers=false => asking
			30s tick => asking
			30s wake? => never`},
	})
}

func TestAskingForCapacity(t *testing.T) {
	perform(t, []play{
		{"leaves only when what is set aside adds up to its load", `
			0s fit => serving
			0s reload capacity=100 => serving
			0s load 60 => serving
			0s peers sc sd se => serving
			20s sigterm => asking, ask 1 of sc load 60, ask 2 of sd load 60
			20s grant 1 of c capacity=40 => asking, ask 3 of se load 60
			20s grant 2 of d capacity=19 => asking
			20s grant 3 of e capacity=20 => leaving, departure termination granted, release 2 to sd, release 1 to sc, release 3 to se`},
		{"releases first what sets aside least", `
			0s fit => serving
			0s reload capacity=100 => serving
			0s load 60 => serving
			0s peers sc sd se => serving
			20s unfit => asking, ask 1 of sc load 60, ask 2 of sd load 60
			20s grant 2 of d capacity=10 => asking, ask 3 of se load 60
			20s grant 1 of c capacity=60 => aside, departure unfit granted, release 3 to se, release 2 to sd`},
		{"releases nothing of what it needs", `
			0s fit => serving
			0s reload capacity=100 => serving
			0s load 60 => serving
			0s peers sc sd se => serving
			20s unfit => asking, ask 1 of sc load 60, ask 2 of sd load 60
			20s grant 2 of d capacity=20 => asking, ask 3 of se load 60
			20s grant 1 of c capacity=40 => aside, departure unfit granted, release 3 to se
			21s load 61 => aside`},
		{"without a capacity load does not count", `
			0s fit => serving
			0s load 60 => serving
			0s peers sc => serving
			20s sigterm => asking, ask 1 of sc load 60
			20s grant 1 of c => leaving, departure termination granted, release 1 to sc`},
	})
}
