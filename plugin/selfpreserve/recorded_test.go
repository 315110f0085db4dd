package selfpreserve

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire"
)

// recorded is a request of one process and the reply of another.
type recorded struct {
	request *http.Request
	asks    []byte
	reply   *http.Response
	says    []byte
}

// transcript reads what was recorded between two versions.
func transcript(t *testing.T, file string) (all []recorded) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for exchange := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n\n") {
		var sides [2]strings.Builder // > and <
		for line := range strings.Lines(exchange) {
			if i := strings.IndexByte("><", line[0]); i >= 0 {
				_, after, _ := strings.Cut(strings.TrimSuffix(line, "\n"), string(line[0]))
				sides[i].WriteString(strings.TrimPrefix(after, " ") + "\r\n")
			}
		}
		if sides[0].Len() == 0 {
			continue // what the file is
		}
		var r recorded
		message := func(side int) (*bufio.Reader, []byte) {
			head, body, _ := strings.Cut(sides[side].String(), "\r\n\r\n")
			return bufio.NewReader(strings.NewReader(head + "\r\n\r\n")), []byte(strings.TrimSpace(body))
		}
		var head *bufio.Reader
		head, r.asks = message(0)
		if r.request, err = http.ReadRequest(head); err != nil {
			t.Fatalf("%v in\n%s", err, exchange)
		}
		head, r.says = message(1)
		if r.reply, err = http.ReadResponse(head, r.request); err != nil {
			t.Fatalf("%v in\n%s", err, exchange)
		}
		_ = r.reply.Body.Close()
		all = append(all, r)
	}
	return all
}

func (r recorded) String() string {
	return fmt.Sprintf("%s %s %s %s", r.request.Method, r.request.URL, r.request.Header.Get(wire.HeaderState), r.asks)
}

// fields are those of a JSON object, each as JSON.
func fields(t *testing.T, object []byte) map[string]string {
	t.Helper()
	if len(object) == 0 {
		return nil
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(object, &raw); err != nil {
		t.Fatalf("%v in %s", err, object)
	}
	all := make(map[string]string)
	for name, value := range raw {
		all[name] = string(value)
	}
	return all
}
