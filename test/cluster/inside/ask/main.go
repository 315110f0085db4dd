// ask is one audience: it says when it has the first answer, asks until its standard input
// ends, as it does when whoever started it has died, and prints what came of it as JSON.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"time"

	"github.com/holdfastdns/holdfast/test/cluster/audience"
)

func main() {
	var a audience.Audience
	names := flag.String("names", "kubernetes.default.svc.cluster.local.,example.com.", "what is asked for, in turn")
	flag.StringVar(&a.Server, "server", "10.96.0.10:53", "who is asked")
	flag.IntVar(&a.Rate, "rate", 100, "questions a second")
	flag.IntVar(&a.Ports, "ports", 0, "source ports that are used again and again; 0: a new one for each question")
	flag.DurationVar(&a.Patience, "patience", 2*time.Second, "an answer that is later is none")
	flag.Parse()
	a.Names = strings.Split(*names, ",")

	ctx, stop := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	count, err := a.Ask(ctx, func() { fmt.Println("answered") })
	if err != nil {
		log.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(count); err != nil {
		log.Fatal(err)
	}
}
