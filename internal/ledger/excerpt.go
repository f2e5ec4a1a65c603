package ledger

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Mark is a part of a text, in bytes.
type Mark struct{ From, To int }

// Marks returns the parts of a text that are the words of a query, or the beginnings of
// words that the query begins: what a search found it by. They do not overlap and stand
// in their order.
func Marks(text, query string) []Mark {
	m := newMarker(query)
	if len(m.heads) == 0 {
		return nil
	}
	var all []Mark
	add := func(from, to int) {
		if n := len(all); n > 0 && from <= all[n-1].To {
			all[n-1].To = max(to, all[n-1].To)
			return
		}
		all = append(all, Mark{from, to})
	}
	for i := 0; i < len(text); {
		switch class, n := m.classAt(text[i:]); class {
		case inWord:
			end := m.wordEnd(text, i)
			if to := m.inWord(text[i:end]); to > 0 {
				add(i, i+to)
			}
			i = end
		case inRun:
			pair := n
			if i+n < len(text) {
				if next, size := m.classAt(text[i+n:]); next == inRun {
					pair += size
				}
			}
			if m.begins(text[i : i+pair]) {
				add(i, i+pair)
			}
			i += n
		default:
			i += n
		}
	}
	return all
}

// marker knows the words of a query.
type marker struct {
	folder
	heads []string
}

func newMarker(query string) *marker {
	m := &marker{}
	for _, w := range m.query(query) {
		m.heads = append(m.heads, w.text)
	}
	return m
}

// classAt classes the first character of a text and returns its length.
func (m *marker) classAt(text string) (charClass, int) {
	if c := text[0]; c < utf8.RuneSelf {
		if asciiWord[c] || 'A' <= c && c <= 'Z' {
			return inWord, 1
		}
		return between, 1
	}
	_, n := utf8.DecodeRuneInString(text)
	m.fold(text[:n])
	if len(m.text) == 0 { // it is folded away, as a combining accent
		return inMark, n
	}
	class, _ := classAt(m.text, 0)
	return class, n
}

// wordEnd returns where the word at i ends; a key such as FB-42 is one word.
func (m *marker) wordEnd(text string, i int) int {
	letters := func(i int) int {
		for i < len(text) {
			class, n := m.classAt(text[i:])
			if class != inWord && class != inMark {
				break
			}
			i += n
		}
		return i
	}
	end := letters(i)
	if end+1 < len(text) && text[end] == '-' && text[end+1] >= '0' && text[end+1] <= '9' {
		m.fold(text[i:end])
		if len(m.text) > 0 && m.text[0] > '9' {
			return letters(end + 1)
		}
	}
	return end
}

// inWord returns how much of a word one of the query begins, 0 for nothing.
func (m *marker) inWord(word string) int {
	best := 0
	m.fold(word)
	for _, head := range m.heads {
		if !strings.HasPrefix(string(m.text), head) {
			continue
		}
		// The shortest beginning that folds to the head, with the marks that follow it.
		end := 0
		for i, r := range word {
			end = i + utf8.RuneLen(r)
			if r == utf8.RuneError {
				end = i + 1
			}
			var f folder
			if f.fold(word[:end]); strings.HasPrefix(string(f.text), head) {
				break
			}
		}
		for end < len(word) {
			class, n := m.classAt(word[end:])
			if class != inMark {
				break
			}
			end += n
		}
		best = max(best, end)
		m.fold(word)
	}
	return best
}

// begins reports whether a pair of characters of a script without spaces is one of the
// query's.
func (m *marker) begins(pair string) bool {
	m.fold(pair)
	return slices.ContainsFunc(m.heads, func(h string) bool { return strings.HasPrefix(string(m.text), h) })
}

// Excerpt is the part of a text that best shows why it was found.
type Excerpt struct {
	Text          string
	Marks         []Mark // in Text
	Before, After bool   // the text goes on there
}

// ExcerptOf returns about size bytes of a text, on one line, where the most words of a
// query stand together. A text without any of them begins at its beginning.
func ExcerptOf(text, query string, size int) Excerpt {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, " ")), " ")
	marks := Marks(text, query)
	from := 0
	if len(marks) > 0 {
		from = fullest(text, marks, size)
		// a few words before it say where one is
		from = max(0, from-size/4)
	}
	if from > 0 {
		from += wordStart(text[from:])
	}
	to := min(from+size, len(text))
	if to < len(text) {
		if cut := strings.LastIndexByte(text[from:to], ' '); cut > size/2 {
			to = from + cut
		}
		for to > from && !utf8.RuneStart(text[to]) {
			to--
		}
	}
	e := Excerpt{Text: text[from:to], Before: from > 0, After: to < len(text)}
	for _, m := range marks {
		if m.From >= from && m.To <= to {
			e.Marks = append(e.Marks, Mark{m.From - from, m.To - from})
		}
	}
	return e
}

// fullest returns the first mark from which on most different words are marked within
// the size.
func fullest(text string, marks []Mark, size int) int {
	best, most := marks[0].From, 0
	for i, m := range marks {
		seen := map[string]bool{}
		for _, n := range marks[i:] {
			if n.To > m.From+size*3/4 {
				break
			}
			seen[strings.ToLower(text[n.From:n.To])] = true
		}
		if len(seen) > most {
			best, most = m.From, len(seen)
		}
		if i == 1000 { // a text of nothing else
			break
		}
	}
	return best
}

// wordStart returns where the first whole word of a text begins that may begin in one.
func wordStart(text string) int {
	if i := strings.IndexByte(text, ' '); i >= 0 && i < 40 {
		return i + 1
	}
	i := 0
	for i < len(text) && !utf8.RuneStart(text[i]) {
		i++
	}
	return i
}
