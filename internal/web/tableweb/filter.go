package tableweb

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// between is what the forms call a condition with two ends; in a filter it is two.
const between table.Op = "between"

// choicesAtMost is how many boxes the form of a condition has; beyond that a name is typed.
const choicesAtMost = 60

// operators are what a condition on a column can say, the likeliest first.
func operators(c table.Info) []ui.Option {
	all := func(pairs ...string) []ui.Option {
		var o []ui.Option
		for i := 0; i < len(pairs); i += 2 {
			o = append(o, ui.Option{Value: pairs[i], Label: pairs[i+1]})
		}
		return append(o, ui.Option{Value: string(table.Empty), Label: "is empty"}, ui.Option{Value: string(table.NotEmpty), Label: "is not empty"})
	}
	switch c.Type {
	case table.TypeChoice, table.TypeLink, table.TypeLinks, table.TypeChoices:
		return all("in", "is any of", "not in", "is none of")
	case table.TypeFlag:
		return all("in", "is any of")[:1]
	case table.TypeNumber:
		return all(">=", "at least", "<=", "at most", string(between), "is between", "=", "is")
	case table.TypeDay, table.TypeMoment:
		return all(string(between), "is between", ">=", "is on or after", "<=", "is on or before", "=", "is on")
	case table.TypeObject:
		return all(">=", "at least", "<=", "at most", string(between), "is between", "contains", "contains")
	default:
		return all("contains", "contains", "in", "is any of", "not in", "is none of")
	}
}

// operatorLabel is how a chip says a comparison.
func operatorLabel(c table.Info, op table.Op) string {
	for _, o := range operators(c) {
		if o.Value == string(op) {
			return o.Label
		}
	}
	dated := c.Type == table.TypeDay || c.Type == table.TypeMoment
	switch {
	case op == table.Is:
		return "is"
	case op == table.IsNot:
		return "is not"
	case op == table.Less && dated:
		return "is before"
	case op == table.More && dated:
		return "is after"
	case op == table.Less:
		return "below"
	case op == table.More:
		return "above"
	}
	return string(op)
}

// hasChoices reports whether the form of a condition offers what the column can be.
func hasChoices(c table.Info) bool {
	switch c.Type {
	case table.TypeChoice, table.TypeChoices, table.TypeLink, table.TypeLinks, table.TypeFlag:
		return true
	default:
		return false
	}
}

// clause is what a chip stands for: one condition, two that are the ends of a range, or
// something that only the sentence can say.
type clause struct {
	parts     []table.Filter // as they stand in the filter
	condition *table.Condition
}

// clauses takes a filter apart into what its chips stand for; any says that one of them is
// enough.
func clauses(f table.Filter) (all []clause, any bool) {
	if f == nil {
		return nil, false
	}
	parts := []table.Filter{f}
	if j, ok := f.(*table.Join); ok {
		parts, any = j.Parts, j.Any
	}
	for i := 0; i < len(parts); i++ {
		if !any && i+1 < len(parts) {
			if c := span(parts[i], parts[i+1]); c != nil {
				all = append(all, clause{parts[i : i+2], c})
				i++
				continue
			}
		}
		c := clause{parts: parts[i : i+1]}
		switch p := parts[i].(type) {
		case *table.Condition:
			c.condition = p
		case *table.Join:
			if len(p.Parts) == 2 && !p.Any {
				c.condition = span(p.Parts[0], p.Parts[1])
			}
		}
		all = append(all, c)
	}
	return all, any
}

// span returns two conditions that are the ends of a range as one, nil if they are none.
func span(a, b table.Filter) *table.Condition {
	low, ok := a.(*table.Condition)
	high, ok2 := b.(*table.Condition)
	if !ok || !ok2 || low.Column != high.Column || low.Op != table.AtLeast || high.Op != table.AtMost {
		return nil
	}
	return &table.Condition{Column: low.Column, Op: between, Values: []string{low.Values[0], high.Values[0]}}
}

// join puts clauses together again.
func join(all []clause, any bool) table.Filter {
	var parts []table.Filter
	for _, c := range all {
		if any && len(c.parts) > 1 {
			parts = append(parts, &table.Join{Parts: c.parts})
			continue
		}
		for _, p := range c.parts {
			if j, ok := p.(*table.Join); ok && j.Any == any {
				parts = append(parts, j.Parts...)
				continue
			}
			parts = append(parts, p)
		}
	}
	switch len(parts) {
	case 0:
		return nil
	case 1:
		return parts[0]
	}
	return &table.Join{Any: any, Parts: parts}
}

// withCondition puts the condition that its form sends into the filter: in the place that
// "set" names, or behind the others.
func (l *listing) withCondition(v url.Values) (url.Values, error) {
	if v.Get("set") == "" {
		return v, nil
	}
	old, err := table.ParseFilter(v.Get("filter"))
	if err != nil {
		return v, err
	}
	all, any := clauses(old)
	made, err := l.condition(v)
	if err != nil {
		return v, err
	}
	at, err := strconv.Atoi(v.Get("set"))
	switch {
	case err != nil || at < 0 || at >= len(all):
		all = append(all, made...)
	default:
		all = slices.Concat(all[:at], made, all[at+1:])
	}
	v = url.Values(mapClone(v))
	v.Del("filter")
	if f := join(all, any); f != nil {
		v.Set("filter", f.String())
	}
	return v, nil
}

// condition reads the form of a condition: none if nothing was chosen.
func (l *listing) condition(v url.Values) ([]clause, error) {
	info, ok := l.Area.Table.Column(l.Scope.View, v.Get("column"))
	if !ok {
		return nil, fault.New(fault.Invalid, "there is no column %q", v.Get("column"))
	}
	op := table.Op(v.Get("op"))
	if !slices.ContainsFunc(operators(info), func(o ui.Option) bool { return o.Value == string(op) }) {
		return nil, fault.New(fault.Invalid, "%s is not compared by %q", info.Label, op)
	}
	one := func(op table.Op, values ...string) table.Filter {
		return &table.Condition{Column: info.Name, Op: op, Values: values}
	}
	text, to := strings.TrimSpace(v.Get("value")), strings.TrimSpace(v.Get("to"))
	switch op {
	case table.Empty, table.NotEmpty:
		return []clause{{parts: []table.Filter{one(op)}}}, nil
	case table.In, table.NotIn:
		var values []string
		for i := range choicesAtMost + 1 {
			if x := v.Get("v" + strconv.Itoa(i)); x != "" {
				values = append(values, x)
			}
		}
		for x := range strings.SplitSeq(text, ",") {
			if x = strings.TrimSpace(x); x != "" && !slices.Contains(values, x) {
				values = append(values, x)
			}
		}
		if len(values) == 0 {
			return nil, nil
		}
		return []clause{{parts: []table.Filter{one(op, values...)}}}, nil
	case between:
		var ends []table.Filter
		if text != "" {
			ends = append(ends, one(table.AtLeast, text))
		}
		if to != "" {
			ends = append(ends, one(table.AtMost, to))
		}
		if ends == nil {
			return nil, nil
		}
		return []clause{{parts: ends}}, nil
	}
	if text == "" {
		return nil, nil
	}
	return []clause{{parts: []table.Filter{one(op, text)}}}, nil
}

func mapClone(v url.Values) map[string][]string {
	c := make(map[string][]string, len(v))
	for k, x := range v {
		c[k] = slices.Clone(x)
	}
	return c
}

// chip is a condition of the filter above a list.
type chip struct {
	ui.Chip
	id   string
	edit string // where its form is, "" if only the sentence can change it
}

// chips are the conditions of the filter, each with the address without it and that of
// its form.
func (l *listing) chips() (chips []chip, any bool) {
	all, any := clauses(l.query.Filter)
	for i, c := range all {
		u := chip{id: "chip-" + strconv.Itoa(i), Chip: ui.Chip{Field: "Filter", Remove: l.with(func(q *table.Query) {
			q.Filter = join(slices.Concat(all[:i], all[i+1:]), any)
		})}}
		if info, ok := l.conditionColumn(c); ok {
			u.Field, u.Operator, u.Value = info.Label, operatorLabel(info, c.condition.Op), l.said(info, c.condition)
			u.edit = l.filterAddress(info.Name, strconv.Itoa(i))
		} else {
			u.Value = join([]clause{c}, any).String()
		}
		chips = append(chips, u)
	}
	return chips, any
}

func (l *listing) conditionColumn(c clause) (table.Info, bool) {
	if c.condition == nil {
		return table.Info{}, false
	}
	return l.Area.Table.Column(l.Scope.View, c.condition.Column)
}

// said is what a condition compares with, in words: at most three values by their names.
func (l *listing) said(info table.Info, c *table.Condition) string {
	all := make([]string, len(c.Values))
	options := l.Area.Table.Options
	for i, v := range c.Values {
		all[i] = v
		switch {
		case info.Kind != "" && !strings.EqualFold(v, "me"):
			if id, err := l.Scope.Find(info.Kind, v); err == nil {
				if t, ok := l.Scope.Target(info.Kind, id); ok {
					all[i] = t.String()
				}
			}
		case info.Type == table.TypeChoice:
			for _, o := range options(l.Scope, info.Name, optionsAtMost) {
				if strings.EqualFold(o.Name, v) {
					all[i] = o.Label
				}
			}
		}
	}
	if c.Op == between {
		return strings.Join(all, " and ")
	}
	if len(all) > 3 {
		return strconv.Itoa(len(all)) + " values"
	}
	return strings.Join(all, ", ")
}

// switchJoin returns the address of the list with "or" between the conditions in place of
// "and", or the other way round.
func (l *listing) switchJoin() string {
	all, any := clauses(l.query.Filter)
	return l.with(func(q *table.Query) { q.Filter = join(all, !any) })
}

// filterAddress is where the form of a condition is: one of the filter by its place, or a
// new one on the column.
func (l *listing) filterAddress(column, at string) string {
	list := l.address(l.query)
	path, query, _ := strings.Cut(list, "?")
	v, _ := url.ParseQuery(query) // made by us
	v.Set("column", column)
	v.Set("chip", at)
	return path + "/filter?" + v.Encode()
}

// conditionForm is the form of one condition.
type conditionForm struct {
	*listing
	info      table.Info
	at        string // its place in the filter, "new" for a new one
	op        string
	choices   []choice
	value, to string // what was typed
}

// choice is a box of the form.
type choice struct {
	name, value, label string
	chosen             bool
}

// filterForm answers with the form of one condition, in a popover or as a page.
func (a *Area) filterForm(q *web.Request) error {
	l, err := a.read(q)
	if err != nil {
		return err
	}
	info, ok := a.Table.Column(l.Scope.View, q.Query("column"))
	if !ok {
		return fault.New(fault.NotFound, "there is no column %q", q.Query("column"))
	}
	f := conditionForm{listing: l, info: info, at: cmp.Or(q.Query("chip"), "new"), op: operators(info)[0].Value}
	var values []string
	all, _ := clauses(l.query.Filter)
	if i, err := strconv.Atoi(f.at); err == nil && i >= 0 && i < len(all) {
		if c := all[i].condition; c != nil && c.Column == info.Name {
			f.op, values = formOp(info, c)
		}
	}
	f.fill(values)
	if q.Partial() {
		return q.Fragment(conditionFields(f))
	}
	return q.Page(web.Page{
		Title: "Filter: " + info.Label, Area: a.Table.Name(),
		Crumbs: []ui.Link{{Label: a.Table.Label(), Href: l.address(l.query)}},
	}, filterPage(f))
}

// formOp returns how the form shows a condition: what is one value there is any of one.
func formOp(info table.Info, c *table.Condition) (op string, values []string) {
	op = string(c.Op)
	if !slices.ContainsFunc(operators(info), func(o ui.Option) bool { return o.Value == op }) {
		switch c.Op {
		case table.Is:
			op = "in"
		case table.IsNot:
			op = "not in"
		case table.Less:
			op = "<="
		case table.More:
			op = ">="
		}
	}
	return op, c.Values
}

// fill puts the values of a condition into the form's boxes and fields.
func (f *conditionForm) fill(values []string) {
	if !hasChoices(f.info) {
		switch {
		case f.op == string(between) && len(values) == 2:
			f.value, f.to = values[0], values[1]
		default:
			f.value = strings.Join(values, ", ")
		}
		return
	}
	left := slices.Clone(values)
	add := func(value, label string, same func(string) bool) {
		c := choice{name: "v" + strconv.Itoa(len(f.choices)), value: value, label: label}
		left = slices.DeleteFunc(left, func(v string) bool {
			if same(v) {
				c.chosen = true
				return true
			}
			return false
		})
		f.choices = append(f.choices, c)
	}
	equal := func(texts ...string) func(string) bool {
		return func(v string) bool {
			return slices.ContainsFunc(texts, func(t string) bool { return strings.EqualFold(t, v) })
		}
	}
	if f.info.Type == table.TypeFlag {
		add("yes", "Yes", equal("yes", "true"))
		add("no", "No", equal("no", "false"))
		return
	}
	if f.info.Kind == "person" && !f.Scope.Me.IsZero() {
		add("me", "Me", equal("me"))
	}
	options := f.Area.Table.Options(f.Scope, f.info.Name, choicesAtMost)
	chosen := map[ledger.ID]string{} // what a link's value was written as
	if f.info.Kind != "" {
		for _, v := range values {
			if id, err := f.Scope.Find(f.info.Kind, v); err == nil && !strings.EqualFold(v, "me") {
				chosen[id] = v
			}
		}
	}
	for _, o := range options {
		if f.info.Kind == "" {
			add(o.Name, o.Label, equal(o.Name, o.Label))
			continue
		}
		value := o.Name
		if _, err := ledger.ParseID(o.Name); err == nil && sole(options, o.Label) { // a name says more than an identifier
			value = o.Label
		}
		written := ""
		if id, err := f.Scope.Find(f.info.Kind, o.Name); err == nil {
			written = chosen[id]
		}
		add(value, o.Label, func(v string) bool { return v == written })
	}
	for _, v := range left[:min(len(left), choicesAtMost+1-min(len(f.choices), choicesAtMost))] { // what the filter has and the list does not
		add(v, v, equal(v))
	}
}

// sole reports whether one option alone has the label.
func sole(options []table.Option, label string) bool {
	n := 0
	for _, o := range options {
		if strings.EqualFold(o.Label, label) {
			n++
		}
	}
	return n == 1
}

func (l *listing) labelOf(column string) string {
	for _, c := range l.columns {
		if c.Name == column {
			return c.Label
		}
	}
	return column
}
