package draw

import (
	"context"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/a-h/templ"
)

// Shape is something that is drawn.
type Shape interface {
	write(b *strings.Builder)
}

// Drawing is a chart: shapes on a plane, the first at the bottom.
type Drawing struct {
	Width, Height float64
	Says          string // the finding, as a sentence
	ID            string // names the drawing on its page; "" for none
	Class         string
	shapes        []Shape
}

// Add draws shapes on top of those that are there.
func (d *Drawing) Add(shapes ...Shape) { d.shapes = append(d.shapes, shapes...) }

// Render implements templ.Component. With links in it a drawing is a group of things;
// without it is one picture.
func (d *Drawing) Render(_ context.Context, w io.Writer) error {
	var b strings.Builder
	role := "img"
	if hasLinks(d.shapes) {
		role = "group"
	}
	b.WriteString("<svg")
	attribute(&b, "class", strings.TrimSpace("chart "+d.Class))
	if d.ID != "" {
		attribute(&b, "id", d.ID)
	}
	b.WriteString(` width="` + Number(d.Width) + `" height="` + Number(d.Height) +
		`" viewBox="0 0 ` + Number(d.Width) + " " + Number(d.Height) + `" role="` + role + `"`)
	attribute(&b, "aria-label", d.Says)
	b.WriteByte('>')
	for _, s := range d.shapes {
		s.write(&b)
	}
	b.WriteString("</svg>")
	_, err := io.WriteString(w, b.String())
	return err
}

func hasLinks(shapes []Shape) bool {
	for _, s := range shapes {
		switch s := s.(type) {
		case Link:
			return true
		case Group:
			if hasLinks(s.Shapes) {
				return true
			}
		}
	}
	return false
}

func attribute(b *strings.Builder, name, value string) {
	b.WriteString(" " + name + `="` + templ.EscapeString(value) + `"`)
}

func class(b *strings.Builder, name string) {
	if name != "" {
		attribute(b, "class", name)
	}
}

func at(b *strings.Builder, name string, n float64) {
	b.WriteString(" " + name + `="` + Number(n) + `"`)
}

// Rect is a rectangle; Round is the radius of its corners.
type Rect struct {
	X, Y, Width, Height, Round float64
	Class                      string
}

func (r Rect) write(b *strings.Builder) {
	b.WriteString("<rect")
	class(b, r.Class)
	at(b, "x", r.X)
	at(b, "y", r.Y)
	at(b, "width", max(r.Width, 0))
	at(b, "height", max(r.Height, 0))
	if r.Round > 0 {
		at(b, "rx", r.Round)
	}
	b.WriteString("/>")
}

// Path is a line or an outline.
type Path struct {
	Class string
	d     string
}

func (p Path) write(b *strings.Builder) {
	if p.d == "" {
		return
	}
	b.WriteString("<path")
	class(b, p.Class)
	attribute(b, "d", p.d)
	b.WriteString("/>")
}

// In gives the path a class.
func (p Path) In(class string) Path {
	p.Class = class
	return p
}

// Point is a place on the plane.
type Point struct{ X, Y float64 }

// Line is a straight line.
func Line(x1, y1, x2, y2 float64) Path { return Through(Point{x1, y1}, Point{x2, y2}) }

// Through is a line from point to point.
func Through(points ...Point) Path {
	var b strings.Builder
	for i, p := range points {
		b.WriteByte("ML"[min(i, 1)])
		b.WriteString(Number(p.X) + " " + Number(p.Y))
	}
	return Path{d: b.String()}
}

// Steps is a line that stays level from each point to the next, as counts do.
func Steps(points ...Point) Path {
	var b strings.Builder
	for i, p := range points {
		if i == 0 {
			b.WriteString("M" + Number(p.X) + " " + Number(p.Y))
			continue
		}
		b.WriteString("H" + Number(p.X) + "V" + Number(p.Y))
	}
	return Path{d: b.String()}
}

// Band is the area between two lines with the same places in X: the spread of a forecast.
func Band(upper, lower []Point) Path {
	all := append([]Point(nil), upper...)
	for i := len(lower) - 1; i >= 0; i-- {
		all = append(all, lower[i])
	}
	p := Through(all...)
	if p.d != "" {
		p.d += "z"
	}
	return p
}

// Disc is a circle around a point.
func Disc(x, y, radius float64) Path {
	r, across := Number(radius), Number(2*radius)
	return Path{d: "M" + Number(x-radius) + " " + Number(y) + "a" + r + " " + r + " 0 1 1 " + across + " 0a" + r + " " + r + " 0 1 1 -" + across + " 0z"}
}

// Anchor is the part of a text that stands at its place.
type Anchor string

// The anchors.
const (
	Start  Anchor = ""
	Middle Anchor = "middle"
	End    Anchor = "end"
)

// Text is a run of text; Y is its base line.
type Text struct {
	X, Y  float64
	Text  string
	Class string
	At    Anchor
	Turn  float64 // degrees, clockwise around its place
}

func (t Text) write(b *strings.Builder) {
	b.WriteString("<text")
	class(b, t.Class)
	at(b, "x", t.X)
	at(b, "y", t.Y)
	if t.At != Start {
		attribute(b, "text-anchor", string(t.At))
	}
	if t.Turn != 0 {
		attribute(b, "transform", "rotate("+Number(t.Turn)+" "+Number(t.X)+" "+Number(t.Y)+")")
	}
	b.WriteString(">" + templ.EscapeString(t.Text) + "</text>")
}

// Group is shapes with a class in common.
type Group struct {
	Class  string
	Shapes []Shape
}

func (g Group) write(b *strings.Builder) {
	b.WriteString("<g")
	class(b, g.Class)
	b.WriteByte('>')
	for _, s := range g.Shapes {
		s.write(b)
	}
	b.WriteString("</g>")
}

// Link is shapes that lead somewhere. Says names where, with what the shapes show, as the
// title of the link; so the texts among them, which may be cut short, are for those alone
// who see them.
type Link struct {
	Href   string
	Says   string
	Class  string
	Shapes []Shape
}

func (l Link) write(b *strings.Builder) {
	b.WriteString("<a")
	class(b, l.Class)
	attribute(b, "href", string(templ.SafeURL(l.Href)))
	b.WriteString("><title>" + templ.EscapeString(l.Says) + `</title><g aria-hidden="true">`)
	for _, s := range l.Shapes {
		s.write(b)
	}
	b.WriteString("</g></a>")
}

// Number writes a coordinate: a tenth of a pixel is as fine as anybody sees.
func Number(n float64) string {
	if math.IsNaN(n) || math.IsInf(n, 0) {
		return "0"
	}
	return strconv.FormatFloat(math.Round(n*10)/10+0, 'f', -1, 64)
}
