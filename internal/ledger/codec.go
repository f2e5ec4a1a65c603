package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
)

// This file is the only one that turns entities into documents and back. Zero, absent
// and null are one value. Members that this binary does not know survive an edit by it,
// at every depth of objects; elements of arrays are replaced whole.

type object = map[string]json.RawMessage

var null = json.RawMessage("null")

// marshal is json.Marshal without the escaping for HTML, which would make documents
// longer and unreadable in SQL.
func marshal(v any) ([]byte, error) {
	b := buffers.Get().(*encodeBuffer)
	defer buffers.Put(b)
	b.Reset()
	if err := b.enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.Clone(b.Bytes()[:b.Len()-1]), nil // without Encode's line feed
}

type encodeBuffer struct {
	bytes.Buffer
	enc *json.Encoder
}

var buffers = sync.Pool{New: func() any {
	b := &encodeBuffer{}
	b.enc = json.NewEncoder(&b.Buffer)
	b.enc.SetEscapeHTML(false)
	return b
}}

// encode returns the document of e.
func (p *fields) encode(e Entity) ([]byte, error) {
	raw, err := marshal(e)
	if err != nil || len(e.meta().rest) == 0 {
		return raw, err
	}
	return mergeRest(raw, e.meta().rest)
}

// encodeField returns the JSON of one field of e, null for its zero value.
func (p *fields) encodeField(e Entity, f *field) (json.RawMessage, error) {
	v := f.of(reflect.ValueOf(e).Elem())
	raw := null
	if !isZero(v) {
		var err error
		if raw, err = marshal(v.Interface()); err != nil {
			return nil, err
		}
	}
	rest, ok := e.meta().rest[f.name]
	if !ok {
		return raw, nil
	}
	var members object
	if err := json.Unmarshal(rest, &members); err != nil {
		return nil, err
	}
	return mergeRest(raw, members)
}

func isZero(v reflect.Value) bool {
	if z, ok := v.Interface().(interface{ IsZero() bool }); ok {
		return z.IsZero()
	}
	return v.IsZero()
}

// mergeRest adds unknown members to an object.
func mergeRest(raw json.RawMessage, rest object) (json.RawMessage, error) {
	var doc object
	if err := json.Unmarshal(raw, &doc); err != nil {
		return nil, err
	}
	if doc == nil {
		doc = object{}
	}
	for name, more := range rest {
		known, both := doc[name]
		if !both || !bytes.HasPrefix(known, []byte("{")) {
			if !both {
				doc[name] = more
			}
			continue
		}
		var inner object
		if err := json.Unmarshal(more, &inner); err != nil {
			return nil, err
		}
		merged, err := mergeRest(known, inner)
		if err != nil {
			return nil, err
		}
		doc[name] = merged
	}
	return marshal(doc)
}

// strict reads documents one behind the other, refusing members that their types lack:
// one decoder for many, because making one costs a third of reading a document.
func strict(docs []byte) *json.Decoder {
	dec := json.NewDecoder(bytes.NewReader(docs))
	dec.DisallowUnknownFields()
	return dec
}

// decode fills e, a new entity, from a document, which is the next one of dec.
func (p *fields) decode(dec *json.Decoder, raw []byte, e Entity) error {
	if err := dec.Decode(e); err == nil {
		return nil
	}
	p.reset(e)
	if err := json.Unmarshal(raw, e); err != nil {
		return fmt.Errorf("ledger: document of %s: %w", p.typ, err)
	}
	var doc object
	if err := json.Unmarshal(raw, &doc); err != nil {
		return err
	}
	rest := object{}
	for name, value := range doc {
		f, known := p.byName[name]
		if !known {
			rest[name] = value
		} else if f.nested {
			if more := unknown(value, f.typ); more != nil {
				rest[name] = more
			}
		}
	}
	if len(rest) > 0 {
		e.meta().rest = rest
	}
	return nil
}

func (p *fields) reset(e Entity) {
	v := reflect.ValueOf(e).Elem()
	for _, f := range p.list {
		f.of(v).SetZero()
	}
}

// unknown returns the members of the object raw that type t has no field for, or nil.
func unknown(raw json.RawMessage, t reflect.Type) json.RawMessage {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t == typText || t == typSecret || !bytes.HasPrefix(raw, []byte("{")) {
		return nil
	}
	var doc object
	if json.Unmarshal(raw, &doc) != nil {
		return nil
	}
	rest := object{}
	for name, value := range doc {
		known := false
		for i := range t.NumField() {
			if tag, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); tag == name {
				known = true
				if more := unknown(value, t.Field(i).Type); more != nil {
					rest[name] = more
				}
			}
		}
		if !known {
			rest[name] = value
		}
	}
	if len(rest) == 0 {
		return nil
	}
	out, _ := marshal(rest)
	return out
}

// setField gives one field of e the value that the journal or a merge has for it. A
// field that this binary does not know is kept beside the known ones.
func (p *fields) setField(e Entity, name string, raw json.RawMessage) error {
	m := e.meta()
	f, known := p.byName[name]
	if !known {
		rest := object{}
		for k, v := range m.rest {
			rest[k] = v
		}
		if isNull(raw) {
			delete(rest, name)
		} else {
			rest[name] = raw
		}
		m.rest = rest
		return nil
	}
	v := f.of(reflect.ValueOf(e).Elem())
	v.SetZero()
	if isNull(raw) {
		return nil
	}
	if err := json.Unmarshal(raw, v.Addr().Interface()); err != nil {
		return fmt.Errorf("ledger: field %s of %s: %w", name, p.typ, err)
	}
	if !f.nested {
		return nil
	}
	more := unknown(raw, f.typ)
	if _, had := m.rest[name]; more != nil || had {
		rest := object{}
		for k, v := range m.rest {
			rest[k] = v
		}
		delete(rest, name)
		if more != nil {
			rest[name] = more
		}
		m.rest = rest
	}
	return nil
}

func isNull(raw json.RawMessage) bool { return len(raw) == 0 || bytes.Equal(raw, null) }

// FieldChange is one changed field of an entity: its JSON before and after, null where
// there was or is nothing. A changed secret has the word "changed" on both sides.
type FieldChange struct {
	Field    string
	Old, New json.RawMessage
}

// Changes are the changed fields of one entry, by the order of the kind's Go type.
type Changes []FieldChange

var secretChanged = json.RawMessage(`"changed"`)

// Get returns the change of the named field.
func (c Changes) Get(field string) (FieldChange, bool) {
	for _, ch := range c {
		if ch.Field == field {
			return ch, true
		}
	}
	return FieldChange{}, false
}

// MarshalJSON writes {"field": [old, new], …}.
func (c Changes) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, ch := range c {
		if i > 0 {
			b = append(b, ',')
		}
		name, err := marshal(ch.Field)
		if err != nil {
			return nil, err
		}
		b = append(b, name...)
		b = append(b, ':', '[')
		b = append(b, orNull(ch.Old)...)
		b = append(b, ',')
		b = append(b, orNull(ch.New)...)
		b = append(b, ']')
	}
	return append(b, '}'), nil
}

func orNull(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return null
	}
	return raw
}

// UnmarshalJSON reads what MarshalJSON writes, keeping the order. It is how the past is
// read, so it does not parse the values: they stay the bytes they are.
func (c *Changes) UnmarshalJSON(b []byte) error { return c.parse(bytes.Clone(b)) }

// parse keeps b.
func (c *Changes) parse(b []byte) error {
	*c = nil
	s := scanner{b: b}
	s.expect('{')
	for !s.failed && !s.next('}') {
		if len(*c) > 0 {
			s.expect(',')
		}
		quoted := s.value()
		s.expect(':')
		s.expect('[')
		old := s.value()
		s.expect(',')
		now := s.value()
		s.expect(']')
		var name string
		if s.failed || json.Unmarshal(quoted, &name) != nil {
			break
		}
		*c = append(*c, FieldChange{Field: name, Old: old, New: now})
	}
	if s.failed || !s.next('}') {
		return errors.New(`ledger: changes must have the form {"field": [old, new], …}`)
	}
	return nil
}

// scanner cuts valid JSON into its values.
type scanner struct {
	b      []byte
	failed bool
}

func (s *scanner) next(c byte) bool {
	for len(s.b) > 0 && (s.b[0] == ' ' || s.b[0] == '\n' || s.b[0] == '\t' || s.b[0] == '\r') {
		s.b = s.b[1:]
	}
	return len(s.b) > 0 && s.b[0] == c
}

func (s *scanner) expect(c byte) {
	if !s.next(c) {
		s.failed = true
		return
	}
	s.b = s.b[1:]
}

// value takes the next value off.
func (s *scanner) value() json.RawMessage {
	s.next(0) // skips blanks
	depth, inText, i := 0, false, 0
	for ; i < len(s.b); i++ {
		c := s.b[i]
		switch {
		case inText && c == '\\':
			i++
		case c == '"':
			inText = !inText
		case inText:
		case c == '{' || c == '[':
			depth++
		case depth > 0 && (c == '}' || c == ']'):
			depth--
		case depth == 0 && (c == ',' || c == ':' || c == '}' || c == ']' || c == ' ' || c == '\n'):
			return s.cut(i)
		}
	}
	return s.cut(i)
}

func (s *scanner) cut(n int) json.RawMessage {
	if n == 0 || n > len(s.b) {
		s.failed = true
		return nil
	}
	v := json.RawMessage(s.b[:n:n])
	s.b = s.b[n:]
	return v
}

// diff returns the changed fields from a to b; nil stands for no entity.
func (p *fields) diff(a, b Entity) (Changes, error) {
	var av, bv reflect.Value
	zero := reflect.Value{}
	if a != nil {
		av = reflect.ValueOf(a).Elem()
	}
	if b != nil {
		bv = reflect.ValueOf(b).Elem()
	}
	var out Changes
	add := func(f *field) error {
		ch := FieldChange{Field: f.name, Old: null, New: null}
		if f.class == secretive {
			ch.Old, ch.New = secretChanged, secretChanged
			out = append(out, ch)
			return nil
		}
		var err error
		if a != nil {
			if ch.Old, err = p.encodeField(a, f); err != nil {
				return err
			}
		}
		if b != nil {
			if ch.New, err = p.encodeField(b, f); err != nil {
				return err
			}
		}
		if !bytes.Equal(ch.Old, ch.New) {
			out = append(out, ch)
		}
		return nil
	}
	for _, f := range p.list {
		switch {
		case av == zero && isZero(f.of(bv)) && b.meta().rest[f.name] == nil:
		case bv == zero && isZero(f.of(av)) && a.meta().rest[f.name] == nil:
		case av != zero && bv != zero && f.equal(f.of(av), f.of(bv)) && sameRest(a, b, f.name):
		default:
			if err := add(f); err != nil {
				return nil, err
			}
		}
	}
	return append(out, p.diffRest(a, b)...), nil
}

func sameRest(a, b Entity, name string) bool {
	return bytes.Equal(a.meta().rest[name], b.meta().rest[name])
}

// diffRest compares the members that this binary does not know: they change when a
// merge or an undo carries what a newer binary wrote.
func (p *fields) diffRest(a, b Entity) Changes {
	var ra, rb object
	if a != nil {
		ra = a.meta().rest
	}
	if b != nil {
		rb = b.meta().rest
	}
	var out Changes
	for name, old := range ra {
		if _, known := p.byName[name]; !known && !bytes.Equal(old, rb[name]) {
			out = append(out, FieldChange{name, old, orNull(rb[name])})
		}
	}
	for name, now := range rb {
		if _, known := p.byName[name]; !known && ra[name] == nil {
			out = append(out, FieldChange{name, null, now})
		}
	}
	return out
}
