package exchange

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/throughline-pm/throughline/internal/fault"
)

const (
	maxDepth  = 64
	maxValues = 100_000 // of the lists of an object
	// cutMark ends a string that was too large. It is made of code points that stand for
	// nothing, so no text holds it.
	cutMark = "\ufdd0\ufdd1"
)

// readJSON makes r read JSON objects, one a line or in an array. A nested object's
// members are columns of their own, named by their path; those of the objects in a list
// are columns with several values.
func (r *Reader) readJSON(text *bufio.Reader) error {
	sample, err := text.Peek(sampleSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return readFailure(err)
	}
	first, _, _ := bytes.Cut(bytes.TrimLeft(sample, " \t\r\n"), []byte("\n"))
	first = bytes.TrimSpace(first)
	if len(first) > 0 && first[0] != '{' && first[0] != '[' {
		return fault.New(fault.Invalid, "the file is no JSON: it begins with %q instead of { or [", excerpt(string(first)))
	}
	s := &jsonScanner{src: text, line: 1, lines: len(first) > 1 && first[0] == '{'}
	r.next = func() (Row, error) {
		raw, row, err := s.record()
		if err == nil && raw != nil {
			r.jsonRow(&row, raw)
		}
		return row, err
	}
	return nil
}

// jsonRow sorts the members of an object into columns.
func (r *Reader) jsonRow(row *Row, raw []byte) {
	o := objectReader{Decoder: json.NewDecoder(bytes.NewReader(raw))}
	o.UseNumber()
	_, _ = o.Token() // the brace
	leaves, err := o.members("", nil)
	if err != nil {
		row.blame("", string(raw), "the object cannot be read: "+err.Error(), "write one complete object, as JSON Lines does on each line")
		return
	}
	for _, l := range leaves {
		at := r.column(l.path)
		if at < 0 {
			row.blame(l.path, "", fmt.Sprintf("the file has more than %d different members", maxColumns), "leave out those that are not needed")
			return
		}
		for len(row.Cells) <= at {
			row.Cells = append(row.Cells, nil)
		}
		values := []string{}
		for _, v := range l.values {
			if cut, ok := strings.CutSuffix(v, cutMark); ok {
				row.blame(l.path, cut, fmt.Sprintf("the text has more than %d bytes", maxCell), "shorten it")
				continue
			}
			values = append(values, v)
		}
		row.Cells[at] = values
	}
}

// leaf is a member that holds a value or a list of values.
type leaf struct {
	path   string
	values []string // empty for null, "" and []
}

// objectReader reads an object as leaves.
type objectReader struct {
	*json.Decoder
	values int // made so far
}

// members reads the rest of an object, in the order of the file.
func (o *objectReader) members(path string, leaves []leaf) ([]leaf, error) {
	n := len(leaves)
	for o.More() {
		name, err := o.Token()
		if err != nil {
			return nil, err
		}
		key, _ := name.(string)
		if path != "" {
			key = path + "." + key
		}
		if leaves, err = o.value(key, leaves); err != nil {
			return nil, err
		}
	}
	_, err := o.Token() // the closing brace
	if n == len(leaves) && path != "" {
		leaves = append(leaves, leaf{path: path})
	}
	return leaves, err
}

// value reads one value.
func (o *objectReader) value(path string, leaves []leaf) ([]leaf, error) {
	t, err := o.Token()
	if err != nil {
		return nil, err
	}
	switch t := t.(type) {
	case json.Delim:
		if t == '[' {
			return o.list(path, leaves)
		}
		return o.members(path, leaves)
	case nil:
		return append(leaves, leaf{path: path}), nil
	default:
		l := leaf{path: path}
		if s := fmt.Sprint(t); s != "" {
			l.values = []string{s}
		}
		return append(leaves, l), nil
	}
}

// list reads the rest of an array. The columns of its elements are equally long: where
// one lacks a member that another has, its value is empty.
func (o *objectReader) list(path string, leaves []leaf) ([]leaf, error) {
	var columns []leaf
	byPath := map[string]int{}
	n := 0
	for ; o.More(); n++ {
		element, err := o.value(path, nil)
		if err != nil {
			return nil, err
		}
		for _, e := range element {
			i, known := byPath[e.path]
			if !known {
				i = len(columns)
				byPath[e.path] = i
				columns = append(columns, leaf{path: e.path})
			}
			if err := o.pad(&columns[i], n); err != nil {
				return nil, err
			}
			columns[i].values = append(columns[i].values, strings.Join(e.values, ", "))
		}
	}
	_, err := o.Token() // the closing bracket
	if len(columns) == 0 {
		columns = []leaf{{path: path}}
	}
	for i := range columns {
		if err := o.pad(&columns[i], n); err != nil {
			return nil, err
		}
	}
	return append(leaves, columns...), err
}

// pad brings a column of a list to n values. A small text could otherwise stand for
// very many of them.
func (o *objectReader) pad(l *leaf, n int) error {
	o.values += max(n-len(l.values), 1)
	if o.values > maxValues {
		return fmt.Errorf("it has more than %d values in lists", maxValues)
	}
	for len(l.values) < n {
		l.values = append(l.values, "")
	}
	return nil
}

// jsonScanner cuts a text into objects in constant memory: it leaves out what a string
// has too much and forgets objects that are too large.
type jsonScanner struct {
	src    *bufio.Reader
	lines  bool // an object ends with its line
	line   int  // of what is read next
	number int
}

// record returns the next object, or nil with a row that says what is wrong instead;
// io.EOF after the last.
func (s *jsonScanner) record() ([]byte, Row, error) {
	b, err := s.start()
	if err != nil {
		return nil, Row{}, err
	}
	s.number++
	row := Row{Number: s.number, Line: s.line}
	if b != '{' {
		rest, err := s.skipLine()
		row.blame("", string(b)+rest, "this is no JSON object", "write one object a line, or an array of objects")
		return nil, row, err
	}
	raw := []byte{'{'}
	size, depth, deepest := 1, 1, 1
	inString, escape, length, cut := false, 0, 0, false
	for depth > 0 {
		if b, err = s.src.ReadByte(); err != nil || (b == '\n' && s.lines) {
			if err != nil && !errors.Is(err, io.EOF) {
				return nil, row, readFailure(err)
			}
			s.line++
			row.blame("", string(raw[:min(len(raw), 200)]), "the object is not closed", "write one complete object, as JSON Lines does on each line")
			return nil, row, nil
		}
		size++
		if b == '\n' {
			s.line++
		}
		switch {
		case !inString:
			switch b {
			case '"':
				inString, length, cut = true, 0, false
			case '{', '[':
				depth++
				deepest = max(deepest, depth)
			case '}', ']':
				depth--
			}
		case escape > 0:
			escape--
			if b == 'u' && escape == 0 && raw != nil {
				escape = 4
			}
			length++
		case b == '"':
			inString = false
			if cut {
				raw = append(raw, cutMark...)
			}
		default:
			if length >= maxCell {
				cut = true
			}
			if b == '\\' {
				escape = 1
			}
			length++
		}
		if !(inString && cut) && len(raw) < maxRow {
			raw = append(raw, b)
		}
	}
	switch {
	case deepest > maxDepth:
		row.blame("", "", fmt.Sprintf("the object is nested %d deep; at most %d are read", deepest, maxDepth), "flatten it")
	case len(raw) >= maxRow:
		row.blame("", "", fmt.Sprintf("the object has %d bytes; at most %d are read", size, maxRow), "shorten it")
	case s.lines:
		if rest, err := s.skipLine(); err != nil || strings.Trim(rest, " \t\r,") != "" {
			row.blame("", rest, "something follows the object on its line", "write one object a line")
			return nil, row, err
		}
		return raw, row, nil
	default:
		return raw, row, nil
	}
	return nil, row, nil
}

// start skips to the next object.
func (s *jsonScanner) start() (byte, error) {
	for {
		b, err := s.src.ReadByte()
		switch {
		case errors.Is(err, io.EOF):
			return 0, io.EOF
		case err != nil:
			return 0, readFailure(err)
		case b == '\n':
			s.line++
		case strings.IndexByte(" \t\r,[]", b) < 0:
			return b, nil
		}
	}
}

// skipLine reads to the end of the line and returns its beginning.
func (s *jsonScanner) skipLine() (string, error) {
	var text []byte
	for {
		b, err := s.src.ReadByte()
		switch {
		case errors.Is(err, io.EOF):
			return string(text), nil
		case err != nil:
			return "", readFailure(err)
		case b == '\n':
			s.line++
			return string(text), nil
		case len(text) < 200:
			text = append(text, b)
		}
	}
}
