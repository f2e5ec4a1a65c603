package api

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
)

// customName is the member that holds the columns that people have added.
const customName = "custom"

// encoder writes entities as JSON. It knows the types of columns by hand, since a page of
// fifty rows has a thousand values; json.Marshal does the rest.
type encoder struct {
	ctx   context.Context
	scope *table.Scope
	b     []byte
	err   error
}

// entity writes what is known of a row: id, key and version, then the columns in order,
// those that people have added in an object of their own.
func (e *encoder) entity(r table.Row, columns []table.Info, values []any) {
	e.b = append(e.b, `{"id":"`...)
	e.b = append(e.b, r.ID().String()...)
	e.b = append(e.b, '"')
	if r.Key() != "" {
		e.member("key", r.Key())
	}
	e.b = append(e.b, `,"version":`...)
	e.b = strconv.AppendInt(e.b, r.Version(), 10)
	for i, c := range columns {
		if !c.Custom {
			e.member(c.Name, values[i])
		}
	}
	custom := false
	for i, c := range columns {
		if !c.Custom {
			continue
		}
		if custom {
			e.member(c.Name[len(table.CustomPrefix):], values[i])
			continue
		}
		e.b = append(e.b, `,"`+customName+`":{`...)
		e.name(c.Name[len(table.CustomPrefix):])
		e.value(values[i])
		custom = true
	}
	if custom {
		e.b = append(e.b, '}')
	}
	e.b = append(e.b, '}')
}

func (e *encoder) member(name string, v any) {
	e.b = append(e.b, ',')
	e.name(name)
	e.value(v)
}

func (e *encoder) name(name string) {
	e.text(name)
	e.b = append(e.b, ':')
}

func (e *encoder) value(v any) {
	switch v := v.(type) {
	case nil:
		e.b = append(e.b, "null"...)
	case string:
		e.text(v)
	case bool:
		e.b = strconv.AppendBool(e.b, v)
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			e.b = append(e.b, "null"...)
			return
		}
		e.b = strconv.AppendFloat(e.b, v, 'f', -1, 64)
	case table.Target:
		e.target(v)
	case []table.Target:
		e.b = append(e.b, '[')
		for i, t := range v {
			if i > 0 {
				e.b = append(e.b, ',')
			}
			e.target(t)
		}
		e.b = append(e.b, ']')
	case []string:
		e.b = append(e.b, '[')
		for i, t := range v {
			if i > 0 {
				e.b = append(e.b, ',')
			}
			e.text(t)
		}
		e.b = append(e.b, ']')
	case ledger.Time:
		e.b = append(e.b, '"')
		at, err := v.MarshalText()
		if err != nil {
			e.err = err
		}
		e.b = append(e.b, at...)
		e.b = append(e.b, '"')
	case ledger.TextRef:
		if v.IsZero() {
			e.value(nil)
			return
		}
		t, err := ledger.Text(e.ctx, e.scope.View, v)
		if err != nil {
			e.err = err
		}
		e.text(t)
	default:
		e.other(v)
	}
}

func (e *encoder) target(t table.Target) {
	if t.Private {
		e.b = append(e.b, `{"private":true}`...)
		return
	}
	e.b = append(e.b, `{"id":"`...)
	e.b = append(e.b, t.ID.String()...)
	e.b = append(e.b, '"')
	e.member("kind", t.Kind)
	if t.Key != "" {
		e.member("key", t.Key)
	}
	e.member("title", t.Title)
	e.b = append(e.b, '}')
}

// text writes a text; most need no escapes.
func (e *encoder) text(t string) {
	for i := range len(t) {
		if c := t[i]; c < 0x20 || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			e.other(t)
			return
		}
	}
	e.b = append(e.b, '"')
	e.b = append(e.b, t...)
	e.b = append(e.b, '"')
}

func (e *encoder) other(v any) {
	b, err := json.Marshal(v)
	if err != nil {
		e.err = err
	}
	e.b = append(e.b, b...)
}

// choose returns the columns that an answer has: those that are named, or all, without
// long texts unless long says so. The key and the identifier always stand first.
func choose(all []table.Info, named []string, long bool) []table.Info {
	return slices.DeleteFunc(slices.Clone(all), func(c table.Info) bool {
		switch {
		case c.Name == "id" || c.Name == "key":
			return true
		case len(named) > 0:
			return !slices.Contains(named, c.Name)
		}
		return c.Type == table.TypeLongText && !long
	})
}
