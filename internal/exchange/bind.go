package exchange

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/table"
)

// binding is a column mapping with the field of one kind that it leads to.
type binding struct {
	ColumnMapping
	info  table.Info
	order DateOrder
}

// linkFields are columns of features that stand for dependencies.
var linkFields = []string{"blocked_by", fieldBlocks, "relates", "duplicates"}

// bind settles the mapping and leads each of its columns to a field of each kind. What
// cannot be led anywhere is a problem of the column.
func (p *planner) bind() error {
	if err := p.choose(); err != nil {
		return err
	}
	p.setConstants()
	kinds := []string{p.Mapping.Kind}
	if p.Mapping.Kind == "" {
		kinds = nil
		for _, row := range p.rows {
			if kind := p.kindOf(row); !slices.Contains(kinds, kind) {
				kinds = append(kinds, kind)
			}
		}
	}
	defines := slices.Contains(kinds, "custom_field")
	for _, c := range p.Mapping.Columns {
		switch {
		case c.Column != "" && !slices.Contains(p.columns, c.Column):
			if !c.Optional && p.Rows > 0 {
				p.column(c.Column, "the file has no such column", `correct its name in the mapping, or mark it "optional"`)
			}
			continue
		case c.Field == "" && c.Certainty == None && p.Mapping.Others != OthersIgnore && len(p.sample(c.Column, 1)) > 0:
			p.column(c.Column, "it is not known what the column means", `give its "field" in a mapping file, or none to leave it out`)
			continue
		case c.Field == "":
			p.LeftOut = append(p.LeftOut, c.Column)
			continue
		}
		found, readable := false, false
		for _, kind := range kinds {
			t, ok := p.table(kind)
			if !ok {
				found = true // the rows say so
				continue
			}
			info, ok := p.fieldOf(t, c.Field)
			readable = readable || ok
			if ok && (info.Writable || p.special(t, c.Field)) {
				found = true
				p.bound[t.Kind()] = append(p.bound[t.Kind()], binding{c, info, p.orderOf(c, info)})
			}
		}
		switch {
		case found:
		case readable && p.request.Mapping == nil:
			p.LeftOut = append(p.LeftOut, c.Column) // Throughline computes it
		case readable:
			p.column(c.Column, "the field "+c.Field+" cannot be written", "leave the column out")
		case defines && strings.HasPrefix(c.Field, table.CustomPrefix):
			p.later = true
		default:
			p.column(c.Column, "there is no field "+c.Field, "take one of "+p.fieldNames(kinds))
		}
	}
	for _, name := range p.columns {
		if name == fieldKind && p.Mapping.Kind == "" || p.mentioned(name) {
			continue
		}
		if p.Mapping.Others == OthersIgnore {
			p.LeftOut = append(p.LeftOut, name)
		} else {
			p.column(name, "the mapping does not mention the column", `add it, with a field or without, or say "others": "ignore"`)
		}
	}
	return nil
}

// setConstants adds what the request says of every row to the mapping.
func (p *planner) setConstants() {
	if len(p.request.Set) == 0 {
		return
	}
	m := *p.Mapping
	m.Columns = slices.Clone(m.Columns)
	for _, field := range slices.Sorted(maps.Keys(p.request.Set)) {
		m.Columns = slices.DeleteFunc(m.Columns, func(c ColumnMapping) bool { return c.Column == "" && c.Field == field })
		m.Columns = append(m.Columns, ColumnMapping{Field: field, Constant: p.request.Set[field]})
	}
	p.Mapping = &m
}

// choose takes the mapping that was given, that of a known tool, or a guess.
func (p *planner) choose() error {
	r := p.request
	switch {
	case r.Mapping != nil:
		if err := r.Mapping.check(); err != nil {
			return err
		}
		p.Mapping = r.Mapping
	case r.Kind == "" && slices.Contains(p.columns, fieldKind):
		p.Mapping = p.ownMapping("")
	case r.Kind == "":
		if p.Mapping = recognised(p.columns); p.Mapping == nil {
			return fault.New(fault.Invalid, "say what the rows are with a kind, one of %s, or in a column kind", strings.Join(p.kinds(), ", "))
		}
	default:
		t, ok := p.table(r.Kind)
		if !ok {
			return fault.New(fault.Invalid, "%q is no kind of entity; name one of %s", r.Kind, strings.Join(p.kinds(), ", "))
		}
		if own := p.ownMapping(t.Kind()); p.allKnown(t) {
			p.Mapping = own
		} else {
			p.Mapping = Guess(t.Kind(), p.fields(t), p.columns, func(column string) []string { return p.sample(column, sampleRows) })
		}
	}
	m := *p.Mapping
	p.Mapping = &m
	m.Kind = cmp.Or(m.Kind, r.Kind)
	if t, ok := p.table(m.Kind); ok {
		m.Kind = t.Kind()
	}
	if t, ok := p.table(r.Kind); ok && t.Kind() != m.Kind {
		return fault.New(fault.Invalid, "the mapping is for the kind %s, not %s", m.Kind, t.Kind())
	}
	return nil
}

// ownMapping is the mapping for files that Export writes.
func (p *planner) ownMapping(kind string) *Mapping {
	m := &Mapping{Name: "throughline", Kind: kind}
	for _, c := range p.columns {
		if c == fieldKind {
			continue
		}
		cm := ColumnMapping{Column: c, Field: c, Certainty: Sure}
		if p.format == CSV {
			for _, t := range p.scope.Set.All() {
				if info, ok := p.fieldOf(t, c); ok && several(info) {
					cm.Split = ";"
				}
			}
		}
		m.Columns = append(m.Columns, cm)
	}
	return m
}

// allKnown reports whether every column of the file is one of the table.
func (p *planner) allKnown(t table.Any) bool {
	for _, c := range p.columns {
		if _, ok := t.Column(p.scope.View, c); !ok && c != fieldKind {
			return false
		}
	}
	return len(p.columns) > 0
}

// fieldOf returns the column of a table that a mapping names, custom ones with their
// prefix or without.
func (p *planner) fieldOf(t table.Any, name string) (table.Info, bool) {
	if name == fieldAlias {
		return table.Info{Name: fieldAlias, Type: table.TypeChoices}, true
	}
	if info, ok := t.Column(p.scope.View, name); ok {
		return info, true
	}
	return t.Column(p.scope.View, table.CustomPrefix+name)
}

// special reports whether an import writes a field that nothing else writes.
func (p *planner) special(t table.Any, field string) bool {
	return field == fieldCreated || field == fieldAlias || (t.Kind() == "feature" && slices.Contains(linkFields, field))
}

// fields returns what columns can be mapped to.
func (p *planner) fields(t table.Any) (all []table.Info) {
	for _, info := range t.Columns(p.scope.View) {
		if info.Writable || p.special(t, info.Name) {
			all = append(all, info)
		}
	}
	return all
}

func (p *planner) fieldNames(kinds []string) string {
	var all []string
	for _, kind := range kinds {
		if t, ok := p.table(kind); ok {
			for _, info := range p.fields(t) {
				if !slices.Contains(all, info.Name) {
					all = append(all, info.Name)
				}
			}
		}
	}
	return strings.Join(all, ", ")
}

// mentioned reports whether the mapping speaks of a column, or of a member inside it.
func (p *planner) mentioned(column string) bool {
	return slices.ContainsFunc(p.Mapping.Columns, func(c ColumnMapping) bool {
		return c.Column == column || strings.HasPrefix(c.Column, column+".")
	})
}

// column adds a problem of a whole column.
func (p *planner) column(name, reason, remedy string) {
	p.add(Problem{File: p.request.File.Name, Column: name, Reason: reason, Remedy: remedy})
}

// sample returns the first values of a column.
func (p *planner) sample(column string, most int) (all []string) {
	for _, row := range p.rows {
		values, _ := p.get(row, column)
		for _, v := range values {
			if len(all) == most {
				return all
			}
			if strings.TrimSpace(v) != "" {
				all = append(all, v)
			}
		}
	}
	return all
}

// orderOf returns the order of the dates in a column, as all its values tell it. A column
// that leaves it open is a problem: nothing is swapped by luck.
func (p *planner) orderOf(c ColumnMapping, info table.Info) DateOrder {
	if info.Type != table.TypeDay && info.Type != table.TypeMoment || c.DateFormat != "" || c.Column == "" {
		order, _ := ParseDateOrder(c.DateFormat)
		return order
	}
	var evidence orderEvidence
	for _, row := range p.rows {
		values, _ := p.get(row, c.Column)
		for _, v := range c.apply(values) {
			evidence.add(v)
		}
	}
	order, ok := evidence.order()
	switch {
	case ok:
	case evidence.unclear > 0 && evidence.dayFirst == 0:
		p.column(c.Column, fmt.Sprintf("day and month cannot be told apart in any of its dates, as %q", evidence.example),
			`say "date_format": "d/m/y" or "m/d/y" for the column in a mapping file`)
	default:
		p.column(c.Column, "some of its dates have the day first and some the month",
			`correct the dates, or say "date_format": "d/m/y" or "m/d/y" in a mapping file and correct those that do not fit`)
	}
	return order
}

// fill sets the values of an item from its row.
func (p *planner) fill(it *item, row Row) {
	values, present := map[string][]string{}, map[string]bool{}
	var order []binding
	for _, b := range p.bound[it.table.Kind()] {
		given, there := []string{b.Constant}, true
		if b.Column != "" {
			given, there = p.get(row, b.Column)
		}
		name := b.info.Name
		if !there || !several(b.info) && len(values[name]) > 0 {
			continue // not said, or said by a column that stands before in the mapping
		}
		if !present[name] {
			order = append(order, b)
			it.from[name] = b.Column
		}
		present[name] = true
		if it.raw[name] == "" {
			it.raw[name] = strings.Join(given, "; ")
		}
		for _, v := range p.request.repaired(row.Number, b.Column, b.apply(given)) {
			v, err := p.normal(b, v)
			switch {
			case errors.Is(err, errOrder) && b.order == AnyOrder && b.DateFormat == "":
				it.bad = true // the column's problem
			case err != nil:
				p.blame(it, name, v, err.Error(), remedyFor(b.info))
			case !slices.Contains(values[name], v):
				values[name] = append(values[name], v)
			}
		}
	}
	for _, b := range order {
		p.set(it, b, values[b.info.Name])
	}
	it.key, it.name = text(it.in["external_key"]), text(it.in["title"])
	for _, name := range []string{"name", "label"} {
		if n := text(it.in[name]); n != "" && it.name == "" {
			it.name = n
		}
	}
}

// normal returns a date as 2026-03-31 and everything else as it is.
func (p *planner) normal(b binding, v string) (string, error) {
	if b.info.Type != table.TypeDay || strings.TrimSpace(v) == "" {
		return v, nil
	}
	d, err := ParseDate(v, b.order)
	if err != nil {
		return v, err
	}
	return string(d.DayIn(p.scope.Zone)), nil
}

// set gives a field its values.
func (p *planner) set(it *item, b binding, values []string) {
	name := b.info.Name
	if name == fieldCreated {
		if len(values) == 0 {
			return
		}
		d, err := ParseDate(values[0], b.order)
		at := d.In(p.scope.Zone)
		switch {
		case errors.Is(err, errOrder):
			it.bad = true
		case err != nil:
			p.blame(it, name, values[0], err.Error(), "write it as 2026-03-31T14:30:00Z")
		case at.After(p.request.Now):
			p.blame(it, name, values[0], "it lies in the future", "correct the date")
		default:
			it.born = at
		}
		return
	}
	if name == fieldAlias {
		it.aliases = values
		return
	}
	if it.table.Kind() == "feature" && slices.Contains(linkFields, name) {
		if it.links == nil {
			it.links = map[string][]string{}
		}
		it.links[name] = values
		return
	}
	in, err := oneOrSeveral(b.info, values)
	if err != nil {
		p.blame(it, name, strings.Join(values, "; "), err.Error(), `say "list": "first", "last" or "join" for the column in a mapping file`)
		return
	}
	it.in[name] = in
	if t := b.info.Type; (t == table.TypeChoice || b.info.Kind == "status" || b.info.Kind == "person") && it.raw[name] != "" {
		p.mapped[[3]string{name, excerpt(it.raw[name]), excerpt(strings.Join(values, "; "))}]++
	}
}

// oneOrSeveral returns the values in the form that a field takes.
func oneOrSeveral(info table.Info, values []string) (any, error) {
	switch {
	case len(values) == 0:
		return nil, nil
	case several(info):
		all := make([]any, len(values))
		for i, v := range values {
			all[i] = v
		}
		return all, nil
	case len(values) == 1 && info.Type == table.TypeLongText:
		return values[0], nil
	case len(values) == 1:
		return strings.TrimSpace(values[0]), nil
	case info.Type == table.TypeObject:
		return strings.Join(values, "; "), nil
	case info.Type == table.TypeLongText:
		return strings.Join(values, "\n\n"), nil
	default:
		return nil, fmt.Errorf("it has %d values, and the field takes one", len(values))
	}
}
