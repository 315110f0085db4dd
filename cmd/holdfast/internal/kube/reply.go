package kube

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"

	"k8s.io/klog/v2"
)

// maxBody bounds what is read of a reply: client-go takes all that comes.
const maxBody = 64 << 20

var (
	errLong = fmt.Errorf("the API server's reply is longer than %d MiB", maxBody>>20)
	errSlow = errors.New("no answer in time from the API server")
)

// quiet keeps client-go from writing to stderr what its errors say too.
var quiet = sync.OnceFunc(func() { klog.SetLogger(klog.Logger{}) })

// inShort is what went wrong, where client-go says it at length.
func inShort(err error) error {
	if errors.Is(err, errLong) {
		return errLong
	}
	if of, ok := errors.AsType[net.Error](err); ok && of.Timeout() || errors.Is(err, context.DeadlineExceeded) {
		return errSlow
	}
	return err
}

// bounded is a transport whose replies end with errLong beyond maxBody.
type bounded struct{ http.RoundTripper }

func (b bounded) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := b.RoundTripper.RoundTrip(request)
	if err == nil {
		response.Body = &boundedBody{response.Body, maxBody}
	}
	return response, err
}

type boundedBody struct {
	io.ReadCloser
	left int
}

func (b *boundedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left+1)])
	if n > b.left {
		return b.left, errLong
	}
	b.left -= n
	return n, err
}
