package exchange

import (
	"context"
	"errors"
	"slices"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
)

// Run carries out a planned import as one commit that undoes as one, and notes its
// position in the plan. progress, which may be nil, is told how many entities are laid
// out. An import that changes nothing writes nothing.
//
// Only an import that brings custom fields together with their values takes two commits,
// because the values are checked against fields that exist.
//
// Errors: fault.Invalid if rows have problems and the request does not skip them; what
// the checks of a kind or the policy refuse; then nothing is imported.
func Run(ctx context.Context, l *ledger.Ledger, workspace ledger.ID, as ledger.Actor, p *Planned, progress func(done, total int)) error {
	if progress == nil {
		progress = func(int, int) {}
	}
	if p.ProblemCount > 0 && !p.request.SkipBadRows {
		return fault.New(fault.Invalid, "%d problems; nothing is imported", p.ProblemCount)
	}
	if !p.later {
		seq, err := p.run(ctx, l, workspace, as, p.items, progress)
		p.Position = seq
		return err
	}
	fields := slices.DeleteFunc(slices.Clone(p.items), func(it *item) bool { return it.table.Kind() != "custom_field" })
	first, err := p.run(ctx, l, workspace, as, fields, func(int, int) {})
	if err != nil {
		return err
	}
	err = p.runRest(ctx, l, workspace, as, first, progress)
	if err != nil && first > 0 {
		_, undone := l.Undo(context.WithoutCancel(ctx), workspace, as, first, ledger.Settlement{})
		err = errors.Join(err, undone)
	}
	return err
}

// runRest plans anew on top of the custom fields that were made.
func (p *Planned) runRest(ctx context.Context, l *ledger.Ledger, workspace ledger.ID, as ledger.Actor, first ledger.Seq, progress func(done, total int)) error {
	now, err := l.At(ctx, workspace, as, first)
	if err != nil {
		return err
	}
	rest, err := Plan(ctx, p.scope.In(now), p.request)
	if err != nil {
		return err
	}
	made := p.Count("custom_field")
	err = Run(ctx, l, workspace, as, rest, progress)
	*p = *rest
	p.count("custom_field", func(c *Count) { *c = made })
	return err
}

// run imports items.
func (p *Planned) run(ctx context.Context, l *ledger.Ledger, workspace ledger.ID, as ledger.Actor, items []*item, progress func(done, total int)) (ledger.Seq, error) {
	var todo []*item
	for _, it := range items {
		if !it.bad && (!it.existing || it.changed) {
			todo = append(todo, it)
		}
	}
	if len(todo) == 0 {
		return 0, nil
	}
	return l.Import(ctx, workspace, as, "import", func(im *ledger.Import) error {
		real := map[ledger.ID]ledger.ID{}
		for _, it := range todo {
			if !it.existing {
				real[it.id] = im.NewID()
			}
		}
		s := *p.scope
		s.Lookup = func(kind, text string) (ledger.ID, error) {
			id, err := p.find(kind, text)
			if to, ok := real[id]; ok {
				return to, nil
			}
			return id, err
		}
		for i, it := range todo {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := it.lay(im, &s, real[it.id]); err != nil {
				return at(it, err)
			}
			progress(i+1, len(todo))
		}
		return nil
	})
}

// at says which row an error is about.
func at(it *item, err error) error {
	var f *fault.Error
	if errors.As(err, &f) && it.at.Row > 0 {
		return fault.Wrap(f.Kind, err, "row %d of %s: %v", it.at.Row, it.at.File, err)
	}
	return err
}

// lay lays an item out. What is known of the past stands at its time; what is known of
// today alone stands at the time of the import, so that the past does not show it.
func (it *item) lay(im *ledger.Import, s *table.Scope, id ledger.ID) error {
	if it.existing {
		return it.table.ImportEdit(im, s, it.id, it.in)
	}
	if it.born.IsZero() {
		_, err := it.table.Import(im, s, id, it.in, ledger.Stamp{}, nil)
		return err
	}
	first, today := table.Input{}, table.Input{}
	for name, value := range it.in {
		c, _ := it.table.Column(s.View, name)
		if whole[it.table.Kind()] || name == "external_key" || name == "product" || c.Need && (c.Type == table.TypeText || c.Type == table.TypeLink) {
			first[name] = value
		} else {
			today[name] = value
		}
	}
	steps := make([]table.Step, 0, len(it.steps)+1)
	for _, st := range it.steps {
		steps = append(steps, table.Step{Stamp: ledger.Stamp{At: st.at, By: st.by}, In: st.in})
		for name, value := range st.in {
			if c, _ := it.table.Column(s.View, name); c.Need && c.Type == table.TypeText && !told(it.steps, name, st) && value != nil {
				if now, said := first[name]; said {
					today[name] = now
				}
				first[name] = value
			}
		}
	}
	steps = append(steps, table.Step{In: today})
	_, err := it.table.Import(im, s, id, first, ledger.Stamp{At: it.born}, steps)
	return err
}

// told reports whether a step before the given one says something of a field.
func told(steps []step, name string, before step) bool {
	for _, st := range steps {
		if st.at.Equal(before.at) {
			return false
		}
		if st.in[name] != nil {
			return true
		}
	}
	return false
}
