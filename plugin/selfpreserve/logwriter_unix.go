//go:build unix

package selfpreserve

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// writableTo waits until a file takes something without blocking. One whose reader has gone
// never does: to write to it would end the process by SIGPIPE.
func writableTo(file *os.File) func(wait time.Duration) bool {
	fd := int32(file.Fd()) // #nosec G115 -- a descriptor
	return func(wait time.Duration) bool {
		fds := []unix.PollFd{{Fd: fd, Events: unix.POLLOUT}}
		for {
			_, err := unix.Poll(fds, int(wait.Milliseconds()))
			if err != unix.EINTR {
				return err == nil && fds[0].Revents == unix.POLLOUT
			}
		}
	}
}
