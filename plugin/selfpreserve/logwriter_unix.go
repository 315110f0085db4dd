//go:build unix

package selfpreserve

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// writableTo waits until a file takes something without blocking. One whose reader has gone
// never does: to write to it would end the process by SIGPIPE. What cannot be polled, as a
// terminal on macOS (BUGS of its poll(2)), is written to as without this: it may block.
func writableTo(file *os.File) func(wait time.Duration) bool {
	fd := int32(file.Fd()) // #nosec G115 -- a descriptor
	return func(wait time.Duration) bool {
		fds := []unix.PollFd{{Fd: fd, Events: unix.POLLOUT}}
		for until := time.Now().Add(wait); ; wait = max(0, time.Until(until)) {
			_, err := unix.Poll(fds, int(wait.Milliseconds()))
			if err != unix.EINTR {
				return err == nil && (fds[0].Revents == unix.POLLOUT || fds[0].Revents&unix.POLLNVAL != 0)
			}
		}
	}
}
