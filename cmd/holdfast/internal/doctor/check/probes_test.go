package check_test

// stock is a Corefile without Holdfast, whose readiness is at ready.
func stock(plugins string, change ...string) []string {
	return append([]string{goodCorefile, ".:53 {\n health {\n  lameduck 10s\n }\n " + plugins + "\n forward . 192.0.2.1\n}\n"}, change...)
}

var _ = add("readiness-probe",
	example{name: "of selfpreserve"},
	example{name: "by number", change: []string{"path: /ready, port: ready", "path: /ready, port: 8182"}},
	example{name: "of ready", change: []string{"path: /ready, port: ready", "path: /ready, port: 8181"}, finds: "asks the ready plugin on port 8181, where each server judges alone: want /ready of selfpreserve on port 8182"},
	example{name: "of another path", change: []string{"path: /ready, port: ready", "path: /status, port: ready"}, finds: `asks selfpreserve for "/status"`},
	example{name: "of a port where nothing is", change: []string{"path: /ready, port: ready", "path: /ready, port: 8183"}, finds: "asks port 8183"},
	example{name: "where selfpreserve is moved", change: []string{"selfpreserve :8182", "selfpreserve :8190"}, finds: "asks port 8182, where nothing in the Corefile tells whether the server is ready: want selfpreserve's port, 8190"},
	example{name: "by HTTP where tls is", change: []string{"min_peers 2", "min_peers 2\n tls cert.pem key.pem ca.pem"}, finds: "want scheme HTTPS"},
	example{name: "by HTTPS where tls is", change: []string{"min_peers 2", "min_peers 2\n tls cert.pem key.pem ca.pem", "path: /ready, port: ready", "path: /ready, port: ready, scheme: HTTPS"}},
	example{name: "by HTTPS where no tls is", change: []string{"path: /ready, port: ready", "path: /ready, port: ready, scheme: HTTPS"}, finds: "selfpreserve has no tls"},
	example{name: "of health", change: []string{"path: /ready, port: ready", "path: /health, port: health"}, finds: "always returns 200"},
	example{name: "of health, of a Corefile that is not known", noCorefile: true, change: []string{"path: /ready, port: ready", "path: /health, port: health"}, finds: "always returns 200"},
	example{name: "of readiness, of a Corefile that is not known", noCorefile: true},
	example{name: "of health at another path", change: []string{"path: /ready, port: ready", "path: /ready, port: health"}, finds: "always returns 200"},
	example{name: "none", change: []string{"        readinessProbe:\n          httpGet: {path: /ready, port: ready}\n          periodSeconds: 2\n          failureThreshold: 2\n", ""}, finds: "there is none"},
	example{name: "of a socket", change: []string{"httpGet: {path: /ready, port: ready}", "tcpSocket: {port: 53}"}, finds: "only checks that a port is open"},
	example{name: "of a program", change: []string{"httpGet: {path: /ready, port: ready}", "exec: {command: [/probe]}"}},
	example{name: "of ready, stock", change: stock("ready", "path: /ready, port: ready", "path: /ready, port: 8181")},
	example{name: "of ready where it is moved, stock", change: stock("ready :8190", "path: /ready, port: ready", "path: /ready, port: 8190")},
	example{name: "of ready that is not there, stock", change: stock("errors", "path: /ready, port: ready", "path: /ready, port: 8181"), finds: "want ready in the Corefile"},
)

var _ = add("liveness-probe",
	example{name: "of health"},
	example{name: "of readiness", change: []string{"path: /health, port: health", "path: /ready, port: 8182"}, finds: "restarts them all"},
	example{name: "of readiness, of a Corefile that is not known", noCorefile: true, change: []string{"path: /health, port: health", "path: /ready, port: health"}, finds: "restarts them all"},
	example{name: "of ready at another path", change: []string{"path: /health, port: health", "path: /, port: 8181"}, finds: "restarts them all"},
	example{name: "of health that is elsewhere", change: []string{"    health {", "    health :8090 {"}, finds: "asks port 8080, where the Corefile has no health"},
	example{name: "none", change: []string{"        livenessProbe:\n          httpGet: {path: /health, port: health}\n", ""}},
)
