package table

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
)

// BulkAtMost is to how many entities one command may write: more would hold up everybody
// else who writes.
const BulkAtMost = 10_000

// Change is what is written to many entities at once.
type Change struct {
	Set Input
	// Add and Remove are elements that columns with several values gain and lose, by
	// column; the others stay as they are on each entity.
	Add, Remove map[string][]string
}

// IsZero reports whether the change writes nothing.
func (c Change) IsZero() bool { return len(c.Set) == 0 && len(c.Add) == 0 && len(c.Remove) == 0 }

// Columns returns the names of what the change writes.
func (c Change) Columns() []string {
	names := map[string]bool{}
	for n := range c.Set {
		names[n] = true
	}
	for n := range c.Add {
		names[n] = true
	}
	for n := range c.Remove {
		names[n] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// Apply writes the change to entities of a table. It is all or nothing: what is wrong
// with the values is said once, by column, and what the rules say of single entities by
// the key or title of each.
func (c Change) Apply(tx *ledger.Tx, s *Scope, t Any, ids []ledger.ID) error {
	if len(ids) > BulkAtMost {
		return fault.New(fault.Invalid, "%d %s are too many at once; at most %d can be written", len(ids), t.Name(), BulkAtMost)
	}
	s = s.In(tx)
	c, err := c.settled(s, t)
	if err != nil {
		return err
	}
	var refused fault.Fields
	for _, id := range ids {
		row, ok := t.Row(tx, id)
		if !ok {
			return gone(t, id)
		}
		in, err := c.of(s, t, row)
		if err != nil {
			refused.Add(nameOf(row), "%s", plain(err))
			continue
		}
		faults, err := t.Faults(s, row, in)
		if err != nil { // the value itself is wrong, for this entity as for all
			return err
		}
		for _, f := range faults {
			refused.Add(nameOf(row), "%s", labelled(t, tx, f))
		}
		if len(refused) == 0 {
			if err := t.Edit(tx, s, id, in); err != nil {
				return err
			}
		}
	}
	return refusal(refused, t)
}

// DeleteAll deletes entities of a table, all or none.
func DeleteAll(tx *ledger.Tx, t Any, ids []ledger.ID) error {
	if len(ids) > BulkAtMost {
		return fault.New(fault.Invalid, "%d %s are too many at once; at most %d can be deleted", len(ids), t.Name(), BulkAtMost)
	}
	for _, id := range ids {
		if _, ok := t.Row(tx, id); !ok {
			return gone(t, id)
		}
		if err := t.Delete(tx, id); err != nil {
			return err
		}
	}
	return nil
}

func gone(t Any, id ledger.ID) error {
	return fault.New(fault.NotFound, "there is no %s %s any more; nothing was changed", t.One(), id)
}

// nameOf is what an error calls an entity.
func nameOf(r Row) string {
	if r.Key() != "" {
		return r.Key()
	}
	return r.Title()
}

// labelled is what is wrong with a column of one entity, as a sentence.
func labelled(t Any, v ledger.View, f fault.Field) string {
	if c, ok := t.Column(v, f.Name); ok {
		return strings.ToLower(c.Label) + " " + f.Message
	}
	return f.Message
}

func refusal(f fault.Fields, t Any) error {
	if len(f) == 0 {
		return nil
	}
	names := map[string]bool{}
	for _, x := range f {
		names[x.Name] = true
	}
	verb, things := "refuse", t.Name()
	if len(names) == 1 {
		verb, things = "refuses", t.One()
	}
	e := fault.New(fault.Invalid, "%d %s %s this; nothing was changed", len(names), things, verb)
	e.Fields = f
	return e
}

// settled returns the change with links as identifiers, so that names are looked up once
// and not for each entity.
func (c Change) settled(s *Scope, t Any) (Change, error) {
	var f fault.Fields
	find := func(i Info, text string) string {
		if i.Kind == "" || strings.TrimSpace(text) == "" {
			return text
		}
		id, err := s.Find(i.Kind, text)
		if err != nil {
			f.Add(i.Name, "%s", plain(err))
			return text
		}
		return id.String()
	}
	done := Change{Set: Input{}, Add: map[string][]string{}, Remove: map[string][]string{}}
	for name, value := range c.Set {
		i, _ := t.Column(s.View, name) // what is no column is refused where it is written
		if text, ok := value.(string); ok && i.Type == TypeLink {
			value = find(i, text)
		}
		done.Set[name] = value
	}
	for _, side := range []struct{ from, to map[string][]string }{{c.Add, done.Add}, {c.Remove, done.Remove}} {
		for name, values := range side.from {
			i, ok := t.Column(s.View, name)
			if !ok || !i.Several() {
				f.Add(name, "is no column with several values")
				continue
			}
			for _, v := range values {
				side.to[name] = append(side.to[name], find(i, strings.TrimSpace(v)))
			}
		}
	}
	return done, f.Err()
}

// of returns what the change writes to one entity.
func (c Change) of(s *Scope, t Any, r Row) (Input, error) {
	in := maps.Clone(c.Set)
	for _, name := range c.Columns() {
		add, remove := c.Add[name], c.Remove[name]
		if add == nil && remove == nil {
			continue
		}
		var have []string
		switch all := t.Value(s, r, name).(type) {
		case []string:
			have = all
		case []Target:
			for _, to := range all {
				if to.Private {
					return nil, errors.New("has a value that you may not see")
				}
				have = append(have, to.ID.String())
			}
		}
		var now []any
		for _, v := range append(slices.Clone(have), add...) {
			if !slices.Contains(remove, v) && !slices.Contains(now, any(v)) {
				now = append(now, v)
			}
		}
		in[name] = now
	}
	return in, nil
}
