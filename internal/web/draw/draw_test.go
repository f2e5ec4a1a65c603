package draw_test

import (
	"encoding/xml"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/throughline-pm/throughline/internal/web/draw"
)

func render(t *testing.T, d *draw.Drawing) string {
	t.Helper()
	var b strings.Builder
	if err := d.Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	dec := xml.NewDecoder(strings.NewReader(b.String()))
	for {
		tok, err := dec.Token()
		if tok == nil {
			break
		}
		if err != nil {
			t.Fatalf("%v in %s", err, b.String())
		}
		if e, ok := tok.(xml.StartElement); ok && slices.ContainsFunc(e.Attr, func(a xml.Attr) bool { return a.Name.Local == "style" || strings.HasPrefix(a.Name.Local, "on") }) {
			t.Errorf("%s has an attribute that the policy of pages refuses", e.Name.Local)
		}
	}
	return b.String()
}

func TestADrawingIsAPictureWithASentence(t *testing.T) {
	d := &draw.Drawing{Width: 100, Height: 50.04, Says: `Effort "falls" & stays`, Class: "burn", ID: "c1"}
	d.Add(
		draw.Rect{X: 1, Y: 2, Width: 3, Height: -4, Round: 2, Class: "bar"},
		draw.Through(draw.Point{X: 0, Y: 0}, draw.Point{X: 1.26, Y: math.NaN()}).In("l"),
		draw.Group{Class: "g", Shapes: []draw.Shape{draw.Text{X: 5, Y: 6, Text: "<b>", At: draw.End, Turn: -90, Class: "t"}}},
	)
	got := render(t, d)
	want := `<svg class="chart burn" id="c1" width="100" height="50" viewBox="0 0 100 50" role="img" aria-label="Effort &#34;falls&#34; &amp; stays">` +
		`<rect class="bar" x="1" y="2" width="3" height="0" rx="2"/><path class="l" d="M0 0L1.3 0"/>` +
		`<g class="g"><text class="t" x="5" y="6" text-anchor="end" transform="rotate(-90 5 6)">&lt;b&gt;</text></g></svg>`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestADrawingWithLinksIsAGroup(t *testing.T) {
	d := &draw.Drawing{Width: 10, Height: 10, Says: "One"}
	d.Add(draw.Group{Shapes: []draw.Shape{draw.Link{Href: "/w/x?a=1&b=2", Says: "FB-1 A & B", Shapes: []draw.Shape{draw.Disc(5, 5, 2).In("dot")}}}})
	got := render(t, d)
	for _, want := range []string{`role="group"`, `<a href="/w/x?a=1&amp;b=2"><title>FB-1 A &amp; B</title><g aria-hidden="true"><path`, `d="M3 5a2 2 0 1 1 4 0a2 2 0 1 1 -4 0z"`} {
		if !strings.Contains(got, want) {
			t.Errorf("%s lacks %s", got, want)
		}
	}
}

func TestLines(t *testing.T) {
	p := func(x, y float64) draw.Point { return draw.Point{X: x, Y: y} }
	for want, shape := range map[string]draw.Shape{
		"M0 1L2 3":          draw.Line(0, 1, 2, 3),
		"M0 1H2V3H4V0":      draw.Steps(p(0, 1), p(2, 3), p(4, 0)),
		"M0 1L2 3L2 5L0 4z": draw.Band([]draw.Point{p(0, 1), p(2, 3)}, []draw.Point{p(0, 4), p(2, 5)}),
	} {
		d := &draw.Drawing{}
		d.Add(shape)
		if got := render(t, d); !strings.Contains(got, `d="`+want+`"`) {
			t.Errorf("%s lacks %s", got, want)
		}
	}
	d := &draw.Drawing{}
	d.Add(draw.Through(), draw.Band(nil, nil))
	if got := render(t, d); strings.Contains(got, "path") {
		t.Errorf("a line through nothing is drawn: %s", got)
	}
}

func TestScalesFitTheirValues(t *testing.T) {
	for _, c := range []struct {
		values []float64
		log    bool
		ticks  []float64
	}{
		{nil, false, []float64{0, .2, .4, .6, .8, 1}},
		{[]float64{0}, false, []float64{-1, -.5, 0, .5, 1}},
		{[]float64{3, 17}, false, []float64{0, 5, 10, 15, 20}},
		{[]float64{-4, 6}, false, []float64{-4, -2, 0, 2, 4, 6}},
		{[]float64{80, 100}, false, []float64{0, 20, 40, 60, 80, 100}},
		{[]float64{1, 100}, true, []float64{1, 2, 5, 10, 20, 50, 100}},
		{[]float64{3, 250_000}, true, []float64{10, 100, 1000, 10_000, 100_000}},
		{[]float64{0, 250_000}, false, []float64{0, 50_000, 100_000, 150_000, 200_000, 250_000}},
	} {
		s := draw.Fit(c.values, 0, 100)
		got := s.Ticks(5)
		if s.Logarithmic() != c.log || !slices.EqualFunc(got, c.ticks, func(a, b float64) bool { return math.Abs(a-b) < 1e-6*max(1, math.Abs(b)) }) {
			t.Errorf("%v: ticks %v, by ratios %v; want %v, %v", c.values, got, s.Logarithmic(), c.ticks, c.log)
		}
		last := -1.0
		for _, v := range slices.Sorted(slices.Values(c.values)) {
			at := s.At(v)
			if at < 0 || at > 100 || at < last {
				t.Errorf("%v: %v stands at %v", c.values, v, at)
			}
			last = at
		}
	}
}

func TestScalesPlaceValues(t *testing.T) {
	for _, c := range []struct {
		s       draw.Scale
		v, want float64
	}{
		{draw.Linear(0, 10, 100, 200), 5, 150},
		{draw.Linear(10, 0, 200, 100), 0, 200},
		{draw.Linear(0, 10, 0, 100), 99, 100},
		{draw.Linear(7, 7, 0, 100), 7, 50},
		{draw.Log(1, 100, 0, 100), 10, 50},
		{draw.Log(5, 5, 0, 100), 5, 50},
	} {
		if got := c.s.At(c.v); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%v: %v stands at %v, want %v", c.s, c.v, got, c.want)
		}
	}
}

func TestLabelsOfAxes(t *testing.T) {
	for n, want := range map[float64]string{
		0: "0", .5: "0.5", .25: "0.25", .0005: "0.0005", 3: "3", 2.5: "2.5", 12: "12", 1500: "1,500", 40_000: "40k", 1_200_000: "1.2M", -20: "−20", 100: "100", 999_900: "1M",
	} {
		if got := draw.Label(n); got != want {
			t.Errorf("%v is %q, want %q", n, got, want)
		}
	}
}

func TestLabelsFindRoom(t *testing.T) {
	l := draw.NewLayout(0, 0, 200, 100)
	l.Mark(100, 50, 5)
	first, ok := l.Label(100, 50, 5, "Alpha")
	if !ok || first.At != draw.Start || first.X <= 100 {
		t.Fatalf("the first stands %+v, %v", first, ok)
	}
	second, ok := l.Label(100, 50, 5, "Beta")
	if !ok || second.At != draw.End {
		t.Fatalf("the second stands %+v, %v", second, ok)
	}
	edge, ok := l.Label(195, 20, 5, "At the edge")
	if !ok || edge.At != draw.End {
		t.Errorf("at the right edge it stands %+v, %v", edge, ok)
	}
	for range 4 {
		_, ok = l.Label(100, 50, 5, "Gamma")
	}
	if ok {
		t.Error("six labels found room beside one mark")
	}
	if _, ok := l.Label(100, 80, 5, strings.Repeat("x", 60)); ok {
		t.Error("a label that is wider than the drawing found room")
	}
}

func TestTextsAreCut(t *testing.T) {
	if got := draw.Cut("Conflict-free sync", draw.Width("Conflict-f")); got != "Conflict-…" {
		t.Errorf("got %q", got)
	}
	if got := draw.Cut("Über", 1000); got != "Über" {
		t.Errorf("got %q", got)
	}
	if got := draw.Cut("Conflict", 6); got != "" {
		t.Errorf("got %q", got)
	}
}
