// nodecache stands for Kubernetes' node-cache, as far as the example uses it: it makes an
// interface with the addresses of -localip, a minute later the rules by which packets to
// them pass by kube-proxy, and takes both away at SIGTERM. The original makes a dummy
// interface; this one makes a bridge without ports, which every kernel with containers has.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

const device = "nodelocaldns"

func main() {
	local := flag.String("localip", "", "addresses, separated by commas")
	_ = flag.String("conf", "", "of the server of the original")
	_ = flag.String("upstreamsvc", "", "of the original")
	flag.Parse()
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)

	ips := strings.Split(*local, ",")
	away(ips) // what one that was killed has left
	must("/usr/sbin/ip", "link", "add", device, "type", "bridge")
	for _, ip := range ips {
		must("/usr/sbin/ip", "addr", "add", ip+"/32", "dev", device)
	}
	must("/usr/sbin/ip", "link", "set", device, "up")
	const interval = time.Minute
	later := time.NewTimer(interval)
	for {
		select {
		case <-later.C:
			for _, r := range rules(ips) {
				must("/usr/sbin/iptables", append([]string{"-w", "-t", r[0], "-I", r[1]}, r[2:]...)...)
			}
			log.Print("rules are there")
		case <-stop:
			away(ips)
			return
		}
	}
}

func away(ips []string) {
	for _, r := range rules(ips) {
		_ = exec.Command("/usr/sbin/iptables", append([]string{"-w", "-t", r[0], "-D", r[1]}, r[2:]...)...).Run()
	}
	_ = exec.Command("/usr/sbin/ip", "link", "del", device).Run()
}

// rules are those of the original: untracked, and accepted.
func rules(ips []string) [][]string {
	var all [][]string
	for _, ip := range ips {
		for _, proto := range []string{"udp", "tcp"} {
			to := func(port string) []string { return []string{"-p", proto, "-d", ip, "--dport", port, "-j"} }
			from := func(port string) []string { return []string{"-p", proto, "-s", ip, "--sport", port, "-j"} }
			all = append(all,
				append(append([]string{"raw", "PREROUTING"}, to("53")...), "NOTRACK"),
				append(append([]string{"raw", "OUTPUT"}, to("53")...), "NOTRACK"),
				append(append([]string{"raw", "OUTPUT"}, from("53")...), "NOTRACK"),
				append(append([]string{"filter", "INPUT"}, to("53")...), "ACCEPT"),
				append(append([]string{"filter", "OUTPUT"}, from("53")...), "ACCEPT"),
				append(append([]string{"raw", "OUTPUT"}, to("8080")...), "NOTRACK"),
				append(append([]string{"raw", "OUTPUT"}, from("8080")...), "NOTRACK"))
		}
	}
	return all
}

func must(program string, args ...string) {
	if out, err := exec.Command(program, args...).CombinedOutput(); err != nil {
		log.Fatal(fmt.Errorf("%s %v: %w: %s", program, args, err, out))
	}
}
