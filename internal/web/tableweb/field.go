package tableweb

import (
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// Of returns an entity of the area's kind as a view of the request; false if the reader
// sees none with the identifier.
func (a *Area) Of(q *web.Request, id ledger.ID) (*View, bool) {
	scope, err := q.Scope()
	if err != nil {
		return nil, false
	}
	row, ok := a.Table.Row(scope.View, id)
	return &View{Request: q, Scope: scope, Area: a, Row: row}, ok
}

// Field draws the input of one column of the entity, with what was typed into f; nil: the
// value that stands there.
func (v *View) Field(f *ui.Form, column string) (ui.Field, error) {
	c, ok := v.Area.Table.Column(v.Scope.View, column)
	if !ok {
		return ui.Field{}, fault.New(fault.NotFound, "there is no field %q", column)
	}
	value, err := v.typed(c)
	if err != nil {
		return ui.Field{}, err
	}
	return v.Area.input(v.Scope, f, c, value), nil
}
