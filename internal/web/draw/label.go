package draw

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Label writes a value at an axis: "0.5", "12", "1,500", "40k", "1.2M".
func Label(n float64) string {
	sign, n := map[bool]string{true: "−"}[n < 0], math.Abs(n)
	unit := ""
	switch {
	case n >= 999_500:
		n, unit = n/1e6, "M"
	case n >= 10_000:
		n, unit = n/1e3, "k"
	}
	digits := 0
	switch {
	case n == 0:
		sign = ""
	case n < .01:
		digits = 4
	case n < 1:
		digits = 2
	case n < 10:
		digits = 1
	}
	s := strconv.FormatFloat(n, 'f', digits, 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	if len(s) == 4 && !strings.Contains(s, ".") {
		s = s[:1] + "," + s[1:]
	}
	return sign + s + unit
}

// letter is about how wide a letter of 11 pixels is, and lineHeight how high a line is.
const (
	letter     = 5.9
	lineHeight = 13
)

// Width is about how wide a text is drawn.
func Width(text string) float64 { return letter * float64(utf8.RuneCountInString(text)) }

// Cut shortens a text to a width.
func Cut(text string, width float64) string {
	most := int(width / letter)
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	if most < 4 {
		return ""
	}
	r := []rune(text)
	return strings.TrimRight(string(r[:most-1]), " ") + "…"
}

// box is a part of the plane that is taken.
type box struct{ left, top, right, bottom float64 }

func (b box) meets(o box) bool {
	return b.left < o.right && o.left < b.right && b.top < o.bottom && o.top < b.bottom
}

// Layout finds room for labels beside marks, so that none covers another or a mark.
type Layout struct {
	whole box
	taken []box
}

// NewLayout is the room of a drawing, from one corner to the other.
func NewLayout(left, top, right, bottom float64) *Layout {
	return &Layout{whole: box{left, top, right, bottom}}
}

// Mark keeps labels off a mark.
func (l *Layout) Mark(x, y, radius float64) {
	l.taken = append(l.taken, box{x - radius, y - radius, x + radius, y + radius})
}

// Take keeps labels off a part of the drawing.
func (l *Layout) Take(left, top, right, bottom float64) {
	l.taken = append(l.taken, box{left, top, right, bottom})
}

// Label returns the text beside a mark, right of it, left, above or below, wherever there
// is room first; false if there is none.
func (l *Layout) Label(x, y, radius float64, text string) (Text, bool) {
	w, gap := Width(text), radius+4
	for _, try := range []struct {
		x, y float64
		at   Anchor
	}{
		{x + gap, y + 4, Start},
		{x - gap, y + 4, End},
		{x, y - gap - 1, Middle},
		{x, y + gap + 9, Middle},
	} {
		left := try.x
		switch try.at {
		case End:
			left -= w
		case Middle:
			left -= w / 2
		case Start:
		}
		b := box{left, try.y - lineHeight + 3, left + w, try.y + 3}
		if b.left < l.whole.left || b.right > l.whole.right || b.top < l.whole.top || b.bottom > l.whole.bottom || l.isTaken(b) {
			continue
		}
		l.taken = append(l.taken, b)
		return Text{X: try.x, Y: try.y, Text: text, At: try.at}, true
	}
	return Text{}, false
}

func (l *Layout) isTaken(b box) bool {
	for _, t := range l.taken {
		if t.meets(b) {
			return true
		}
	}
	return false
}
