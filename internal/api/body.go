package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"unicode/utf8"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/table"
)

// maxDepth is how deep values may stand in each other.
const maxDepth = 16

// body returns the bytes of the request's body.
func (c *call) body() ([]byte, error) {
	raw, err := io.ReadAll(c.R.Body)
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, fault.Wrap(fault.TooLarge, err, "the body is larger than the %d kB that fit here", large.Limit/1024)
	case err != nil:
		return nil, fault.Wrap(fault.Invalid, err, "the body could not be read")
	}
	c.R.Body = io.NopCloser(bytes.NewReader(raw)) // for who reads it after once
	return raw, nil
}

// object reads the body as one JSON object; an empty body is an empty object if it may be.
func (c *call) object(mayBeEmpty bool) (map[string]any, error) {
	raw, err := c.body()
	if err != nil {
		return nil, err
	}
	if len(raw) == 0 && mayBeEmpty {
		return nil, nil
	}
	switch media, _, err := mime.ParseMediaType(c.R.Header.Get("Content-Type")); {
	case err != nil, media != "application/json" && media != "application/merge-patch+json":
		return nil, fault.New(fault.Invalid, "the body must be JSON, with Content-Type: application/json")
	case !utf8.Valid(raw):
		return nil, fault.New(fault.Invalid, "the body is not UTF-8")
	}
	v, err := decodeBody(raw)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the body cannot be read as JSON: %v", err)
	}
	o, ok := v.(map[string]any)
	if !ok {
		return nil, fault.New(fault.Invalid, "the body must be a JSON object")
	}
	return o, nil
}

// decodeBody reads bytes that are one value.
func decodeBody(raw []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	v, err := decode(d, "", 0)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("it goes on after its end")
	}
	return v, nil
}

// decode reads one value. Unlike the standard library it refuses a member that stands
// twice, of which readers see different ones, and what is nested deeply.
func decode(d *json.Decoder, at string, depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("it is nested deeper than %d", maxDepth)
	}
	t, err := d.Token()
	if err != nil {
		return nil, whole(err)
	}
	switch t {
	case json.Delim('{'):
		o := map[string]any{}
		for d.More() {
			t, err := d.Token()
			if err != nil {
				return nil, whole(err)
			}
			name := t.(string) // nothing else can stand there
			if _, twice := o[name]; twice {
				return nil, fmt.Errorf("%q stands twice", at+name)
			}
			if o[name], err = decode(d, at+name+".", depth+1); err != nil {
				return nil, err
			}
		}
		_, err = d.Token()
		return o, whole(err)
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := decode(d, at, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err = d.Token()
		return list, whole(err)
	}
	return t, nil
}

// whole names an end that came too early.
func whole(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// input reads the body as values to be written. Values of columns that people have added
// stand in the object custom, as they do in answers.
func (c *call) input() (table.Input, error) {
	o, err := c.object(false)
	if err != nil {
		return nil, err
	}
	return inputOf(o)
}

// inputOf are the members of an object as values to be written.
func inputOf(o map[string]any) (table.Input, error) {
	in := table.Input{}
	var f fault.Fields
	for name, v := range o {
		switch custom, ok := v.(map[string]any); {
		case name == customName && ok:
			for name, v := range custom {
				in[table.CustomPrefix+name] = v
			}
		case name == customName:
			f.Add(name, "must be an object with the fields that people have added")
		case len(name) > len(table.CustomPrefix) && name[:len(table.CustomPrefix)] == table.CustomPrefix:
			f.Add(name, "stands as a member of the object %s", customName)
		default:
			in[name] = v
		}
	}
	return in, f.Err()
}

// fieldsOf returns the fields of a failure.
func fieldsOf(err error) []fault.Field {
	var f *fault.Error
	if errors.As(err, &f) {
		if len(f.Fields) == 0 {
			return []fault.Field{{Message: f.Message}}
		}
		return f.Fields
	}
	return nil
}
