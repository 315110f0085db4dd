package selfpreserve

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire/schematest"
)

// What a peer says of itself is seen by others, also when it has fallen silent, and by its
// own word since when.
func TestStatusTellsWhatAPeerHasLastSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 3, near(1))
		sick, onlooker := f.nodes[1], f.nodes[0]
		sick.fails("SERVFAIL")
		time.Sleep(8 * time.Second)
		since := sick.status(time.Now()).Since
		f.kill(sick)
		time.Sleep(time.Minute)
		it := onlooker.status(time.Now()).Peers[0]
		if it.State != "unreachable" || it.Name != hostName() || it.Says == nil || it.Says.State != promise.Aside || it.Says.Since == nil ||
			!it.Says.Since.Equal(since) || !strings.HasPrefix(it.Says.Reason, "canary test. A: SERVFAIL") || time.Since(*it.LastSeen) < 55*time.Second {
			t.Errorf("%+v, which says %+v; want aside since %s", it, it.Says, since)
		}
	})
}

// An older server says neither since when nor why, and answers all the same.
func TestAPeerOfBeforeSaysLess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 3, near(1))
		m := f.nodes[0]
		old := &olderPeer{peerClient: m.client}
		m.mu.Lock()
		m.client = old
		m.mu.Unlock()
		time.Sleep(3 * time.Second)
		text := m.statusText()
		schematest.Status(t, text)
		it := m.status(time.Now())
		if p := it.Peers[0]; p.State != "serving" || p.Holdfast != "" || p.Says.Since != nil {
			t.Errorf("%+v %+v", p, p.Says)
		}
		if it.MayLeave != 1 { // this one, on the promise of an older; whether those are bound nobody knows
			t.Errorf("%d may leave", it.MayLeave)
		}
	})
}

// olderPeer takes from what peers say what the first version did not have.
type olderPeer struct{ peerClient }

func (o *olderPeer) hello(ctx context.Context, address string, me wire.Hello) (wire.Hello, error) {
	it, err := o.peerClient.hello(ctx, address, me)
	it.Standing = nil
	return it, err
}

func TestWhatAPeerSaysOfItsStandingIsBounded(t *testing.T) {
	for standing, want := range map[string]string{
		`{"reason":"` + strings.Repeat("x", 257) + `"}`: "want at most 256 octets of text",
		`{"reason":"a\nb"}`:                             "want at most 256 octets of text",
		`{"reason":"\u202e"}`:                           "want at most 256 octets of text",
		`{"holdfast":"\u001b[2J"}`:                      "want at most 256 octets of text",
		`{"for_ms":-1}`:                                 "for_ms -1: want 0 to",
		`{"for_ms":9223372036854775807}`:                "for_ms 9223372036854775807: want 0 to",
		`{"load_qps":-1}`:                               "want 0 to 1000000000",
		`{"spare_qps":-1}`:                              "want 0 to 1000000000",
		`{"spare_qps":1000000001}`:                      "want 0 to 1000000000",
		`7`:                                             "cannot unmarshal",
	} {
		address, c := serving(t, saying(200, `{"id":"a","state":"serving","standing":`+standing+`}`))
		if _, err := c.hello(t.Context(), address, wire.Hello{ID: "id-me"}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: %v, want %s", standing, err, want)
		}
	}
}

// Whatever this server says of itself is taken by a peer.
func TestALongReasonIsCutToWhatAPeerTakes(t *testing.T) {
	s := newStill(t)
	s.step(promise.Fitness{Why: strings.Repeat("canary é.test. A: SERVFAIL\x00\n", 40)})
	me := s.me()
	if err := me.Validate(); err != nil || len(me.Standing.Reason) < wire.MaxText-1 || !strings.HasPrefix(me.Standing.Reason, "canary é.test. A: SERVFAIL  canary") {
		t.Errorf("%q, %v", me.Standing.Reason, err)
	}
}

func TestAPeerThatLeftIsShownAsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 3, near(1))
		<-f.terminate(f.nodes[1])
		time.Sleep(time.Minute)
		it := f.nodes[0].status(time.Now()).Peers[0]
		if it.State != "left" || it.Says == nil || it.Says.State != promise.Leaving || it.Name != hostName() {
			t.Errorf("%+v, which says %+v", it, it.Says)
		}
		schematest.Status(t, f.nodes[0].statusText())
		history := strings.Join(f.nodes[0].whatChanged(), "\n")
		if !strings.Contains(history, "peer 10.0.0.2:8182 ("+hostName()+") left") || strings.Contains(history, "unreachable") {
			t.Error(history)
		}
	})
}
