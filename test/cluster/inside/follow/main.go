// follow tells the logs of a node's pods as they are written, each line as JSON. It needs no
// API server, and reads on in a file that the kubelet has deleted. It ends with its input.
package main

import (
	"context"
	"encoding/json"
	"io"
	"log"
	"os"

	"github.com/holdfastdns/holdfast/test/cluster/follow"
)

func main() {
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	out := json.NewEncoder(os.Stdout)
	if err := follow.Follow(ctx, os.Args[1], func(l follow.Line) error { return out.Encode(l) }); err != nil {
		log.Fatal(err)
	}
}
