package tableweb

import (
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/web"
)

// move gives a row its place in the order made by hand: behind one row and before another.
func (a *Area) move(q *web.Request) error {
	f, err := q.Form("id", "behind", "before")
	if err != nil {
		return err
	}
	var ids [3]ledger.ID
	for i, name := range []string{"id", "behind", "before"} {
		text := f.Values.Get(name)
		if text == "" && name != "id" {
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
