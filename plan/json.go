package plan

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
)

// MaxBytes is how long a text [Read] takes.
const MaxBytes = 1 << 30

// Read reads a problem from JSON. It is strict, because what is misspelt would be planned
// without: a field that does not exist, one that is there twice, a number that is no whole
// number where one is due, more elements than there may be, and anything behind the problem
// are errors that name the place, as activities[3].modes[0].duration. A null is a field left
// out. It does not validate.
func Read(r io.Reader) (*Problem, error) { return ReadUpTo(r, MaxBytes) }

// ReadUpTo is [Read] of a text of so many bytes at most.
func ReadUpTo(r io.Reader, most int64) (*Problem, error) {
	d := &decoder{json.NewDecoder(&capped{r, most, most})}
	d.UseNumber()
	p := &Problem{}
	if err := d.decode(reflect.ValueOf(p).Elem(), "problem"); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err == nil {
		return nil, errors.New("there is more behind the problem; write one problem to a file")
	} else if !errors.Is(err, io.EOF) {
		return nil, d.failed("what is behind the problem", err)
	}
	return p, nil
}

// Write writes the problem as JSON that [Read] reads.
func (p *Problem) Write(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(p)
}

// capped is a reader that fails after so many bytes, where one that ends would make a
// truncated text of a long one.
type capped struct {
	r          io.Reader
	most, left int64
}

func (c *capped) Read(b []byte) (int, error) {
	if c.left <= 0 {
		if n, err := c.r.Read(make([]byte, 1)); n == 0 {
			return 0, err
		}
		return 0, tooLong(c.most)
	}
	n, err := c.r.Read(b[:min(int64(len(b)), c.left)])
	c.left -= int64(n)
	return n, err
}

type tooLong int64

func (n tooLong) Error() string {
	return fmt.Sprintf("the text is longer than %d bytes; plan a part of the work, or allow more", int64(n))
}

// decoder reads values token by token along their Go types, so that it knows at any error
// where it is. The types it knows are those that make up a Problem.
type decoder struct{ *json.Decoder }

func (d *decoder) decode(to reflect.Value, path string) error {
	token, err := d.Token()
	if err != nil {
		return d.failed(path, err)
	}
	if token == nil {
		return nil
	}
	if to.Kind() == reflect.Pointer {
		to.Set(reflect.New(to.Type().Elem()))
		to = to.Elem()
	}
	switch to.Kind() {
	case reflect.Struct:
		if token == json.Delim('{') {
			return d.fields(to, path)
		}
	case reflect.Slice:
		if token == json.Delim('[') {
			return d.elements(to, path)
		}
	case reflect.String:
		if s, ok := token.(string); ok {
			to.SetString(s)
			return nil
		}
	case reflect.Int:
		if n, ok := token.(json.Number); ok {
			i, err := strconv.ParseInt(n.String(), 10, 0)
			if err != nil {
				return fmt.Errorf("%s: %s is no whole number, or too great for one", path, n)
			}
			to.SetInt(i)
			return nil
		}
	case reflect.Float64:
		if n, ok := token.(json.Number); ok {
			x, err := n.Float64()
			if err != nil {
				return fmt.Errorf("%s: %s is too great a number", path, n)
			}
			to.SetFloat(x)
			return nil
		}
	}
	return fmt.Errorf("%s: there is %s where %s is due", path, sortOf(token), due[to.Kind()])
}

var due = map[reflect.Kind]string{
	reflect.Struct: "an object", reflect.Slice: "a list", reflect.String: "a text", reflect.Int: "a whole number", reflect.Float64: "a number",
}

// sortOf says what a token begins.
func sortOf(token json.Token) string {
	switch t := token.(type) {
	case json.Delim:
		if t == '{' {
			return "an object"
		}
		return "a list"
	case string:
		return "a text"
	case bool:
		return strconv.FormatBool(t)
	}
	return "a number"
}

func (d *decoder) fields(to reflect.Value, path string) error {
	seen := map[string]bool{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return d.failed(path, err)
		}
		name := token.(string) // Token lets nothing else stand for a name
		at := name
		if path != "problem" {
			at = path + "." + name
		}
		field, ok := fieldOf(to, name)
		switch {
		case !ok:
			return fmt.Errorf("%s: there is no such field; %s", at, fieldsOf(to.Type()))
		case seen[name]:
			return fmt.Errorf("%s: the field is there twice", at)
		}
		seen[name] = true
		if err := d.decode(field, at); err != nil {
			return err
		}
	}
	return d.end(path)
}

func (d *decoder) elements(to reflect.Value, path string) error {
	most, limited := mostElements[path]
	for i := 0; d.More(); i++ {
		if limited && i == most { // so that a list without end is not read to its end
			return fmt.Errorf("%s: there are more than the %d there may be; plan a part of the work", path, most)
		}
		to.Grow(1)
		to.SetLen(i + 1)
		if err := d.decode(to.Index(i), fmt.Sprintf("%s[%d]", path, i)); err != nil {
			return err
		}
	}
	return d.end(path)
}

// end reads the end of an object or a list.
func (d *decoder) end(path string) error {
	if _, err := d.Token(); err != nil {
		return d.failed(path, err)
	}
	return nil
}

// failed says where a text cannot be read on.
func (d *decoder) failed(path string, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%s: the text ends in the middle, after %d bytes", path, d.InputOffset())
	}
	return fmt.Errorf("%s: at byte %d: %w", path, d.InputOffset(), err)
}

// fieldOf returns the field of a struct that has a name in JSON.
func fieldOf(s reflect.Value, name string) (reflect.Value, bool) {
	for i := range s.NumField() {
		if nameOf(s.Type().Field(i)) == name {
			return s.Field(i), true
		}
	}
	return reflect.Value{}, false
}

func nameOf(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

func fieldsOf(t reflect.Type) string {
	names := make([]string, t.NumField())
	for i := range names {
		names[i] = nameOf(t.Field(i))
	}
	return "there are " + strings.Join(names, ", ")
}
