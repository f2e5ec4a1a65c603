package pages

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/strategy"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web/draw"
	"github.com/throughline-pm/throughline/internal/web/tableweb"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// The limits of a matrix: more marks than drawn cannot be told apart.
const (
	matrixReads = 10_000 // features of the list that are looked at
	matrixDraws = 200
)

// matrix is the features of a list between two of their numbers.
type matrix struct {
	*tableweb.Sheet
	x, y    backlog.Number
	numbers []backlog.Number
	points  []point // in the order of the list
	midX    float64 // half of the points are below it
	midY    float64
	without int // features that lack one of the numbers
	unread  int // features of the list beyond those that are looked at
}

// point is one feature.
type point struct {
	row       table.Row
	x, y      float64
	xIs, yIs  string
	objective table.Target
	quadrant  int // 0 upper left, 1 upper right, 2 lower left, 3 lower right
}

// featureMatrix shows a list as a matrix: value against effort unless the address says
// otherwise.
func featureMatrix(l *tableweb.Sheet) templ.Component {
	m := &matrix{Sheet: l, numbers: backlog.Numbers(l.Scope.View)}
	m.x, m.y = m.axis(l.Query.X, "effort"), m.axis(l.Query.Y, "value")
	rows := l.List.Rows(0, min(l.List.Total, matrixReads))
	m.unread = l.List.Total - len(rows)
	var xs, ys []float64
	for _, r := range rows {
		f := r.Entity().(*backlog.Feature)
		x, okX := m.x.Of(f)
		y, okY := m.y.Of(f)
		if !okX || !okY {
			m.without++
			continue
		}
		xs, ys = append(xs, x), append(ys, y)
		p := point{row: r, x: x, y: y}
		if len(m.points) < matrixDraws {
			p.objective, _ = l.Scope.Target("objective", f.Objective.ID())
		}
		m.points = append(m.points, p)
	}
	m.midX, m.midY = median(xs), median(ys)
	for i := range m.points {
		p := &m.points[i]
		if p.x > m.midX {
			p.quadrant++
		}
		if p.y < m.midY {
			p.quadrant += 2
		}
		p.xIs, p.yIs = m.tell(m.x, p.x), m.tell(m.y, p.y)
	}
	return matrixPage(m)
}

// axis returns the named number, or the usual one if there is none of that name.
func (m *matrix) axis(name, usual string) backlog.Number {
	if n, ok := backlog.Named(m.numbers, name); ok {
		return n
	}
	n, _ := backlog.Named(m.numbers, usual)
	return n
}

// along returns the address of the matrix with another number on an axis.
func (m *matrix) along(change func(*table.Query)) string {
	q := m.Query
	change(&q)
	return m.Address(q)
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(values))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// tell writes an amount of a number as lists do.
func (m *matrix) tell(n backlog.Number, amount float64) string {
	switch {
	case strings.HasPrefix(n.Name, "effort"):
		return ui.Effort(amount)
	case strings.HasPrefix(n.Name, "value"):
		return money(m.View, amount)
	case n.Unit != "":
		return ui.Number(amount) + " " + n.Unit
	}
	return ui.Number(amount)
}

// drawn are the points that have a mark.
func (m *matrix) drawn() []point { return m.points[:min(len(m.points), matrixDraws)] }

// finding says in a sentence what the matrix shows.
func (m *matrix) finding() string {
	x, y := strings.ToLower(m.x.Label), strings.ToLower(m.y.Label)
	var best []string
	count := 0
	for _, p := range m.points {
		if p.quadrant == 0 {
			if count++; count <= 3 {
				best = append(best, p.row.Title())
			}
		}
	}
	said := fmt.Sprintf("%s against %s of %s. Half of them are above %s, half are below %s of %s.",
		m.y.Label, x, ui.Count(len(m.points), "feature", "features"), m.tell(m.y, m.midY), m.tell(m.x, m.midX), x)
	if count > 0 {
		said += fmt.Sprintf(" %d have more %s for less %s", count, y, x)
		if count > len(best) {
			said += ", among them"
		} else {
			said += ":"
		}
		said += " " + strings.Join(best, ", ") + "."
	}
	return said
}

// legend are the objectives of the marks.
func (m *matrix) legend() []ui.Objective {
	count := map[ledger.ID]int{}
	names := map[ledger.ID]string{}
	for _, p := range m.drawn() {
		if !p.objective.ID.IsZero() {
			count[p.objective.ID]++
			names[p.objective.ID] = p.objective.String()
		}
	}
	var all []ui.Objective
	for id, name := range names {
		all = append(all, ui.Objective{Colour: strategy.Colour(m.Scope.View, id), Name: name})
	}
	slices.SortFunc(all, func(a, b ui.Objective) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// size is one of the sizes in which the matrix is drawn; a page shows the one that fits.
type size struct {
	class         string
	width, height float64
	title         float64 // the room for a title beside its mark; 0: the key stands there
	ticks         int
}

var sizes = []size{
	{"at-wide", 1120, 600, 150, 9},
	{"at-mid", 680, 520, 120, 6},
	{"at-slim", 343, 400, 0, 4},
}

// The room around the plane of a matrix.
const (
	marginLeft   = 46
	marginBottom = 38
	marginTop    = 24
	marginRight  = 14
	markRadius   = 5
)

// draw makes the matrix in one size.
func (m *matrix) draw(s size) *draw.Drawing {
	d := &draw.Drawing{Width: s.width, Height: s.height, Says: m.finding(), ID: "matrix-" + s.class, Class: "matrix " + s.class}
	points := m.drawn()
	xs, ys := make([]float64, len(points)), make([]float64, len(points))
	for i, p := range points {
		xs[i], ys[i] = p.x, p.y
	}
	left, right, top, bottom := float64(marginLeft), s.width-marginRight, float64(marginTop), s.height-marginBottom
	x, y := draw.Fit(xs, left+8, right-8), draw.Fit(ys, bottom-8, top+20)
	m.axes(d, s, x, y)
	room := draw.NewLayout(left, top, right, bottom)
	midX, midY := math.Round(x.At(m.midX)), math.Round(y.At(m.midY))
	m.quadrants(d, room, midX, midY, box{left, top, right, bottom})
	for _, p := range points {
		room.Mark(x.At(p.x), y.At(p.y), markRadius+1)
	}
	for _, p := range points {
		px, py := x.At(p.x), y.At(p.y)
		mark := draw.Link{
			Href: m.Request.Path("features", p.row.Key()),
			Says: fmt.Sprintf("%s %s: %s %s, %s %s", p.row.Key(), p.row.Title(), strings.ToLower(m.y.Label), p.yIs, strings.ToLower(m.x.Label), p.xIs),
		}
		hue := "o0"
		if !p.objective.ID.IsZero() && !p.objective.Private {
			hue = fmt.Sprintf("o%d", strategy.Colour(m.Scope.View, p.objective.ID))
		}
		mark.Class = "pt " + hue
		// what is aimed at is larger than what is seen
		mark.Shapes = []draw.Shape{draw.Disc(px, py, 12).In("aim"), draw.Disc(px, py, markRadius).In("dot")}
		label := p.row.Key()
		if s.title > 0 {
			label = draw.Cut(p.row.Title(), s.title)
		}
		if t, ok := room.Label(px, py, markRadius, label); ok {
			t.Class = "tx2"
			mark.Shapes = append(mark.Shapes, t)
		}
		d.Add(mark)
	}
	return d
}

// box is a part of the drawing.
type box struct{ left, top, right, bottom float64 }

// axes draws what stands under the plane and left of it.
func (m *matrix) axes(d *draw.Drawing, s size, x, y draw.Scale) {
	bottom, right := s.height-marginBottom, s.width-marginRight
	var grid draw.Group
	for _, v := range x.Ticks(s.ticks) {
		grid.Shapes = append(grid.Shapes,
			draw.Line(math.Round(x.At(v)), marginTop, math.Round(x.At(v)), bottom).In("ax"),
			draw.Text{X: x.At(v), Y: bottom + 15, Text: draw.Label(v), At: draw.Middle})
	}
	for _, v := range y.Ticks(6) {
		grid.Shapes = append(grid.Shapes,
			draw.Line(marginLeft, math.Round(y.At(v)), right, math.Round(y.At(v))).In("ax"),
			draw.Text{X: marginLeft - 6, Y: y.At(v) + 4, Text: draw.Label(v), At: draw.End})
	}
	grid.Shapes = append(grid.Shapes,
		draw.Text{X: right, Y: s.height - 6, Text: axisTitle(m.x, x) + ", more →", At: draw.End, Class: "tx2 tb"},
		draw.Text{X: 4, Y: 13, Text: axisTitle(m.y, y) + ", more ↑", Class: "tx2 tb"})
	d.Add(grid)
}

// axisTitle names a number with its unit and says where steps are ratios.
func axisTitle(n backlog.Number, s draw.Scale) string {
	title := n.Label
	if n.Unit != "" {
		title += ", " + n.Unit
	}
	if s.Logarithmic() {
		title += ", by ratios"
	}
	return title
}

// quadrants parts the plane at the medians and says what the part has that one looks at
// first.
func (m *matrix) quadrants(d *draw.Drawing, room *draw.Layout, midX, midY float64, whole box) {
	d.Add(
		draw.Line(midX, whole.top, midX, whole.bottom).In("ax2 dash"),
		draw.Line(whole.left, midY, whole.right, midY).In("ax2 dash"))
	count := 0
	for _, p := range m.points {
		if p.quadrant == 0 {
			count++
		}
	}
	text := fmt.Sprintf("%d: more %s, less %s", count, strings.ToLower(m.y.Label), strings.ToLower(m.x.Label))
	x, y := whole.left+6, whole.top+12
	room.Take(x, y-11, x+draw.Width(text), y+3)
	d.Add(draw.Text{X: x, Y: y, Text: text, Class: "tx2"})
}
