package exchange

import (
	"archive/zip"
	"bufio"
	"context"
	"encoding/json"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
)

// Export writes the entities of the given kinds, or of all, as the scope's view shows
// them: now, at a past moment, in a proposal. In JSON Lines each entity is one line. In
// CSV one kind is one file, and several are a zip archive with one file each.
//
// What is written can be imported again. An entity has its key of another tool as
// external_key, or else its own; a reference is the shortest name that is unmistakable.
// Cells that a spreadsheet could take for formulas have an apostrophe in front.
//
// Errors: fault.Invalid for a kind or a format that there is not.
func Export(ctx context.Context, w io.Writer, s *table.Scope, kinds []string, f Format) error {
	var tables []table.Any
	for _, kind := range kinds {
		t, ok := s.Set.Of(kind)
		if !ok {
			if t, ok = s.Set.Named(kind); !ok {
				return fault.New(fault.Invalid, "%q is no kind of entity", kind)
			}
		}
		tables = append(tables, t)
	}
	if len(tables) == 0 {
		tables = s.Set.All()
	}
	x := &exporter{ctx: ctx, s: s, names: map[string]map[string]int{}}
	switch {
	case f == JSON:
		dst := bufio.NewWriter(w)
		for _, t := range tables {
			if err := x.lines(dst, t); err != nil {
				return err
			}
		}
		return dst.Flush()
	case f == CSV && len(tables) == 1:
		return x.sheet(w, tables[0])
	case f == CSV:
		archive := zip.NewWriter(w)
		for _, t := range tables {
			file, err := archive.Create(t.Name() + ".csv")
			if err != nil {
				return err
			}
			if err := x.sheet(file, t); err != nil {
				return err
			}
		}
		return archive.Close()
	}
	return fault.New(fault.Invalid, "%q is no format of files; take csv or jsonl", f)
}

type exporter struct {
	ctx   context.Context
	s     *table.Scope
	names map[string]map[string]int // by kind: how many entities have the name
}

// columns returns what is written of a table: all that can be imported again, and what
// the kernel keeps.
func (x *exporter) columns(t table.Any) (all []table.Info) {
	for _, c := range t.Columns(x.s.View) {
		switch {
		case slices.Contains([]string{"external_key", "id"}, c.Name): // written first
		case c.Writable, slices.Contains(linkFields, c.Name), slices.Contains([]string{"key", fieldCreated, "updated_at"}, c.Name):
			all = append(all, c)
		}
	}
	return all
}

// lines writes a table as JSON Lines.
func (x *exporter) lines(dst *bufio.Writer, t table.Any) error {
	columns := x.columns(t)
	_, keyed := t.Column(x.s.View, "external_key")
	for row := range t.Rows(x.s.View) {
		if err := x.ctx.Err(); err != nil {
			return err
		}
		o := jsonObject{dst: dst}
		o.member(fieldKind, t.Kind())
		if keyed {
			o.member("external_key", x.key(t, row))
		}
		o.member("id", row.ID())
		for _, c := range columns {
			v, err := x.value(t, row, c)
			if err != nil {
				return err
			}
			if v != nil {
				o.member(c.Name, v)
			}
		}
		if err := o.end(); err != nil {
			return err
		}
	}
	return nil
}

// jsonObject writes one object on a line, its members in the order given.
type jsonObject struct {
	dst *bufio.Writer
	n   int
	err error
}

func (o *jsonObject) member(name string, v any) {
	sign := byte(',')
	if o.n == 0 {
		sign = '{'
	}
	o.n++
	key, err := json.Marshal(name)
	if err != nil {
		o.err = err
		return
	}
	value, err := json.Marshal(v)
	if err != nil {
		o.err = err
		return
	}
	_ = o.dst.WriteByte(sign)
	_, _ = o.dst.Write(append(key, ':'))
	_, _ = o.dst.Write(value)
}

func (o *jsonObject) end() error {
	_, err := o.dst.WriteString("}\n") // a bufio.Writer keeps its first error
	if o.err != nil {
		return o.err
	}
	return err
}

// sheet writes a table as CSV.
func (x *exporter) sheet(w io.Writer, t table.Any) error {
	dst := newCSVWriter(w)
	columns := x.columns(t)
	header := []string{"id"}
	_, keyed := t.Column(x.s.View, "external_key")
	if keyed {
		header = append(header, "external_key")
	}
	for _, c := range columns {
		header = append(header, c.Name)
	}
	if err := dst.row(header); err != nil {
		return err
	}
	for row := range t.Rows(x.s.View) {
		if err := x.ctx.Err(); err != nil {
			return err
		}
		cells := []string{row.ID().String()}
		if keyed {
			cells = append(cells, x.key(t, row))
		}
		for _, c := range columns {
			v, err := x.value(t, row, c)
			if err != nil {
				return err
			}
			cells = append(cells, cell(v))
		}
		if err := dst.row(cells); err != nil {
			return err
		}
	}
	return dst.dst.Flush()
}

// cell returns a value as a cell has it.
func cell(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case []string:
		return strings.Join(v, "; ")
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	case ledger.Time:
		raw, _ := v.MarshalText()
		return string(raw)
	}
	return ""
}

// value returns a text, a number, true, a moment or a list of texts; nil for nothing.
func (x *exporter) value(t table.Any, row table.Row, c table.Info) (any, error) {
	if c.Type == table.TypeObject {
		return something(t.Show(x.s, row, c.Name)), nil
	}
	switch v := t.Value(x.s, row, c.Name).(type) {
	case ledger.TextRef:
		all, err := ledger.Text(x.ctx, x.s.View, v)
		return something(all), err
	case string:
		return something(v), nil
	case bool:
		if v {
			return true, nil
		}
		return nil, nil
	case float64, ledger.Time:
		return v, nil
	case table.Target:
		return something(x.name(v)), nil
	case []table.Target:
		var all []string
		for _, to := range v {
			if name := x.name(to); name != "" {
				all = append(all, name)
			}
		}
		if len(all) == 0 {
			return nil, nil
		}
		return all, nil
	case []string:
		if len(v) == 0 {
			return nil, nil
		}
		return v, nil
	case ledger.ID:
		if v.IsZero() {
			return nil, nil
		}
		return v.String(), nil
	default:
		return something(t.Show(x.s, row, c.Name)), nil
	}
}

func something(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// key returns by what an entity is known outside.
func (x *exporter) key(t table.Any, row table.Row) string {
	if key, ok := t.Value(x.s, row, "external_key").(string); ok && key != "" {
		return key
	}
	if row.Key() != "" {
		return row.Key()
	}
	return row.ID().String()
}

// name returns how a reference is written: by the name of its kind's entities if just
// one has it, else by the key. What the reader may not know is left out.
func (x *exporter) name(to table.Target) string {
	t, ok := x.s.Set.Of(to.Kind)
	if !ok || to.Private {
		return ""
	}
	row, ok := t.Row(x.s.View, to.ID)
	if !ok && x.s.Now != nil {
		row, ok = t.Row(x.s.Now, to.ID)
	}
	if !ok {
		return ""
	}
	column := identity[to.Kind]
	if column == "" {
		return x.key(t, row)
	}
	own, _ := t.Value(x.s, row, column).(string)
	if x.names[to.Kind] == nil {
		x.names[to.Kind] = map[string]int{}
		for other := range t.Rows(x.s.View) {
			name, _ := t.Value(x.s, other, column).(string)
			x.names[to.Kind][strings.ToLower(name)]++
		}
	}
	if own == "" || x.names[to.Kind][strings.ToLower(own)] > 1 {
		return x.key(t, row)
	}
	return own
}
