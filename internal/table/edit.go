package table

import (
	"encoding/json"
	"errors"
	"slices"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
)

// Editor writes entities of a table.
type Editor interface {
	// Create makes an entity of the values. s.View must be tx. A zero id makes one; with
	// another, whoever tries again makes no second entity.
	Create(tx *ledger.Tx, s *Scope, id ledger.ID, in Input) (ledger.ID, error)
	// Edit writes the values that in names and leaves the others.
	Edit(tx *ledger.Tx, s *Scope, id ledger.ID, in Input) error
	// Delete removes an entity.
	Delete(tx *ledger.Tx, id ledger.ID) error
	// Import lays out an entity as it was when made and step by step since. A zero id
	// makes one.
	Import(im *ledger.Import, s *Scope, id ledger.ID, in Input, made ledger.Stamp, steps []Step) (ledger.ID, error)
	// ImportEdit changes an entity that is there, when the import becomes live.
	ImportEdit(im *ledger.Import, s *Scope, id ledger.ID, in Input) error
	// Differs returns the columns that Edit with in would change.
	Differs(s *Scope, r Row, in Input) ([]string, error)
	// Faults returns what the rules of the kind would say of an entity with these values:
	// of r with them in it, or of a new one if there is no r.
	Faults(s *Scope, r Row, in Input) (fault.Fields, error)
	// Check returns what is wrong with the values, without writing anything.
	Check(s *Scope, in Input) error
}

// Step is a later change in the history of an imported entity.
type Step struct {
	ledger.Stamp
	In Input
}

// fill writes the values to e; every faulty one is reported.
func (t *Table[T]) fill(s *Scope, w Writer, e *T, in Input) error {
	var f fault.Fields
	columns := t.columns(s.View)
	for _, name := range slices.Sorted(mapKeys(in)) {
		i := slices.IndexFunc(columns, func(c Column[T]) bool { return c.Name == name })
		switch {
		case i < 0:
			f.Add(name, "is no column of %s; there are %s", t.spec.Name, names(columns))
		case columns[i].set == nil:
			f.Add(name, "cannot be written")
		default:
			if err := columns[i].set(s, w, e, in[name]); err != nil {
				f.Add(name, "%s", plain(err))
			}
		}
	}
	return f.Err()
}

// Create implements Editor.
func (t *Table[T]) Create(tx *ledger.Tx, s *Scope, id ledger.ID, in Input) (ledger.ID, error) {
	e := new(T)
	ledger.MetaOf(any(e).(ledger.Entity)).ID = id
	err := t.fill(s, tx, e, in)
	if t.spec.New != nil {
		t.spec.New(tx, e)
	}
	if err != nil {
		return ledger.ID{}, t.alsoLacking(s, e, err)
	}
	return t.kind.Create(tx, *e)
}

// alsoLacking adds to a refusal what must not be empty and is: the check that would say so
// is not asked about values that cannot be read.
func (t *Table[T]) alsoLacking(s *Scope, e *T, err error) error {
	var refused *fault.Error
	if !errors.As(err, &refused) {
		return err
	}
	for i := range t.all {
		c := &t.all[i]
		named := slices.ContainsFunc(refused.Fields, func(f fault.Field) bool { return f.Name == c.Name })
		if c.Need && !named && c.empty(s, e) {
			refused.Fields = append(refused.Fields, fault.Field{Name: c.Name, Message: "is required"})
		}
	}
	return refused
}

// Edit implements Editor. What only goes into the archive or comes out of it is said by a
// verb of its own.
func (t *Table[T]) Edit(tx *ledger.Tx, s *Scope, id ledger.ID, in Input) error {
	if to, ok := in["archived"]; ok && len(in) == 1 {
		if yes, err := asFlag(to); err == nil && yes {
			tx.Verb = "archive"
		} else if err == nil {
			tx.Verb = "restore"
		}
	}
	return t.kind.Edit(tx, id, func(e *T) error { return t.fill(s, tx, e, in) })
}

// Delete implements Editor.
func (t *Table[T]) Delete(tx *ledger.Tx, id ledger.ID) error {
	if t.spec.Delete != nil {
		return t.spec.Delete(tx, id)
	}
	return t.kind.Delete(tx, id)
}

// Import implements Editor.
func (t *Table[T]) Import(im *ledger.Import, s *Scope, id ledger.ID, in Input, made ledger.Stamp, steps []Step) (ledger.ID, error) {
	e := new(T)
	ledger.MetaOf(any(e).(ledger.Entity)).ID = id
	if err := t.fill(s, im, e, in); err != nil {
		return ledger.ID{}, err
	}
	later := make([]ledger.Step[T], len(steps), len(steps)+1)
	for i, st := range steps {
		later[i] = ledger.Step[T]{Stamp: st.Stamp, Edit: func(e *T) error { return t.fill(s, im, e, st.In) }}
	}
	switch {
	case t.spec.New == nil:
	case made.At.IsZero():
		t.spec.New(s.View, e)
	default: // in the past nothing was known, so nothing is made up
		later = append(later, ledger.Step[T]{Edit: func(e *T) error {
			t.spec.New(s.View, e)
			return nil
		}})
	}
	return t.kind.Import(im, *e, made, later...)
}

// ImportEdit implements Editor.
func (t *Table[T]) ImportEdit(im *ledger.Import, s *Scope, id ledger.ID, in Input) error {
	if err := t.Check(s, in); err != nil {
		return err
	}
	t.kind.ImportEdit(im, id, func(tx *ledger.Tx, e *T) error { return t.fill(s, tx, e, in) })
	return nil
}

// reference makes texts that are compared and not kept.
type reference struct{}

func (reference) Text(s string) ledger.TextRef { return ledger.TextOf(s) }

// Check implements Editor.
func (t *Table[T]) Check(s *Scope, in Input) error { return t.fill(s, reference{}, new(T), in) }

// Faults implements Editor.
func (t *Table[T]) Faults(s *Scope, r Row, in Input) (fault.Fields, error) {
	was, there := any(r.e).(*T)
	from := was
	if !there {
		from = new(T)
	}
	now, err := t.kind.Revised(from, func(e *T) error {
		err := t.fill(s, reference{}, e, in)
		if err == nil && !there && t.spec.New != nil {
			t.spec.New(s.View, e)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return t.kind.Faults(s.View, was, now), nil
}

// Differs implements Editor.
func (t *Table[T]) Differs(s *Scope, r Row, in Input) ([]string, error) {
	was := any(r.e).(*T)
	now, err := t.kind.Revised(was, func(e *T) error { return t.fill(s, reference{}, e, in) })
	if err != nil {
		return nil, err
	}
	var changed []string
	for _, name := range slices.Sorted(mapKeys(in)) {
		c, _ := t.column(s.View, name)
		a, err := json.Marshal(c.Value(s, was))
		if err != nil {
			return nil, err
		}
		b, err := json.Marshal(c.Value(s, now))
		if err != nil {
			return nil, err
		}
		if string(a) != string(b) {
			changed = append(changed, name)
		}
	}
	return changed, nil
}
