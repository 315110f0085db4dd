package page

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	shown "github.com/holdfastdns/holdfast/plugin/selfpreserve/page"
)

// The picture that the README shows, and of which page it is.
const (
	picture = "../../plugin/selfpreserve/page/picture/hold.png"
	pageOf  = "../../plugin/selfpreserve/page/picture/page.sha256"
)

// With HOLDFAST_PICTURE=1 this makes the picture anew. That it is still one of this page, and has
// not been changed, is a test of the page's package.
func TestThePictureIsMade(t *testing.T) {
	if os.Getenv("HOLDFAST_PICTURE") == "" {
		return // nothing is to be made, and nothing is left out
	}
	tab := open(t, browser(t), serve(t, held()), look{width: 1000, height: 560})
	taken, err := chromedp.Run(tab, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	full, err := png.Decode(bytes.NewReader(taken))
	if err != nil {
		t.Fatal(err)
	}
	var small bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&small, reduced(full)); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d octets", small.Len())
	sums := fmt.Sprintf("%s  page\n%x  hold.png\n%s\n", shown.Sum(), sha256.Sum256(small.Bytes()), sumOfHeld(t))
	for file, text := range map[string][]byte{picture: small.Bytes(), pageOf: []byte(sums)} {
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// sumOfHeld is the line by which the picture is known to be of this server.
func sumOfHeld(t *testing.T) string {
	t.Helper()
	status, err := json.Marshal(held())
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x  the server", sha256.Sum256(status))
}

func TestThePictureIsOfThisServer(t *testing.T) {
	kept, err := os.ReadFile(pageOf)
	if err != nil {
		t.Fatal(err)
	}
	if want := sumOfHeld(t); !strings.Contains(string(kept), want+"\n") {
		t.Errorf("the server has changed since its picture was taken, there is no line\n%s\nHOLDFAST_PICTURE=1 go -C test/page test -run Picture . makes it anew; look at it", want)
	}
}

// reduced has the 128 colours that a picture has most of.
func reduced(full image.Image) *image.Paletted {
	counts := make(map[color.RGBA]int)
	bounds := full.Bounds()
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			counts[color.RGBAModel.Convert(full.At(x, y)).(color.RGBA)]++
		}
	}
	var palette color.Palette
	most := slices.SortedFunc(maps.Keys(counts), func(a, b color.RGBA) int { return cmp.Compare(counts[b], counts[a]) })
	for _, c := range most[:min(len(most), 128)] {
		palette = append(palette, c)
	}
	small := image.NewPaletted(bounds, palette)
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			small.Set(x, y, full.At(x, y))
		}
	}
	return small
}
