package monitoring

import (
	"bytes"
	"fmt"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"

	"github.com/holdfastdns/holdfast/build/monitoring"
	"github.com/holdfastdns/holdfast/test/lab"
)

// picture is the one of the manual, which HOLDFAST_PICTURE=1 makes anew.
const picture = "build/monitoring/picture/dashboard.png"

// shown are the panels in the picture, from left to right.
var shown = []string{
	"Age, as a share of max_age", "Zones by status", "Answers marked or held back",
	"Unfit servers, by check", "How many may leave, and must stay", "Tries to leave",
	"Answers by rcode", "Time to answer", "Questions to upstreams",
}

const columns = 3

// drawPanels draws what the panels show of all that has happened. No Grafana is to be had here: so
// these are its panels' expressions and legends, and not its picture.
func drawPanels(t *testing.T, w *lab.Watch) {
	t.Helper()
	panels := make(map[string]monitoring.Panel)
	rows, err := monitoring.Dashboard()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		for _, p := range r.Panels {
			panels[p.Title] = p
		}
	}
	const rowsOfPanels = 3
	grid := make([][]*plot.Plot, rowsOfPanels)
	for i, title := range shown {
		p, ok := panels[title]
		if !ok {
			t.Fatalf("the dashboard has no panel %q", title)
		}
		grid[i/columns] = append(grid[i/columns], graph(t, w, p))
	}
	canvas := vgimg.NewWith(vgimg.UseWH(36*vg.Centimeter, 24*vg.Centimeter), vgimg.UseDPI(84))
	tiles := draw.Tiles{Rows: rowsOfPanels, Cols: columns, PadX: vg.Millimeter * 4, PadY: vg.Millimeter * 4, PadTop: vg.Millimeter * 2, PadRight: vg.Millimeter * 2}
	for y, canvases := range plot.Align(grid, tiles, draw.New(canvas)) {
		for x, c := range canvases {
			grid[y][x].Draw(c)
		}
	}
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, canvas.Image()); err != nil {
		t.Fatal(err)
	}
	if out.Len() > 200_000 || out.Len() < 10_000 {
		t.Errorf("the picture has %d octets", out.Len())
	}
	keep(t, out.Bytes())
}

// keep writes the picture where CI keeps it, and into the manual if that is asked for.
func keep(t *testing.T, image []byte) {
	t.Helper()
	var files []string
	if dir := os.Getenv("HOLDFAST_PICTURES"); dir != "" {
		files = append(files, filepath.Join(dir, "dashboard.png"))
	}
	if os.Getenv("HOLDFAST_PICTURE") != "" {
		files = append(files, filepath.Join(lab.Root, picture))
	}
	for _, file := range files {
		if err := os.WriteFile(file, image, 0o644); err != nil { // #nosec G306 -- for everybody
			t.Fatal(err)
		}
	}
}

// graph is one panel: its series over the seconds since the first phase began, and a line where
// each phase begins.
func graph(t *testing.T, w *lab.Watch, panel monitoring.Panel) *plot.Plot {
	t.Helper()
	p := plot.New()
	p.Title.Text = panel.Title + units[panel.Unit]
	p.Title.TextStyle.Font.Size, p.Legend.TextStyle.Font.Size = vg.Points(11), vg.Points(7)
	p.X.Tick.Label.Font.Size, p.Y.Tick.Label.Font.Size = font.Length(8), font.Length(8)
	p.Legend.Top, p.Legend.Left = true, true
	p.Y.Min = 0
	end, lines := time.Now(), 0
	for _, s := range panel.Show {
		for _, series := range w.QueryRange(t, chosen(s.Expr), w.Begin(), end, time.Second) {
			var points plotter.XYs
			for _, sample := range series.Samples {
				if !math.IsNaN(sample.Value) && !math.IsInf(sample.Value, 0) {
					points = append(points, plotter.XY{X: sample.At.Sub(w.Begin()).Seconds(), Y: sample.Value})
				}
			}
			if len(points) == 0 {
				continue
			}
			line, err := plotter.NewLine(points)
			if err != nil {
				t.Fatal(err)
			}
			line.Color, line.Width = plotutil.Color(lines), vg.Points(1.2)
			lines++
			p.Add(line)
			p.Legend.Add(legend(s.Legend, series.Labels), line)
		}
	}
	for _, at := range w.Begins() {
		x := at.Sub(w.Begin()).Seconds()
		line, err := plotter.NewLine(plotter.XYs{{X: x, Y: 0}, {X: x, Y: p.Y.Max}})
		if err != nil {
			t.Fatal(err)
		}
		line.Color, line.Dashes = color.Gray{Y: 190}, []vg.Length{vg.Points(2), vg.Points(2)}
		p.Add(line)
	}
	p.Y.Max *= 1.5 // the legend is above the lines
	return p
}

var units = map[string]string{"s": " (s)", "reqps": " (a second)", "percentunit": " (1 is all)"}

// legend fills in what a legend says of a series. Servers are called as a person would.
func legend(text string, labels map[string]string) string {
	for name, value := range labels {
		text = strings.ReplaceAll(text, "{{"+name+"}}", value)
	}
	text = regexp.MustCompile(`127\.0\.0\.(\d):\d+`).ReplaceAllString(text, "ns$1")
	return strings.TrimSpace(fmt.Sprintf("%.46s", text))
}
