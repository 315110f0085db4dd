package selfpreserve

// atOnceWritten is PIPE_BUF of Linux: a pipe that is writable takes as many octets at once.
const atOnceWritten = 4096
