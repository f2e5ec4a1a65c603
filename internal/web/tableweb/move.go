package tableweb

import (
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web"
)

// move gives a row its place in the order made by hand: behind one row and before another.
func (a *Area) move(q *web.Request) error {
	f, err := q.Form("which", "behind", "before")
	if err != nil {
		return err
	}
	var ids [3]ledger.ID
	for i, name := range []string{"which", "behind", "before"} {
		text := f.Values.Get(name)
		if text == "" && name != "which" {
			continue
		}
		if ids[i], err = ledger.ParseID(text); err != nil {
			return fault.New(fault.Invalid, "%s: %q is no identifier", name, text)
		}
	}
	title := ""
	seq, err := q.Update("move", func(tx *ledger.Tx) error {
		row, ok := a.Table.Row(tx, ids[0])
		if !ok {
			return fault.New(fault.NotFound, "there is no %s %s", a.Table.One(), ids[0])
		}
		title = row.Title()
		return a.Table.Move(tx, ids[0], ids[1], ids[2])
	})
	if err != nil {
		return err
	}
	q.Said("Moved "+title, seq)
	return q.Done(q.Path(a.Table.Name()))
}

// drop gives the row of a card the value of the column of a board that it was dropped on,
// unless somebody else has given it another one meanwhile.
func (a *Area) drop(q *web.Request) error {
	f, err := q.Form("which", "column", "value", "was")
	if err != nil {
		return err
	}
	scope, err := q.Scope()
	if err != nil {
		return err
	}
	id, err := ledger.ParseID(f.Values.Get("which"))
	if err != nil {
		return fault.New(fault.Invalid, "%q is no identifier", f.Values.Get("which"))
	}
	row, ok := a.Table.Row(scope.View, id)
	if !ok {
		return fault.New(fault.NotFound, "there is no %s %s", a.Table.One(), id)
	}
	v := &View{Request: q, Scope: scope, Area: a, Row: row}
	c, ok := a.Table.Column(scope.View, f.Values.Get("column"))
	if !ok || !c.Writable || !c.Boardable() {
		return fault.New(fault.Invalid, "there is no board by %q", f.Values.Get("column"))
	}
	now, err := v.typed(c)
	if err != nil {
		return err
	}
	if now != f.Values.Get("was") && now != f.Values.Get("value") {
		return fault.New(fault.Conflict, "somebody moved %s to %s meanwhile", row.Title(), v.saidValue(c))
	}
	to := ""
	seq, err := q.Update("edit", func(tx *ledger.Tx) error {
		if err := a.Table.Edit(tx, scope.In(tx), id, table.Input{c.Name: f.Values.Get("value")}); err != nil {
			return err
		}
		if moved, ok := a.Table.Row(tx, id); ok {
			to = (&View{Request: q, Scope: scope.In(tx), Area: a, Row: moved}).saidValue(c)
		}
		return nil
	})
	if err != nil {
		return err
	}
	q.Said("Moved "+row.Title()+" to "+to, seq)
	return q.Done(q.Path(a.Table.Name()))
}

// saidValue is what a column of a board says of the row.
func (v *View) saidValue(c table.Info) string {
	if text := v.Area.Table.Show(v.Scope, v.Row, c.Name); text != "" {
		return text
	}
	if c.Type == table.TypeFlag {
		return "no"
	}
	return "no " + lower(c.Label)
}
