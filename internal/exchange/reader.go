package exchange

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"unicode/utf8"

	"github.com/throughline-pm/throughline/internal/fault"
)

// Format is how a file holds its records.
type Format string

// The formats that can be read and written. JSON covers one object a line and arrays of
// objects alike.
const (
	CSV  Format = "csv"
	JSON Format = "jsonl"
)

// What a file may hold at most, so that no file can fill the memory of the server.
const (
	maxCell    = 1 << 20 // bytes
	maxRow     = 8 << 20 // bytes
	maxColumns = 1000
)

// File is something to be read, as often as needed.
type File struct {
	Name string // as the user knows it; shown in problems
	Open func() (io.ReadCloser, error)
}

// Problem is something in the input that keeps a row, or all of them, from being
// imported, and what to do about it.
type Problem struct {
	File   string `json:"file,omitzero"`
	Row    int    `json:"row,omitzero"`  // the record, from 1, the header counted; 0: the whole file
	Line   int    `json:"line,omitzero"` // the line of the file on which the record begins
	Column string `json:"column,omitzero"`
	Value  string `json:"value,omitzero"` // shortened
	Reason string `json:"reason"`
	Remedy string `json:"remedy"`
}

// String returns the problem as a line for a terminal.
func (p Problem) String() string {
	var place []string
	if p.File != "" {
		place = append(place, p.File)
	}
	if p.Row > 0 {
		place = append(place, fmt.Sprintf("row %d (line %d)", p.Row, p.Line))
	}
	if p.Column != "" {
		place = append(place, fmt.Sprintf("column %q", p.Column))
	}
	if p.Value != "" {
		place = append(place, fmt.Sprintf("value %q", p.Value))
	}
	return strings.Join(place, ", ") + ": " + p.Reason + "; " + p.Remedy
}

// Row is one record of a file.
type Row struct {
	Number int // of the record, from 1; the header of a CSV file is one
	Line   int // on which it begins, from 1
	// Cells holds the values by column: nil where the record has no such member, empty
	// where it has one without a value, several for a list or a repeated header. It may
	// be shorter than the columns.
	Cells    [][]string
	Problems []Problem
}

// blame adds a problem of the row.
func (r *Row) blame(column, value, reason, remedy string) {
	r.Problems = append(r.Problems, Problem{
		Row: r.Number, Line: r.Line, Column: column, Value: excerpt(value), Reason: reason, Remedy: remedy,
	})
}

// Reader reads the rows of one file, holding one at a time.
type Reader struct {
	format  Format
	columns []string
	byName  map[string]int
	next    func() (Row, error)
}

// Read returns a reader of the file's records. It finds out by itself how the text is
// encoded and, in CSV, which separator is used. An empty format is found out too.
//
// Errors: fault.Invalid for what is no such file at all. What is wrong with single rows
// stands in their Problems.
func Read(r io.Reader, f Format) (*Reader, error) {
	text, err := decoded(r)
	if err != nil {
		return nil, err
	}
	if f == "" {
		f = CSV
		sample, _ := text.Peek(sampleSize)
		if first := bytes.TrimLeft(sample, " \t\r\n"); len(first) == 0 || first[0] == '{' || first[0] == '[' {
			f = JSON // or nothing, which JSON Lines may be
		}
	}
	rd := &Reader{format: f, byName: map[string]int{}}
	switch f {
	case CSV:
		err = rd.readCSV(text)
	case JSON:
		err = rd.readJSON(text)
	default:
		err = fault.New(fault.Invalid, "%q is no format of files; take csv or jsonl", f)
	}
	return rd, err
}

// Columns returns the names of the columns that were met so far: in CSV the header,
// in JSON the paths of members, "milestone.title".
func (r *Reader) Columns() []string { return r.columns }

// Rows yields the rows in order. It ends after an error.
func (r *Reader) Rows() iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for {
			row, err := r.next()
			if errors.Is(err, io.EOF) {
				return
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}

// column returns the place of a column, which is added if it is new. It is negative if
// the file has too many.
func (r *Reader) column(name string) int {
	i, known := r.byName[name]
	if !known {
		if len(r.columns) == maxColumns {
			return -1
		}
		i = len(r.columns)
		r.byName[name] = i
		r.columns = append(r.columns, name)
	}
	return i
}

// Get returns the values of a row in the named column, and whether the record has that
// member at all. A member inside one that is null is there and has no value.
func (r *Reader) Get(row Row, column string) ([]string, bool) {
	for name, inner := column, false; ; inner = true {
		if i, ok := r.byName[name]; ok && i < len(row.Cells) && row.Cells[i] != nil {
			if inner {
				return nil, len(row.Cells[i]) == 0
			}
			return row.Cells[i], true
		}
		dot := strings.LastIndexByte(name, '.')
		if dot < 0 {
			return nil, false
		}
		name = name[:dot]
	}
}

// excerpt shortens a value for a report.
func excerpt(s string) string {
	const most = 100
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= most {
		return s
	}
	cut := most
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}
