package promise

import "testing"

func TestStates(t *testing.T) {
	perform(t, []play{
		{"starts when all checks pass at once", `
			0s unfit => starting
			1s doubt => starting
			2s fit => serving
			2s wake? => never`},
		{"unfit ever since it started, asks after a lifetime", `
			0s peers sa => starting
			0s unfit => starting
			1s doubt => starting
			2s unfit => starting
			2s wake? => 16s
			15.999s tick => starting
			16s tick => asking, ask 1 of sa
			16s grant 1 of a => aside, departure unfit granted`},
		{"is not asked to stay out for a single failure at its start", `
			0s doubt => starting
			16s tick => starting
			17s fit => serving`},
		{"does not come into service while a plugin is not ready", `
			0s peers sa => starting
			0s unready => starting
			0s wake? => never
			20s unfit => starting
			20s wake? => 36s
			35s unready => starting
			36s unfit => starting
			51s doubt => starting
			52s tick => starting
			52s unfit => asking, ask 1 of sa`},
		{"leaves at SIGTERM while starting", `
			0s unfit => starting
			0s why? => a check fails
			1s sigterm => leaving, departure termination granted
			1s fit => leaving`},
		{"leaves at SIGTERM if no peers are configured", `
			0s reload peers=false => starting
			0s fit => serving
			1s sigterm => leaving, departure termination granted`},
		{"stays though unfit if no peers are configured", `
			0s reload peers=false => starting
			0s fit => serving
			20s unfit => asking
			20s why? => a check fails, without peers
			20s wake? => never
			99s tick => asking
			99s fit => serving, departure unfit cancelled`},
		{"leaves when a reload takes its peers away", `
			0s fit => serving
			20s sigterm => asking, departure termination refused
			21s reload peers=false => leaving, departure termination granted`},
		{"doubt is no reason to leave", `
			0s fit => serving
			20s doubt => serving
			20s request 1 of c => serving, refuse 1: is not fit`},
		{"waits a lifetime from its start before it leaves, and promises meanwhile", `
			0s fit => serving
			0s peers sa sc => serving
			1s unfit => asking
			1s why? => a check fails, has 0 of 1 promises, and started less than a promise's lifetime ago
			1s wake? => 16s
			2s fit => serving, departure unfit cancelled
			2s request 1 of c => serving, grant 1 for 16s
			3s release 1 of c => serving
			4s sigterm => asking
			4s wake? => 16s
			15.999s tick => asking
			16s tick => asking, ask 1 of sa, ask 2 of sc
			16s grant 1 of a => leaving, departure termination granted, release 2 to sc, release 1 to sa`},
		{"a reload to a shorter promise does not shorten the wait from the start", `
			0s fit => serving
			0s peers sa => serving
			1s reload promise=4s => serving
			5s sigterm => asking
			5s wake? => 16s
			15s tick => asking
			16s tick => asking, ask 1 of sa`},
		{"gives up when SIGTERM was held for max_hold", `
			0s fit => serving
			0s peers sa => serving
			20s sigterm => asking, ask 1 of sa
			20s wake? => 21s
			20.5s silence 1 => asking, release 1 to sa, departure termination refused
			20.5s wake? => 21s
			39.999s tick => asking, ask 2 of sa
			40s tick => leaving, departure termination forced, release 2 to sa`},
		{"wakes at its deadline, though bound for longer", `
			0s fit => serving
			0s reload promise=60s => serving
			1s request 1 of c life=60s => serving, grant 1 for 1m0s
			2s sigterm => asking
			2s wake? => 22s
			22s tick => leaving, departure termination forced`},
		{"a second SIGTERM and a reload move no deadline", `
			0s fit => serving
			20s sigterm => asking, departure termination refused
			30s sigterm => asking, departure termination refused
			39s reload promise=8s => asking, departure termination refused
			40s tick => leaving, departure termination forced`},
		{"goes aside, and back when fit", `
			0s fit => serving
			0s peers sa sc => serving
			20s unfit => asking, ask 1 of sa, ask 2 of sc
			20s grant 1 of a => aside, departure unfit granted, release 2 to sc
			20s why? => a check fails, has 1 of 1 promises
			20s wake? => 25.333333333s
			21s fit => serving, release 1 to sa`},
		{"stays in service when fit before enough have promised", `
			0s fit => serving
			0s peers sa sc => serving
			20s unfit => asking, ask 1 of sa, ask 2 of sc
			21s fit => serving, release 1 to sa, release 2 to sc, departure unfit cancelled
			22s grant 1 of a => serving, release 1 to sa`},
		{"fit again changes nothing once SIGTERM has come", `
			0s fit => serving
			0s peers sa sc => serving
			20s unfit => asking, ask 1 of sa, ask 2 of sc
			20s sigterm => asking
			21s fit => asking, release 1 to sa, release 2 to sc, departure termination refused
			21s why? => SIGTERM, has 0 of 1 promises; sc: no reply
			22s sigterm => asking, ask 3 of sa, ask 4 of sc`},
		{"aside, leaves at SIGTERM while its promises hold", `
			0s fit => serving
			0s peers sa sc => serving
			20s unfit => asking, ask 1 of sa, ask 2 of sc
			20s grant 1 of a => aside, departure unfit granted, release 2 to sc
			21s sigterm => leaving, departure termination granted, release 1 to sa`},
		{"aside, stays at SIGTERM if its promises end at that instant", `
			0s fit => serving
			0s peers sa => serving
			20s unfit => asking, ask 1 of sa
			20s grant 1 of a => aside, departure unfit granted
			35s sigterm => asking, ask 2 of sa`},
		{"aside, comes back when its promises end and nobody gives another", `
			0s fit => serving
			0s peers sa => serving
			20s unfit => asking, ask 1 of sa
			20s grant 1 of a => aside, departure unfit granted
			25.333334s tick => aside, renew by 2 1 of sa
			26.333334s tick => aside, departure unfit refused
			28s tick => aside, departure unfit refused
			29s tick => aside, renew by 3 1 of sa, departure unfit refused
			35s tick => asking, ask 4 of sa
			35s why? => a check fails, has 0 of 1 promises; sa: no reply`},
		{"back from aside, asks at once", `
			0s fit => serving
			0s peers sa => serving
			20s unfit => asking, ask 1 of sa
			20s grant 1 of a => aside, departure unfit granted
			34.9s tick => aside, renew by 2 1 of sa
			34.99s silence 2 => aside, departure unfit refused
			34.99s wake? => 35s
			35s tick => asking, ask 3 of sa`},
		{"aside and short of promises, wakes to ask again", `
			0s fit => serving
			0s peers sa => serving
			20s unfit => asking, ask 1 of sa
			20s grant 1 of a => aside, departure unfit granted
			26s tick => aside, renew by 2 1 of sa
			26s refusal 1 of a sent=2 => aside, departure unfit refused
			26s wake? => 26.5s`},
		{"aside, comes back at once when a reload asks for more peers", `
			0s fit => serving
			0s peers sa sc sd => serving
			20s unfit => asking, ask 1 of sa, ask 2 of sc
			20s grant 1 of a => aside, departure unfit granted, release 2 to sc
			21s reload min=2 => asking, release 1 to sa, ask 3 of sa, ask 4 of sc, ask 5 of sd`},
		{"aside, comes back at once when more peers are known", `
			0s fit => serving
			0s reload percent=50 => serving
			0s peers sa sc => serving
			20s unfit => asking, ask 1 of sa, ask 2 of sc
			20s grant 1 of a => aside, departure unfit granted, release 2 to sc
			21s peers sa sc sd => asking, release 1 to sa, ask 3 of sa, ask 4 of sc, ask 5 of sd`},
		{"time does not go back", `
			0s fit => serving
			20s request 1 of c => serving, grant 1 for 16s
			3s request 2 of a => serving, grant 2 for 16s
			35.999s tick => serving
			35s release 1 of c => serving
			35s wake? => 36s
			36s tick => serving
			36s wake? => never`},
		{"SIGTERM ends the pause between rounds", `
			0s fit => serving
			0s peers sa => serving
			20s unfit => asking, ask 1 of sa
			20s refusal 1 of a => asking, departure unfit refused
			20.1s sigterm => asking, ask 2 of sa`},
		{"fit again and unfit again ends the pause between rounds", `
			0s fit => serving
			0s peers sa => serving
			20s unfit => asking, ask 1 of sa
			20s refusal 1 of a => asking, departure unfit refused
			20.1s fit => serving, departure unfit cancelled
			20.1s unfit => asking, ask 2 of sa`},
	})
}
