package tableweb

import (
	"net/url"
	"slices"
	"strings"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// operators are what a new condition can say, by what they are called in the form.
var operators = []ui.Option{
	{Value: "in", Label: "is any of"},
	{Value: "not in", Label: "is none of"},
	{Value: "contains", Label: "contains"},
	{Value: ">=", Label: "at least"},
	{Value: "<=", Label: "at most"},
	{Value: "is empty", Label: "is empty"},
	{Value: "is not empty", Label: "is not empty"},
}

// withCondition joins the condition that the filter form sends to the filter.
func (l *listing) withCondition(v url.Values) (url.Values, error) {
	if v.Get("add") == "" {
		return v, nil
	}
	old, err := table.ParseFilter(v.Get("filter"))
	if err != nil {
		return v, err
	}
	c := &table.Condition{Column: v.Get("column"), Op: table.Op(v.Get("op"))}
	if !slices.ContainsFunc(operators, func(o ui.Option) bool { return o.Value == string(c.Op) }) {
		return v, fault.New(fault.Invalid, "%q is no comparison", c.Op)
	}
	for value := range strings.SplitSeq(v.Get("value"), ",") {
		if value = strings.TrimSpace(value); value != "" {
			c.Values = append(c.Values, value)
		}
	}
	switch {
	case c.Op == table.Empty || c.Op == table.NotEmpty:
		c.Values = nil
	case len(c.Values) == 0:
		return v, fault.New(fault.Invalid, "write what to compare with")
	case c.Op != table.In && c.Op != table.NotIn:
		c.Values = []string{strings.TrimSpace(v.Get("value"))}
	}
	v = url.Values(mapClone(v))
	v.Set("filter", table.And(old, c).String())
	return v, nil
}

func mapClone(v url.Values) map[string][]string {
	c := make(map[string][]string, len(v))
	for k, x := range v {
		c[k] = slices.Clone(x)
	}
	return c
}

// chips are the conditions that must all hold, each with the address without it.
func (l *listing) chips() []ui.Chip {
	if l.query.Filter == nil {
		return nil
	}
	parts := []table.Filter{l.query.Filter}
	if j, ok := l.query.Filter.(*table.Join); ok && !j.Any {
		parts = j.Parts
	}
	all := make([]ui.Chip, len(parts))
	for i, p := range parts {
		rest := slices.Delete(slices.Clone(parts), i, i+1)
		all[i] = ui.Chip{Field: "Filter", Value: p.String(), Remove: l.with(func(q *table.Query) {
			q.Filter = nil
			for _, r := range rest {
				q.Filter = table.And(q.Filter, r)
			}
		})}
		if c, ok := p.(*table.Condition); ok {
			all[i].Field, all[i].Operator, all[i].Value = l.labelOf(c.Column), operatorLabel(c.Op), strings.Join(c.Values, ", ")
		}
	}
	return all
}

func (l *listing) labelOf(column string) string {
	for _, c := range l.columns {
		if c.Name == column {
			return c.Label
		}
	}
	return column
}

func operatorLabel(op table.Op) string {
	switch op {
	case table.Is:
		return "is"
	case table.IsNot:
		return "is not"
	case table.Less:
		return "below"
	case table.More:
		return "above"
	}
	for _, o := range operators {
		if o.Value == string(op) {
			return o.Label
		}
	}
	return string(op)
}

func (l *listing) columnOptions() []ui.Option {
	var all []ui.Option
	for _, c := range l.columns {
		all = append(all, ui.Option{Value: c.Name, Label: c.Label})
	}
	return all
}
