package lab

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"syscall"
	"testing"
)

// ports are those of 127.0.0.1 that FreePort gives away, each to one test at a time: tests
// run side by side, and BIND shares a port with another BIND without a word. They are below
// those that Linux and BSD give to clients. A process takes them in blocks, which are locked
// until it ends.
var ports struct {
	sync.Mutex
	left   []int
	blocks []func()
}

const (
	firstPort  = 20000
	portBlocks = 24
	blockSize  = 500
)

// FreePort returns a port of 127.0.0.1 that is free for UDP and TCP, and the test's.
func FreePort(t testing.TB) string {
	t.Helper()
	port, err := takePort()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // the last to be given again
		ports.Lock()
		defer ports.Unlock()
		ports.left = append(ports.left, port)
	})
	return strconv.Itoa(port)
}

func takePort() (int, error) {
	ports.Lock()
	defer ports.Unlock()
	for {
		if len(ports.left) == 0 {
			block, unlock, err := tryLock("ports", portBlocks)
			if err != nil {
				return 0, err
			}
			if unlock == nil {
				return 0, errors.New("no port is free for both UDP and TCP")
			}
			ports.blocks = append(ports.blocks, unlock)
			for _, i := range rand.Perm(blockSize) {
				ports.left = append(ports.left, firstPort+block*blockSize+i)
			}
		}
		port := ports.left[0]
		if ports.left = ports.left[1:]; isFree(port) {
			return port, nil
		}
	}
}

// isFree leaves the port free. A program that another test starts meanwhile would hold a
// copy of the sockets until it has replaced this one.
func isFree(port int) bool {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return false
	}
	defer func() { _ = l.Close() }()
	p, err := net.ListenPacket("udp", addr)
	if err != nil {
		return false
	}
	_ = p.Close()
	return true
}
