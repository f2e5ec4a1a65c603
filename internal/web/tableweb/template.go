package tableweb

import (
	"slices"
	"strings"

	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// templates are what a new entity of the area can begin with.
func (a *Area) templates(s *table.Scope) []ui.Option {
	if _, ok := s.Set.Of(backlog.Templates.Name()); !ok {
		return nil
	}
	var all []ui.Option
	for t := range backlog.TemplatesOf(s.View, a.Table.Name()) {
		all = append(all, ui.Option{Value: t.ID.String(), Label: t.Title})
	}
	slices.SortFunc(all, func(x, y ui.Option) int { return strings.Compare(lower(x.Label), lower(y.Label)) })
	return all
}

// templated reports whether the reader may keep things of the area as templates: those
// that are made often enough to be offered on every page.
func (a *Area) templated(v *View) bool {
	_, ok := v.Kit.Tables.Of(backlog.Templates.Name())
	return ok && a.Quick != nil && v.MayAnywhere(ledger.OpCreate, backlog.Templates.Name())
}

// fromTemplate fills the dialog with what a template says. A title that was typed stays,
// behind the beginning that the template gives it.
func (d *creation) fromTemplate(name string) error {
	id, err := ledger.ParseID(name)
	t, ok := backlog.Templates.Get(d.scope.View, id)
	if err != nil || !ok || t.Of != d.area.Table.Name() {
		return fault.New(fault.NotFound, "there is no such template for %s", lower(d.area.Table.Label()))
	}
	for _, v := range t.Values {
		if c, ok := d.area.Table.Column(d.scope.View, v.Column); ok && c.Writable {
			d.form.Values.Set(v.Column, v.Value)
		}
	}
	if typed := d.value(d.title.Name); t.Prefix != "" && !strings.HasPrefix(typed, t.Prefix) {
		d.form.Values.Set(d.title.Name, strings.TrimRight(t.Prefix, " ")+" "+typed)
	}
	if d.text == nil || t.Description.IsZero() {
		return nil
	}
	text, err := ledger.Text(d.Context(), d.scope.View, t.Description)
	d.form.Values.Set(d.text.Name, text)
	return err
}

// saveTemplate keeps the values of an entity as a template for others of its kind, and
// leads to it: what one is called is written there.
func (a *Area) saveTemplate(q *web.Request) error {
	v, err := a.Find(q)
	if err != nil {
		return err
	}
	if _, err := q.Form(); err != nil {
		return err
	}
	t := backlog.Template{Title: "Like " + v.Row.Title(), Of: a.Table.Name()}
	title := a.titleColumn(v.Scope.View).Name
	description := ""
	for _, c := range a.fields(v.Scope.View, true) {
		if c.Name == title || c.Name == "archived" {
			continue
		}
		value, err := v.typed(c)
		switch {
		case err != nil:
			return err
		case value == "":
		case c.Type == table.TypeLongText:
			description = value
		default:
			t.Values = append(t.Values, backlog.TemplateValue{Column: c.Name, Value: value})
		}
	}
	var id ledger.ID
	seq, err := q.Update("save as template", func(tx *ledger.Tx) (err error) {
		t.Description = tx.Text(description)
		id, err = backlog.Templates.Create(tx, t)
		return err
	})
	if err != nil {
		return err
	}
	q.Said("Saved as a template", seq)
	return q.Redirect(q.Path(backlog.TemplateTable.Name(), id.String(), "edit"))
}
