package table

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/throughline-pm/throughline/internal/calendar"
	"github.com/throughline-pm/throughline/internal/ledger"
)

// CustomPrefix begins the names of columns that people have added.
const CustomPrefix = "custom."

// Custom is a column that people have added. Its value is JSON, as the type has it: a
// text, a number, a day as text, or a list of texts; nil is nothing.
func Custom[T any](i Info, options []Option, get func(*T) json.RawMessage, put func(*T, json.RawMessage)) Column[T] {
	i.Name, i.Custom, i.Writable = CustomPrefix+i.Name, true, true
	c := Column[T]{Info: i}
	text := func(_ *Scope, e *T) (t string) {
		_ = json.Unmarshal(get(e), &t) // of another type before the field was changed: empty
		return t
	}
	switch i.Type {
	case TypeNumber:
		c.num = func(_ *Scope, e *T) (float64, bool) { return CustomNumber(get(e)) }
	case TypeChoices:
		c.list = func(_ *Scope, e *T) (l []string) {
			_ = json.Unmarshal(get(e), &l)
			return l
		}
		c.options = func(ledger.View) []Option { return options }
	case TypeChoice:
		c.text, c.fold = text, true
		c.options = func(ledger.View) []Option { return options }
		c.order = func(s *Scope, e *T) (float64, bool) {
			at := slices.IndexFunc(options, func(o Option) bool { return o.Name == text(s, e) })
			return float64(at), at >= 0
		}
	default:
		c.text, c.fold = text, i.Type != TypeDay
	}
	c.set = func(s *Scope, _ Writer, e *T, in any) error {
		v, err := customValue(s, i.Type, options, in)
		if err != nil {
			return err
		}
		if v == nil {
			put(e, nil)
			return nil
		}
		raw, err := json.Marshal(v)
		if err == nil {
			put(e, raw)
		}
		return err
	}
	return c
}

// CustomComputed is a column that people have added and whose numbers follow from others.
func CustomComputed[T any](i Info, value func(*T) (float64, bool), reads ...ledger.AnyKind) Column[T] {
	i.Name, i.Custom, i.Computed, i.Type, i.Reads = CustomPrefix+i.Name, true, true, TypeNumber, reads
	return Column[T]{Info: i, num: func(_ *Scope, e *T) (float64, bool) { return value(e) }}
}

// CustomNumber reads the stored value of a column of numbers that people have added. JSON
// spells numbers as Go does, and reading one that way makes no garbage.
func CustomNumber(raw json.RawMessage) (float64, bool) {
	if len(raw) == 0 {
		return 0, false
	}
	n, err := strconv.ParseFloat(string(raw), 64)
	return n, err == nil
}

// customValue reads an input as a value of the type; nil is nothing.
func customValue(s *Scope, t Type, options []Option, in any) (any, error) {
	some := func(text string, err error) (any, error) {
		if err != nil || text == "" {
			return nil, err
		}
		return text, nil
	}
	switch t {
	case TypeNumber:
		n, ok, err := asNumber(in)
		if !ok {
			return nil, err
		}
		return n, err
	case TypeDay:
		d, err := asDay(s, in)
		return some(string(d), err)
	case TypeURL:
		return some(asURL(in))
	case TypeChoice:
		return some(asOption(options, in))
	case TypeChoices:
		l, err := asList(in)
		if err != nil || len(l) == 0 {
			return nil, err
		}
		for j, t := range l {
			if l[j], err = asOption(options, t); err != nil {
				return nil, err
			}
		}
		return l, nil
	default:
		text, err := asText(in)
		return some(strings.TrimSpace(text), err)
	}
}

// CustomLink is a column that people have added and that leads to an entity.
func CustomLink[T any](i Info, get func(*T) ledger.ID, put func(*T, ledger.ID)) Column[T] {
	i.Name, i.Custom, i.Writable, i.Type = CustomPrefix+i.Name, true, true, TypeLink
	c := Column[T]{Info: i}
	c.ref = get
	c.set = func(s *Scope, _ Writer, e *T, in any) error {
		id, err := asLink(s, i.Kind, in)
		if err == nil {
			put(e, id)
		}
		return err
	}
	return c
}

// ValidCustom reports whether stored JSON is a value of the type.
func ValidCustom(t Type, options []Option, raw json.RawMessage) error {
	var in any
	if err := json.Unmarshal(raw, &in); err != nil {
		return err
	}
	_, err := customValue(&Scope{Today: calendar.Day("2000-01-01")}, t, options, in)
	return err
}
