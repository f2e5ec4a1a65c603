package tableweb

import (
	"net/http"
	"strings"

	"github.com/throughline-pm/throughline/internal/exchange"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// Find returns the entity of the address, at the moment that the page shows.
func (a *Area) Find(q *web.Request) (*View, error) {
	scope, err := q.Scope()
	if err != nil {
		return nil, err
	}
	text := q.R.PathValue("entity")
	id, err := ledger.ParseID(text)
	if err != nil {
		if id, err = a.byKey(scope, text); err != nil {
			return nil, a.elsewhen(q, text)
		}
	}
	row, ok := a.Table.Row(scope.View, id)
	if !ok {
		return nil, a.elsewhen(q, text)
	}
	return &View{Request: q, Scope: scope, Area: a, Row: row}, nil
}

// byKey finds by a key that the entity has or had.
func (a *Area) byKey(s *table.Scope, key string) (ledger.ID, error) {
	if strings.Contains(key, "-") {
		if found := a.Table.Named(s.View, key); len(found) == 1 {
			return found[0], nil
		}
	}
	return ledger.ID{}, fault.New(fault.NotFound, "there is no %s %s", a.Table.One(), key)
}

// show answers with the page of one entity. A former key leads to the key of now.
func (a *Area) show(q *web.Request) error { return a.Show(q, 0, nil) }

// Show answers with the page of one entity, with a status and the form of it that was
// refused.
func (a *Area) Show(q *web.Request, status int, refused *ui.Form) error {
	v, err := a.Find(q)
	if err != nil {
		return err
	}
	v.Form = refused
	if q.Query("peek") != "" && q.Partial() {
		return v.peek()
	}
	if v.since, err = v.markRow(); err != nil {
		return err
	}
	if refused == nil && ref(v.Row) != q.R.PathValue("entity") {
		return q.Redirect(v.Path())
	}
	texts, err := v.texts()
	if err != nil {
		return err
	}
	page := v.page("")
	page.Status = status
	return q.Page(page, entityPage(v, texts))
}

// page is what the pages of an entity tell the shell.
func (v *View) page(part string) web.Page {
	p := web.Page{
		Title:  v.Row.Title(),
		Crumbs: []ui.Link{{Label: v.Area.Table.Label(), Href: v.Request.Path(v.Area.Table.Name())}},
		Of:     ledger.AnyRef{Kind: v.Area.Table.Kind(), ID: v.Row.ID()}, OfName: v.name(),
		Hints:   []ui.Hint{{Keys: []string{"Esc"}, Does: "back to the list"}},
		Compare: v.Path(),
	}
	if part != "" {
		p.Crumbs = append(p.Crumbs, ui.Link{Label: v.Row.Title(), Href: v.Path()})
		p.Title = part
		return p
	}
	p.Actions = v.actions()
	return p
}

// properties are the columns that stand beside the text.
func (v *View) properties() []table.Info {
	var all []table.Info
	for _, c := range v.Area.Table.Columns(v.Scope.View) {
		switch c.Name {
		case "key", "id", "title", "name", "label", "rank", "archived", "external_key":
			continue
		}
		if c.Type == table.TypeLongText || c.Type == table.TypeMoment {
			continue
		}
		if !c.Writable && v.Area.Table.Show(v.Scope, v.Row, c.Name) == "" { // nothing to say and nothing to do
			continue
		}
		all = append(all, c)
	}
	return all
}

// MayEdit reports whether the reader may edit the entity or, where the page is of no single
// one, any of its kind.
func (v *View) MayEdit() bool {
	if v.mayEdit == nil {
		may := v.May(ledger.OpEdit)
		v.mayEdit = &may
	}
	return *v.mayEdit
}

// MayDelete reports whether the reader may delete the entity.
func (v *View) MayDelete() bool { return v.May(ledger.OpDelete) }

// May reports whether the reader may edit or delete the entity or, where the page is of no
// single one, any of its kind.
func (v *View) May(op ledger.Op) bool {
	e := v.Row.Entity()
	if e == nil {
		return v.MayAnywhere(op, v.Area.Table.Kind())
	}
	return v.Request.May(op, v.Area.Table.Kind(), e)
}

// infos are the columns of the table that the list shows.
func (l *listing) infos() []table.Info {
	var all []table.Info
	for _, c := range l.shown {
		if c.extra == nil {
			all = append(all, c.Info)
		}
	}
	return all
}

// export answers with the rows of this list as a file.
func (a *Area) export(q *web.Request) error {
	l, err := a.read(q)
	if err != nil {
		return err
	}
	if l.fault != "" {
		return fault.New(fault.Invalid, "%s", l.fault)
	}
	h := q.W.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="`+a.Table.Name()+`.csv"`)
	q.W.WriteHeader(http.StatusOK)
	return exchange.ExportView(q.W, l.Scope, a.Table, l.infos(), l.list.Rows(0, l.list.Total))
}
