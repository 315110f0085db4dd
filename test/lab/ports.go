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

// ports are those of 127.0.0.1 that FreePort gives away, each once: tests run side by side,
// and BIND shares a port with another BIND without a word. They are below those that Linux
// and BSD give to clients. A process takes them in blocks, which are locked until it ends.
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

// FreePort returns a port of 127.0.0.1 that is free for UDP and TCP.
func FreePort(t testing.TB) string {
	t.Helper()
	port, err := takePort()
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func takePort() (string, error) {
	ports.Lock()
	defer ports.Unlock()
	for {
		if len(ports.left) == 0 {
			block, unlock, err := tryLock("ports", portBlocks)
			if err != nil {
				return "", err
			}
			if unlock == nil {
				return "", errors.New("no port is free for both UDP and TCP")
			}
			ports.blocks = append(ports.blocks, unlock)
			for _, i := range rand.Perm(blockSize) {
				ports.left = append(ports.left, firstPort+block*blockSize+i)
			}
		}
		port := strconv.Itoa(ports.left[0])
		if ports.left = ports.left[1:]; isFree(port) {
			return port, nil
		}
	}
}

// isFree leaves the port free. A program that another test starts meanwhile would hold a
// copy of the sockets until it has replaced this one.
func isFree(port string) bool {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	l, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		return false
	}
	defer func() { _ = l.Close() }()
	p, err := net.ListenPacket("udp", "127.0.0.1:"+port)
	if err != nil {
		return false
	}
	_ = p.Close()
	return true
}
