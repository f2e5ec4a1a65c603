// Package draw is what charts are made of: rectangles, paths and texts on a plane, with
// scales that say where a value stands. A chart is a function from data to a Drawing; the
// Drawing is an SVG without style attributes, so that its colours are those of the style
// sheet, by class, in light and dark.
//
//	x := draw.Linear(0, 40, 40, 680)
//	d := draw.Drawing{Width: 700, Height: 300, Says: "Effort falls since March"}
//	for _, t := range x.Ticks(6) {
//		d.Add(draw.Line(x.At(t), 0, x.At(t), 280).In("ax"), draw.Text{X: x.At(t), Y: 296, Text: draw.Label(t), At: draw.Middle})
//	}
//
// # For everybody
//
// A drawing says its finding in a sentence to those who do not see it, and what it says
// must be found elsewhere on the page too, as a table or a list. What can be followed is a
// Link with words of its own. A drawing is made at its natural size, with texts of 11
// pixels; where a narrow page needs another one, the page makes another.
package draw
