//go:build !linux

package selfpreserve

// atOnceWritten is the least that PIPE_BUF may be by POSIX, and what it is on macOS and the BSDs:
// a pipe that is writable takes as many octets at once (POSIX.1-2024, write).
const atOnceWritten = 512
