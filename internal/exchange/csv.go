package exchange

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/throughline-pm/throughline/internal/fault"
)

// separators are those that tools and spreadsheets write, the likeliest first.
var separators = []byte{',', ';', '\t'}

// readCSV makes r read comma separated values as they come: with either separator,
// ragged rows, line breaks in quotes, empty rows, and rows above the header.
func (r *Reader) readCSV(text *bufio.Reader) error {
	sample, err := text.Peek(sampleSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return readFailure(err)
	}
	s := &csvScanner{src: text, sep: separatorOf(sample), line: 1}
	above := rowsAboveHeader(sample, s.sep)
	var header csvRecord
	for above >= 0 {
		if header, err = s.record(); errors.Is(err, io.EOF) {
			return fault.New(fault.Invalid, "the file has no header; its first row must name the columns")
		} else if err != nil {
			return err
		}
		if !header.blank() {
			above--
		}
	}
	if len(header.cells) > maxColumns {
		return fault.New(fault.Invalid, "the header in line %d has %d columns; at most %d can be read, so leave out what is not needed",
			header.line, len(header.cells), maxColumns)
	}
	to := make([]int, len(header.cells)) // the column of each cell
	repeated := map[int]bool{}
	for i, c := range header.cells {
		name := strings.TrimSpace(c.text)
		if name == "" {
			name = fmt.Sprintf("column %d", i+1)
		}
		before := len(r.columns)
		to[i] = r.column(name)
		if len(r.columns) == before {
			repeated[to[i]] = true
		}
	}
	r.next = func() (Row, error) {
		for {
			rec, err := s.record()
			if err != nil {
				return Row{}, err
			}
			if !rec.blank() {
				return r.csvRow(rec, to, repeated), nil
			}
		}
	}
	return nil
}

// csvRow sorts the cells of a record into columns.
func (r *Reader) csvRow(rec csvRecord, to []int, repeated map[int]bool) Row {
	row := Row{Number: rec.number, Line: rec.line, Cells: make([][]string, len(r.columns))}
	for i := range row.Cells {
		row.Cells[i] = []string{}
	}
	for i, c := range rec.cells {
		at := to[len(to)-1]
		if i < len(to) {
			at = to[i]
		} else if c.size == 0 {
			continue
		} else if !repeated[at] {
			row.blame("", c.text, fmt.Sprintf("the row has %d cells, the header %d", len(rec.cells), len(to)),
				"put quotes around values that hold the separator, or name the further columns in the header")
			break
		}
		switch {
		case c.size > maxCell:
			row.blame(r.columns[at], c.text, fmt.Sprintf("the cell has %d bytes; at most %d are read", c.size, maxCell),
				"shorten it, or close the quotation mark that it begins with")
		case c.open:
			row.blame(r.columns[at], c.text, "the quotation mark that begins the cell is never closed", "close it, and write quotation marks inside twice")
		case c.size > 0:
			row.Cells[at] = append(row.Cells[at], unguarded(c.text))
		}
	}
	if rec.size > maxRow && len(row.Problems) == 0 {
		row.blame("", "", fmt.Sprintf("the row has %d bytes; at most %d are read", rec.size, maxRow), "shorten its cells")
	}
	return row
}

// separatorOf returns the separator under which the sample looks most like a table: most
// rows have several cells, as many as possible are equally wide, and few cells begin with
// a space, as the parts of a sentence do. It is 0, which no text holds, for a file of one
// column.
func separatorOf(sample []byte) byte {
	if named, ok := bytes.CutPrefix(sample, []byte("sep=")); ok && len(named) > 0 && slices.Contains(separators, named[0]) {
		return named[0]
	}
	best, bestScore := byte(0), 0.0
	for _, sep := range separators {
		widths := map[int]int{}
		rows, cells, spaced, first := 0, 0, 0, 0
		for rec := range sampled(sample, sep) {
			if rec.blank() || rows == 50 {
				continue
			}
			if rows++; rows == 1 {
				first = len(rec.cells)
			}
			widths[len(rec.cells)]++
			for _, c := range rec.cells {
				cells++
				if strings.HasPrefix(c.text, " ") {
					spaced++
				}
			}
		}
		if widths[1]*2 > rows || (first == 1 && widths[1]*2 == rows) {
			continue
		}
		delete(widths, 1)
		for width, n := range widths {
			score := float64(n) / float64(rows) * float64(min(width, 10)) * (1 - float64(spaced)/float64(cells))
			if score > bestScore {
				best, bestScore = sep, score
			}
		}
	}
	return best
}

// rowsAboveHeader returns how many filled rows stand before the header: the hint about
// the separator, a title, an address. Such a row has one cell, the header several.
func rowsAboveHeader(sample []byte, sep byte) int {
	n := 0
	for rec := range sampled(sample, sep) {
		switch {
		case rec.blank():
		case rec.filled() > 1:
			return n
		default:
			n++
		}
		if n == 10 {
			break
		}
	}
	return 0
}

// sampled yields the records of a sample but the last, which may be cut.
func sampled(sample []byte, sep byte) func(yield func(csvRecord) bool) {
	return func(yield func(csvRecord) bool) {
		s := &csvScanner{src: bufio.NewReader(bytes.NewReader(sample)), sep: sep, line: 1}
		last, err := s.record()
		for err == nil {
			var next csvRecord
			if next, err = s.record(); err != nil && len(sample) == sampleSize {
				return
			}
			if !yield(last) {
				return
			}
			last = next
		}
	}
}

// csvScanner cuts a text into records and cells, in constant memory.
type csvScanner struct {
	src    *bufio.Reader
	sep    byte
	line   int // of what is read next
	number int
}

type csvRecord struct {
	number, line int
	size         int // bytes of all cells
	cells        []csvCell
}

type csvCell struct {
	text string // its beginning, if it is too large
	size int    // bytes in the file, without the quotes around it
	open bool   // the file ends inside its quotes
}

func (r csvRecord) filled() (n int) {
	for _, c := range r.cells {
		if strings.TrimSpace(c.text) != "" {
			n++
		}
	}
	return n
}

func (r csvRecord) blank() bool { return r.filled() == 0 }

// record returns the next record, io.EOF after the last.
func (s *csvScanner) record() (csvRecord, error) {
	s.number++
	rec := csvRecord{number: s.number, line: s.line}
	if _, err := s.src.Peek(1); err != nil {
		return rec, s.end(err)
	}
	for {
		cell, more, err := s.cell(maxRow - rec.size)
		if err != nil {
			return rec, err
		}
		rec.size += cell.size
		if len(rec.cells) <= maxColumns {
			rec.cells = append(rec.cells, cell)
		}
		if !more {
			return rec, nil
		}
	}
}

func (s *csvScanner) end(err error) error {
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	return readFailure(err)
}

// cell reads one cell, at most room bytes of it, and what ends it; more tells that
// another follows in the record.
func (s *csvScanner) cell(room int) (c csvCell, more bool, err error) {
	var text []byte
	room = max(min(room, maxCell), 0)
	keep := func(b byte) {
		c.size++
		if len(text) < room {
			text = append(text, b)
		}
	}
	quoted := false
	for {
		b, err := s.src.ReadByte()
		if err != nil {
			c.text, c.open = string(text), quoted
			if !errors.Is(err, io.EOF) {
				return c, false, readFailure(err)
			}
			return c, false, nil
		}
		if b == '\r' {
			if next, _ := s.src.Peek(1); len(next) == 1 && next[0] == '\n' {
				_, _ = s.src.Discard(1)
			}
			b = '\n'
		}
		if b == '\n' {
			s.line++
		}
		switch {
		case quoted && b == '"':
			next, _ := s.src.Peek(1)
			switch {
			case len(next) == 1 && next[0] == '"':
				_, _ = s.src.Discard(1)
				keep('"')
			case len(next) == 0 || next[0] == s.sep || next[0] == '\n' || next[0] == '\r':
				quoted = false
			default:
				keep('"') // a stray one, as some tools write them
			}
		case quoted:
			keep(b)
		case b == '"' && len(bytes.TrimLeft(text, " ")) == 0 && c.size == len(text):
			quoted, text, c.size = true, text[:0], 0
		case b == s.sep, b == '\n':
			c.text = string(text)
			return c, b == s.sep, nil
		default:
			keep(b)
		}
	}
}

// guarded and unguarded keep a cell from being read as a formula by a spreadsheet: what
// begins like one gets an apostrophe in front, which is how other tools do it too.
func guarded(s string) string {
	if looksLikeFormula(s) {
		return "'" + s
	}
	return s
}

func unguarded(s string) string {
	if bare, ok := strings.CutPrefix(s, "'"); ok && looksLikeFormula(bare) {
		return bare
	}
	return s
}

// looksLikeFormula reports whether a spreadsheet might calculate the cell. Apostrophes in
// front are looked through, so that what was guarded twice is still guarded once after.
func looksLikeFormula(s string) bool {
	s = strings.TrimLeft(s, "'")
	return s != "" && strings.IndexByte("=+-@\t\r\n", s[0]) >= 0
}

var lineBreaks = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// csvWriter writes rows that every spreadsheet reads and none calculates.
type csvWriter struct {
	dst *bufio.Writer
}

func newCSVWriter(w io.Writer) csvWriter { return csvWriter{bufio.NewWriter(w)} }

// row writes one row, every cell guarded and every line break in one spelling.
func (w csvWriter) row(cells []string) error {
	for i, c := range cells {
		if i > 0 {
			_ = w.dst.WriteByte(',')
		}
		c = guarded(lineBreaks.Replace(c))
		if strings.ContainsAny(c, "\",\n;\t") || strings.TrimSpace(c) != c || (c == "" && len(cells) == 1) {
			c = `"` + strings.ReplaceAll(c, `"`, `""`) + `"`
		}
		_, _ = w.dst.WriteString(c)
	}
	_, err := w.dst.WriteString("\r\n") // a bufio.Writer keeps its first error
	return err
}
