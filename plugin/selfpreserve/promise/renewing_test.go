package promise

import "testing"

func TestRenewing(t *testing.T) {
	perform(t, []play{
		{"renews at a third of the lifetime, with the present load", `
			0s fit => serving
			0s reload capacity=100 => serving
			0s peers sc => serving
			20s unfit => asking, ask 1 of sc
			20s grant 1 of c capacity=50 => aside, departure unfit granted
			20s wake? => 25.333333333s
			21s load 5 => aside
			25.333333333s tick => aside, renew by 2 1 of sc load 5
			25.333333333s wake? => 26.333333333s
			25.4s grant 1 of c sent=2 capacity=5 => aside
			25.4s wake? => 30.666666666s
			30.666666666s tick => aside, renew by 3 1 of sc load 5`},
		{"renews at a third of what was granted, if that was less", `
			0s fit => serving
			0s reload promise=60s => serving
			0s peers sc => serving
			20s unfit => asking, ask 1 of sc
			20s grant 1 of c life=3s => aside, departure unfit granted
			20s wake? => 21s
			21s tick => aside, renew by 2 1 of sc
			21s refusal 1 of c sent=2 => aside, departure unfit refused
			21.2s wake? => 21.5s
			21.5s tick => aside, renew by 3 1 of sc, departure unfit refused`},
		{"a renewal that is short, by another Corefile of the giver, is kept while it lasts", `
			0s fit => serving
			0s peers sc => serving
			20s unfit => asking, ask 1 of sc
			20s grant 1 of c => aside, departure unfit granted
			26s tick => aside, renew by 2 1 of sc
			26s grant 1 of c sent=2 life=1s => aside
			26s wake? => 26.333333333s
			35s tick => asking, ask 3 of sc`},
		{"the same refusal of a renewal is not forgotten when peers are seen", `
			0s fit => serving
			0s peers sc=c => serving
			20s unfit => asking, ask 1 of sc
			20s grant 1 of c => aside, departure unfit granted
			26s tick => aside, renew by 2 1 of sc
			26s refusal 1 of c sent=2 => aside, departure unfit refused
			26s peers sc=c => aside
			26s wake? => 26.5s`},
		{"aside without peers, by a reload, comes back", `
			0s fit => serving
			0s peers sc => serving
			20s unfit => asking, ask 1 of sc
			20s grant 1 of c => aside, departure unfit granted
			21s reload peers=false => asking, release 1 to sc
			21s wake? => never
			22s sigterm => leaving, departure termination granted`},
		{"aside, does not leave on the promise of a process that is no more", `
			0s fit => serving
			0s peers sc => serving
			20s unfit => asking, ask 1 of sc
			20s grant 1 of c => aside, departure unfit granted
			21s peers sc=x => aside, departure unfit refused
			21s sigterm => asking, release 1 to sc, ask 2 of sc`},
		{"who does not renew is replaced, and released", `
			0s fit => serving
			0s peers sc sd => serving
			20s unfit => asking, ask 1 of sc, ask 2 of sd
			20s grant 1 of c => aside, departure unfit granted, release 2 to sd
			26s tick => aside, renew by 3 1 of sc
			26s refusal 1 of c sent=3 => aside, ask 4 of sd
			26s grant 4 of d => aside, release 1 to sc
			26s wake? => 31.333333333s`},
		{"a promise ends a sixteenth of its lifetime earlier for who holds it", `
			0s fit => serving
			0s peers sc => serving
			20s unfit => asking, ask 1 of sc
			20.5s grant 1 of c => aside, departure unfit granted
			34.999s tick => aside, renew by 2 1 of sc
			34.999s wake? => 35s
			35s tick => asking, ask 3 of sc`},
		{"a renewal that another process has refused is not granted by a second reply", `
			0s fit => serving
			0s peers sc sd => serving
			0s reload min=2 => serving
			20s unfit => asking, ask 1 of sc, ask 2 of sd
			20s grant 1 of c => asking
			20s grant 2 of d => aside, departure unfit granted
			26s tick => aside, renew by 3 1 of sc, renew by 4 2 of sd
			26s refusal 2 of x sent=4 => aside, departure unfit refused
			26s grant 2 of d sent=4 => aside`},
		{"a late reply to a renewal from before the last changes nothing", `
			0s fit => serving
			0s peers sc => serving
			20s unfit => asking, ask 1 of sc
			20s grant 1 of c => aside, departure unfit granted
			26s tick => aside, renew by 2 1 of sc
			27.5s grant 1 of c sent=2 => aside, departure unfit refused
			27.5s refusal 1 of c sent=2 => aside
			35s tick => asking, ask 3 of sc`},
		{"a renewal is not sent twice while its reply is awaited", `
			0s fit => serving
			0s reload promise=4s => serving
			0s peers sc => serving
			20s unfit => asking, ask 1 of sc
			20s grant 1 of c life=4s => aside, departure unfit granted
			21.4s tick => aside, renew by 2 1 of sc
			22.1s tick => aside`},
		{"of several asked to replace one, those that are not needed are released", `
			0s fit => serving
			0s peers sc sd se => serving
			20s unfit => asking, ask 1 of sc, ask 2 of sd
			20s grant 1 of c => aside, departure unfit granted, release 2 to sd
			26s tick => aside, renew by 3 1 of sc
			26s refusal 1 of c sent=3 => aside, ask 4 of sd, ask 5 of se
			26s grant 4 of d => aside, release 5 to se, release 1 to sc`},
		{"a renewal that comes when it is not needed any more is released", `
			0s fit => serving
			0s peers sc sd => serving
			20s unfit => asking, ask 1 of sc, ask 2 of sd
			20s grant 1 of c => aside, departure unfit granted, release 2 to sd
			26s tick => aside, renew by 3 1 of sc
			26.1s silence 3 => aside, ask 4 of sd
			26.1s refusal 4 of d => aside, departure unfit refused
			28.7s tick => aside, renew by 5 1 of sc, ask 6 of sd
			28.7s grant 6 of d => aside, release 1 to sc
			28.7s grant 1 of c sent=5 => aside, release 1 to sc`},
		{"a renewal for less time takes nothing away", `
			0s fit => serving
			0s peers sc => serving
			20s unfit => asking, ask 1 of sc
			20s grant 1 of c => aside, departure unfit granted
			26s tick => aside, renew by 2 1 of sc
			26s grant 1 of c sent=2 life=4s => aside
			30s tick => aside, renew by 3 1 of sc`},
		{"a renewal with too little capacity is enough aside, where the load has gone", `
			0s fit => serving
			0s reload capacity=100 => serving
			0s load 5 => serving
			0s peers sc => serving
			20s unfit => asking, ask 1 of sc load 5
			20s grant 1 of c capacity=5 => aside, departure unfit granted
			26s tick => aside, renew by 2 1 of sc load 5
			26s grant 1 of c sent=2 capacity=4 => aside`},
		{"a renewal without reply is tried again", `
			0s fit => serving
			0s peers sc => serving
			20s unfit => asking, ask 1 of sc
			20s grant 1 of c => aside, departure unfit granted
			26s tick => aside, renew by 2 1 of sc
			27s tick => aside, departure unfit refused
			29s tick => aside, renew by 3 1 of sc, departure unfit refused
			29s grant 1 of c sent=3 => aside
			29s wake? => 34.333333333s`},
		{"a renewal refused by another process makes it look for others", `
			0s fit => serving
			0s peers sc => serving
			20s unfit => asking, ask 1 of sc
			20s grant 1 of c => aside, departure unfit granted
			26s tick => aside, renew by 2 1 of sc
			26s refusal 1 of x sent=2 => aside, departure unfit refused`},
		{"a renewal granted by another process counts for nothing", `
			0s fit => serving
			0s peers sc => serving
			20s unfit => asking, ask 1 of sc
			20s grant 1 of c => aside, departure unfit granted
			26s tick => aside, renew by 2 1 of sc
			26s grant 1 of x sent=2 => aside
			35s tick => asking, ask 3 of sc`},
		{"a renewal of a process that is no more goes on till its promise ends", `
			0s fit => serving
			0s peers sc sd => serving
			20s unfit => asking, ask 1 of sc, ask 2 of sd
			20s grant 1 of c => aside, departure unfit granted, release 2 to sd
			26s tick => aside, renew by 3 1 of sc
			26s peers sc=x sd => aside, ask 4 of sd
			26.1s grant 1 of c sent=3 => aside, release 4 to sd`},
		{"a renewal prolongs from when it was sent", `
			0s fit => serving
			0s peers sc => serving
			20s unfit => asking, ask 1 of sc
			20s grant 1 of c => aside, departure unfit granted
			26s tick => aside, renew by 2 1 of sc
			26.9s grant 1 of c sent=2 => aside
			40.999s tick => aside, renew by 3 1 of sc
			41s tick => asking, ask 4 of sc`},
	})
}
