package lab

// Place is the namespace, for a Prometheus.
func (ns Namespace) Place() Place { return Place{Start: ns.StartDaemon, Dial: ns.Dial} }
