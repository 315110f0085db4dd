package check_test

var _ = add("unknown-plugin",
	example{name: "all are there"},
	example{name: "one is not", change: []string{"    cache 30 {", "    stalechek cluster.local {\n        max_age 60s\n    }\n    cache 30 {"}, finds: `Corefile:16: unknown plugin "stalechek"`},
	example{name: "stock", change: stock("on startup true\n errors", "path: /ready, port: ready", "path: /health, port: health"), also: "readiness-probe"},
	example{name: "no Corefile", noCorefile: true},
)

// with adds a line to the good Corefile.
func with(line string) []string {
	return []string{"    cache 30 {", "    " + line + "\n    cache 30 {"}
}

var _ = add("zone-word",
	example{name: "a zone that another plugin has"},
	example{name: "a word", change: with("ttlfloor never"), finds: `Corefile:16: ttlfloor takes "never" as the name of a zone, but nothing else in the server block has that zone: if it is one, write "never."`},
	example{name: "a word behind the floor", change: with("ttlfloor 5s cluster.local tall"), finds: `takes "tall"`},
	example{name: "a word of stalecheck", change: []string{"stalecheck cluster.local {", "stalecheck cluster.local warn {"}, finds: `Corefile:12: stalecheck takes "warn"`},
	example{name: "a word that is meant", change: with("ttlfloor never.")},
	example{name: "names with dots, and networks", change: with("ttlfloor 5 example.net 10.0.0.0/8 2001:db8::/32")},
	example{name: "a word that another plugin has", change: with("ttlfloor consul\n    hosts /etc/hosts Consul")},
	example{name: "a word that the block has", change: []string{".:53 {", "lan:53 .:53 {", "    cache 30 {", "    ttlfloor LAN\n    cache 30 {"}},
	example{name: "a floor alone", change: with("ttlfloor 5")},
)
