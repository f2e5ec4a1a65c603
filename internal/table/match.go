package table

import (
	"fmt"
	"slices"
	"strings"

	"github.com/throughline-pm/throughline/internal/calendar"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
)

// matcher turns a filter into a function; every condition that cannot be is reported.
func (t *Table[T]) matcher(s *Scope, columns []Column[T], f Filter) (func(*T) bool, error) {
	var faults fault.Fields
	match := t.match(s, columns, f, &faults)
	if len(faults) > 0 {
		return nil, &fault.Error{Kind: fault.Invalid, Message: "the filter is not valid", Fields: faults}
	}
	return match, nil
}

func (t *Table[T]) match(s *Scope, columns []Column[T], f Filter, faults *fault.Fields) func(*T) bool {
	switch f := f.(type) {
	case *Join:
		parts := make([]func(*T) bool, len(f.Parts))
		for i, p := range f.Parts {
			parts[i] = t.match(s, columns, p, faults)
		}
		return func(e *T) bool {
			for _, p := range parts {
				if p(e) == f.Any {
					return f.Any
				}
			}
			return !f.Any
		}
	case *Not:
		part := t.match(s, columns, f.Part, faults)
		return func(e *T) bool { return !part(e) }
	}
	c := f.(*Condition)
	i := slices.IndexFunc(columns, func(x Column[T]) bool { return x.Name == c.Column })
	if i < 0 {
		faults.Add("filter", "there is no column %q; there are %s", c.Column, names(columns))
		return nil
	}
	m, err := columns[i].match(s, c)
	if err != nil {
		faults.Add("filter", "%s: %v", c.Column, plain(err))
	}
	return m
}

func names[T any](columns []Column[T]) string {
	all := make([]string, len(columns))
	for i, c := range columns {
		all[i] = c.Name
	}
	return strings.Join(all, ", ")
}

// match returns the function of one condition.
func (c *Column[T]) match(s *Scope, on *Condition) (func(*T) bool, error) {
	switch on.Op {
	case Empty:
		return func(e *T) bool { return c.empty(s, e) }, nil
	case NotEmpty:
		return func(e *T) bool { return !c.empty(s, e) }, nil
	case IsNot, NotIn:
		inner := &Condition{on.Column, In, on.Values}
		m, err := c.match(s, inner)
		if err != nil {
			return nil, err
		}
		return func(e *T) bool { return !m(e) }, nil
	}
	switch {
	case c.Type == TypeMoment:
		return c.matchMoment(s, on)
	case c.Type == TypeDay:
		days := make([]string, len(on.Values))
		for i, v := range on.Values {
			d, err := calendar.Resolve(v, s.Today, s.Week)
			if err != nil {
				return nil, err
			}
			days[i] = string(d)
		}
		return c.matchOrder(on, func(e *T) (string, bool) { t := c.text(s, e); return t, t != "" }, days)
	case c.num != nil:
		all := make([]float64, len(on.Values))
		for i, v := range on.Values {
			n, ok, err := asNumber(v)
			if err != nil || !ok {
				return nil, fmt.Errorf("%q is no number", v)
			}
			all[i] = n
		}
		return matchNumber(on, func(e *T) (float64, bool) { return c.num(s, e) }, all)
	case c.flag != nil:
		return c.matchFlag(s, on)
	case c.ref != nil || c.refs != nil:
		return c.matchLink(s, on)
	case c.list != nil:
		return c.matchWords(on, func(e *T) []string { return c.list(s, e) })
	case c.Type == TypeChoice:
		options := c.options(s.View)
		chosen := make([]string, len(on.Values))
		for i, v := range on.Values {
			o, err := asOption(options, v)
			if err != nil {
				return nil, err
			}
			chosen[i] = o
		}
		if on.Op != Is && on.Op != In {
			return nil, fmt.Errorf("a choice is compared by =, in or is empty, not by %s", on.Op)
		}
		return func(e *T) bool { return slices.Contains(chosen, c.text(s, e)) }, nil
	case c.text != nil:
		return c.matchWords(on, func(e *T) []string { return []string{c.text(s, e)} })
	default:
		return c.matchWords(on, func(e *T) []string { return []string{c.Show(s, e)} })
	}
}

func (c *Column[T]) empty(s *Scope, e *T) bool {
	switch {
	case c.num != nil:
		_, ok := c.num(s, e)
		return !ok
	case c.flag != nil:
		return !c.flag(s, e)
	case c.text != nil:
		return c.text(s, e) == ""
	case c.ref != nil:
		return c.ref(e).IsZero()
	case c.refs != nil:
		return len(c.refs(s, e)) == 0
	case c.list != nil:
		return len(c.list(s, e)) == 0
	default:
		return c.Show(s, e) == ""
	}
}

func (c *Column[T]) matchFlag(s *Scope, on *Condition) (func(*T) bool, error) {
	if on.Op != Is && on.Op != In {
		return nil, fmt.Errorf("is yes or no and is compared by =, not by %s", on.Op)
	}
	var want []bool
	for _, v := range on.Values {
		b, err := asFlag(v)
		if err != nil {
			return nil, err
		}
		want = append(want, b)
	}
	return func(e *T) bool { return slices.Contains(want, c.flag(s, e)) }, nil
}

// matchLink compares identifiers; a name is looked up once.
func (c *Column[T]) matchLink(s *Scope, on *Condition) (func(*T) bool, error) {
	if on.Op == Contains {
		folded := strings.ToLower(on.Values[0])
		return func(e *T) bool { return strings.Contains(strings.ToLower(c.Show(s, e)), folded) }, nil
	}
	if on.Op != Is && on.Op != In {
		return nil, fmt.Errorf("a link is compared by =, in, contains or is empty, not by %s", on.Op)
	}
	wanted := map[ledger.ID]bool{}
	for _, v := range on.Values {
		id, err := s.Find(c.Kind, v)
		if err != nil {
			return nil, err
		}
		wanted[id] = true
	}
	if c.ref != nil {
		return func(e *T) bool { return wanted[c.ref(e)] }, nil
	}
	return func(e *T) bool {
		return slices.ContainsFunc(c.refs(s, e), func(r ledger.Ref) bool { return wanted[r.ID()] })
	}, nil
}

// matchWords compares texts without regard to case.
func (c *Column[T]) matchWords(on *Condition, of func(*T) []string) (func(*T) bool, error) {
	folded := make([]string, len(on.Values))
	for i, v := range on.Values {
		folded[i] = strings.ToLower(v)
	}
	var hit func(string) bool
	switch on.Op {
	case Is, In:
		hit = func(t string) bool { return slices.Contains(folded, t) }
	case Contains:
		hit = func(t string) bool { return strings.Contains(t, folded[0]) }
	default:
		return nil, fmt.Errorf("a text is compared by =, in, contains or is empty, not by %s", on.Op)
	}
	return func(e *T) bool {
		return slices.ContainsFunc(of(e), func(t string) bool { return hit(strings.ToLower(t)) })
	}, nil
}

// matchMoment compares the day on which something happened, in the zone of the scope.
func (c *Column[T]) matchMoment(s *Scope, on *Condition) (func(*T) bool, error) {
	days := make([]string, len(on.Values))
	for i, v := range on.Values {
		d, err := calendar.Resolve(v, s.Today, s.Week)
		if err != nil {
			return nil, err
		}
		days[i] = string(d)
	}
	zone := s.zone()
	return c.matchOrder(on, func(e *T) (string, bool) {
		n, ok := c.num(s, e)
		if !ok {
			return "", false
		}
		return string(calendar.DayOf(ledger.Time(n).Go().In(zone))), true
	}, days)
}

func (c *Column[T]) matchOrder(on *Condition, of func(*T) (string, bool), values []string) (func(*T) bool, error) {
	return compare(on, of, values, strings.Compare)
}

func matchNumber[T any](on *Condition, of func(*T) (float64, bool), values []float64) (func(*T) bool, error) {
	return compare(on, of, values, func(a, b float64) int {
		switch {
		case a < b:
			return -1
		case a > b:
			return 1
		}
		return 0
	})
}

// compare returns the function of a comparison of ordered values; nothing compares with
// what is empty.
func compare[T, V any](on *Condition, of func(*T) (V, bool), values []V, cmp func(a, b V) int) (func(*T) bool, error) {
	var holds func(V) bool
	switch on.Op {
	case Is, In:
		holds = func(v V) bool { return slices.ContainsFunc(values, func(w V) bool { return cmp(v, w) == 0 }) }
	case Less:
		holds = func(v V) bool { return cmp(v, values[0]) < 0 }
	case AtMost:
		holds = func(v V) bool { return cmp(v, values[0]) <= 0 }
	case More:
		holds = func(v V) bool { return cmp(v, values[0]) > 0 }
	case AtLeast:
		holds = func(v V) bool { return cmp(v, values[0]) >= 0 }
	default:
		return nil, fmt.Errorf("cannot be compared by %s; use =, <, <=, >, >= or in", on.Op)
	}
	return func(e *T) bool {
		v, ok := of(e)
		return ok && holds(v)
	}, nil
}
