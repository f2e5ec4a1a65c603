package richtext

import (
	"strings"
	"unicode"

	"github.com/throughline-pm/throughline/internal/ledger"
)

// Piece is a run of text that two versions share, or that one of them has.
type Piece struct {
	Text    string
	Added   bool
	Removed bool
}

// Line is one line of a comparison. Skipped counts lines that both have and that are left
// out; then it has no pieces.
type Line struct {
	Pieces  []Piece
	Skipped int
}

// Changed reports whether the versions differ in the line.
func (l Line) Changed() bool {
	for _, p := range l.Pieces {
		if p.Added || p.Removed {
			return true
		}
	}
	return false
}

// context is how many lines stand around a change.
const context = 2

// Diff compares two versions of a text by lines, and lines that were changed by words.
// What is the same far from any change is left out.
func Diff(was, now string) []Line {
	a, b := lines(was), lines(now)
	match := ledger.MatchLines(a, b)
	var all []Line
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		if i < len(a) && match[i] == j {
			all = append(all, Line{Pieces: []Piece{{Text: a[i]}}})
			i, j = i+1, j+1
			continue
		}
		oldEnd := i
		for oldEnd < len(a) && match[oldEnd] < 0 {
			oldEnd++
		}
		newEnd := len(b)
		if oldEnd < len(a) {
			newEnd = match[oldEnd]
		}
		all = append(all, changed(a[i:oldEnd], b[j:newEnd])...)
		i, j = oldEnd, newEnd
	}
	return folded(all)
}

// lines are the lines of a text without their ends; an empty text has none.
func lines(s string) []string {
	s = strings.TrimSuffix(s, "\n")
	if s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}

// alike is the share of words that two lines must have in common to be one changed line.
const alike = .4

// changed compares lines that stand in each other's place: each with the next one that is
// like it, and where there is none as removed and added.
func changed(was, now []string) (all []Line) {
	j := 0
	for _, old := range was {
		found := -1
		for k := j; k < len(now); k++ {
			if similarity(old, now[k]) >= alike {
				found = k
				break
			}
		}
		if found < 0 {
			all = append(all, Line{Pieces: []Piece{{Text: old, Removed: true}}})
			continue
		}
		for ; j < found; j++ {
			all = append(all, Line{Pieces: []Piece{{Text: now[j], Added: true}}})
		}
		all = append(all, Line{Pieces: Words(old, now[found])})
		j++
	}
	for ; j < len(now); j++ {
		all = append(all, Line{Pieces: []Piece{{Text: now[j], Added: true}}})
	}
	return all
}

// similarity is the share of the words of the longer line that both have, in order.
func similarity(was, now string) float64 {
	a, b := strings.Fields(was), strings.Fields(now)
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	same := 0
	for _, m := range ledger.MatchLines(a, b) {
		if m >= 0 {
			same++
		}
	}
	return float64(same) / float64(max(len(a), len(b)))
}

// words cuts a line before each word; spaces and signs are words of their own.
func words(s string) (all []string) {
	class := func(r rune) int {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '\'', r == '’', unicode.Is(unicode.Mn, r):
			return 1
		case unicode.IsSpace(r):
			return 2
		}
		return 0
	}
	start, before := 0, -1
	for i, r := range s {
		if c := class(r); i > 0 && (c != before || c == 0) {
			all = append(all, s[start:i])
			start = i
			before = c
		} else {
			before = c
		}
	}
	if start < len(s) {
		all = append(all, s[start:])
	}
	return all
}

// Words compares two lines by words.
func Words(was, now string) []Piece {
	a, b := words(was), words(now)
	match := ledger.MatchLines(a, b)
	var all []Piece
	add := func(p Piece) {
		if n := len(all); n > 0 && all[n-1].Added == p.Added && all[n-1].Removed == p.Removed {
			all[n-1].Text += p.Text
		} else if p.Text != "" {
			all = append(all, p)
		}
	}
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		if i < len(a) && match[i] == j {
			add(Piece{Text: a[i]})
			i, j = i+1, j+1
			continue
		}
		for ; i < len(a) && match[i] < 0; i++ {
			add(Piece{Text: a[i], Removed: true})
		}
		end := len(b)
		if i < len(a) {
			end = match[i]
		}
		for ; j < end; j++ {
			add(Piece{Text: b[j], Added: true})
		}
	}
	return joined(all)
}

// joined takes single spaces between two changes into them: a phrase that was replaced
// reads better than its words one by one.
func joined(all []Piece) []Piece {
	plain := func(p Piece) bool { return !p.Added && !p.Removed }
	blank := func(p Piece) bool { return plain(p) && strings.TrimSpace(p.Text) == "" }
	var out []Piece
	for i := 0; i < len(all); {
		if plain(all[i]) {
			out = append(out, all[i])
			i++
			continue
		}
		var was, now strings.Builder
		for i < len(all) && (!plain(all[i]) || blank(all[i]) && i+1 < len(all)) {
			if !all[i].Added {
				was.WriteString(all[i].Text)
			}
			if !all[i].Removed {
				now.WriteString(all[i].Text)
			}
			i++
		}
		if was.Len() > 0 {
			out = append(out, Piece{Text: was.String(), Removed: true})
		}
		if now.Len() > 0 {
			out = append(out, Piece{Text: now.String(), Added: true})
		}
	}
	return out
}

// folded leaves out lines that are far from any change.
func folded(all []Line) []Line {
	near := make([]bool, len(all))
	for i, l := range all {
		if l.Changed() {
			for k := max(0, i-context); k <= min(len(all)-1, i+context); k++ {
				near[k] = true
			}
		}
	}
	var out []Line
	for i, l := range all {
		n := len(out)
		switch {
		case near[i]:
			out = append(out, l)
		case n > 0 && out[n-1].Skipped > 0:
			out[n-1].Skipped++
		default:
			out = append(out, Line{Skipped: 1})
		}
	}
	return out
}
