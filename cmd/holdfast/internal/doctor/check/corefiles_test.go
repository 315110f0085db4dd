package check_test

var _ = add("unknown-plugin",
	example{name: "all are there"},
	example{name: "one is not", change: []string{"    cache 30 {", "    stalechek cluster.local {\n        max_age 60s\n    }\n    cache 30 {"}, finds: `Corefile:16: there is no plugin "stalechek"`},
	example{name: "stock", change: stock("on startup true\n errors", "path: /ready, port: ready", "path: /health, port: health"), also: "readiness-probe"},
	example{name: "no Corefile", noCorefile: true},
)
