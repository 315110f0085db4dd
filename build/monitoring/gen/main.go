// Command gen writes what is made of rules.yaml and dashboard.yaml: the PrometheusRule and
// Grafana's JSON. With -quicker N it prints the rules instead, with all that passes in them
// divided by N, to rehearse with.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/holdfastdns/holdfast/build/monitoring"
)

func main() {
	quicker := flag.Int("quicker", 0, "print the rules with periods divided by `N`, and write nothing")
	flag.Parse()
	if err := run(*quicker); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// run writes into the folder that it is run in, or prints.
func run(quicker int) error {
	if quicker != 0 {
		rules, err := monitoring.Quicker(monitoring.Rules, quicker)
		fmt.Print(rules)
		return err
	}
	dashboard, err := monitoring.DashboardJSON()
	if err != nil {
		return err
	}
	if err := os.WriteFile("prometheusrule.yaml", []byte(monitoring.PrometheusRule(monitoring.Rules)), 0o644); err != nil { // #nosec G306 -- of the repository
		return err
	}
	return os.WriteFile("dashboard.json", dashboard, 0o644) // #nosec G306 -- of the repository
}
