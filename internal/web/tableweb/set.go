package tableweb

import (
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// A form that writes to many names them one by one, or says "all" and the filter of a
// list. Values stand under the names of their columns; what columns with several values
// gain and lose, under add.name and remove.name.
const (
	addPrefix    = "add."
	removePrefix = "remove."
)

// which are the fields that say which entities a form is about.
var which = []string{"which*", "all", "filter", "q", "back"}

// set writes the same values to many entities: all or none, as one commit, which one undo
// takes back. Without values it asks for them.
func (a *Area) set(q *web.Request) error {
	scope, err := q.Scope()
	if err != nil {
		return err
	}
	names := append(slices.Clone(which), "set*")
	for _, c := range a.Table.Columns(scope.View) {
		if c.Writable {
			names = append(names, c.Name, addPrefix+c.Name+"*", removePrefix+c.Name+"*")
		}
	}
	f, err := q.Form(names...)
	if err != nil {
		return err
	}
	ids, err := a.selected(q, scope, f.Values)
	if err != nil {
		return err
	}
	change := a.changeOf(scope, f.Values)
	if change.IsZero() {
		return a.setForm(q, scope, f, ids, 0)
	}
	said := a.saidOf(scope, ids, change) // what there is now is gone once it is archived
	seq, err := q.Update("edit", func(tx *ledger.Tx) error { return change.Apply(tx, scope, a.Table, ids) })
	if err != nil {
		if status, ok := web.Refused(f, err); ok && !q.Partial() {
			f.Message = refusedText(err)
			return a.setForm(q, scope, f, ids, status)
		}
		return err
	}
	q.Said(said, seq)
	return q.Done(a.back(q, f.Values))
}

// refusedText says which entities refuse, and why.
func refusedText(err error) string {
	var e *fault.Error
	if !errors.As(err, &e) {
		return err.Error()
	}
	parts := []string{e.Message}
	for _, f := range e.Fields {
		parts = append(parts, strings.TrimSpace(f.Name+" "+f.Message))
	}
	return strings.ToUpper(parts[0][:1]) + strings.Join(parts, "; ")[1:]
}

// changeOf reads what a form writes. A form of many fields says with "set" which of them
// count.
func (a *Area) changeOf(s *table.Scope, v url.Values) table.Change {
	change := table.Change{Set: table.Input{}, Add: map[string][]string{}, Remove: map[string][]string{}}
	for _, c := range a.Table.Columns(s.View) {
		if !c.Writable {
			continue
		}
		if v.Has(c.Name) && (!v.Has("set") || slices.Contains(v["set"], c.Name)) {
			change.Set[c.Name] = strings.ReplaceAll(v.Get(c.Name), "\r\n", "\n")
		}
		if all := v[addPrefix+c.Name]; all != nil {
			change.Add[c.Name] = all
		}
		if all := v[removePrefix+c.Name]; all != nil {
			change.Remove[c.Name] = all
		}
	}
	return change
}

// selected are the entities that a form is about.
func (a *Area) selected(q *web.Request, s *table.Scope, v url.Values) ([]ledger.ID, error) {
	if v.Get("all") == "" {
		var ids []ledger.ID
		for _, text := range v["which"] {
			id, err := ledger.ParseID(text)
			if err != nil {
				return nil, fault.Wrap(fault.Invalid, err, "%q is no identifier", text)
			}
			ids = append(ids, id)
		}
		if len(ids) == 0 {
			return nil, fault.New(fault.Invalid, "choose at least one")
		}
		return ids, nil
	}
	filter, err := table.ParseFilter(v.Get("filter"))
	if err != nil {
		return nil, err
	}
	snapshot, err := q.Snapshot()
	if err != nil {
		return nil, err
	}
	l, err := a.Table.List(q.Context(), s, snapshot, table.Query{Filter: filter, Text: v.Get("q")})
	if err != nil {
		return nil, err
	}
	ids := make([]ledger.ID, 0, l.Total)
	for _, row := range l.Rows(0, l.Total) {
		ids = append(ids, row.ID())
	}
	if len(ids) == 0 {
		return nil, fault.New(fault.Invalid, "nothing is in this filter any more")
	}
	return ids, nil
}

// back is where a browser without scripts is led after a write: to the list it came from,
// else to the area's.
func (a *Area) back(q *web.Request, v url.Values) string {
	home := q.Path(a.Table.Name())
	if back := v.Get("back"); strings.HasPrefix(back, home) {
		return back
	}
	return home
}

// many names entities in a toast: by the key of one, or by their number.
func (a *Area) many(s *table.Scope, ids []ledger.ID) string {
	if len(ids) != 1 {
		return ui.Count(len(ids), a.Table.One(), strings.ToLower(a.Table.Label()))
	}
	row, ok := a.Table.Row(s.View, ids[0])
	switch {
	case !ok:
		return a.Table.One()
	case row.Key() != "":
		return row.Key()
	}
	return row.Title()
}

// saidOf says what a change did, for the toast.
func (a *Area) saidOf(s *table.Scope, ids []ledger.ID, change table.Change) string {
	of := a.many(s, ids)
	columns := change.Columns()
	if len(columns) == 1 && columns[0] == "archived" {
		if yes, _ := change.Set["archived"].(string); yes == "yes" {
			return "Archived " + of
		}
		return "Brought back " + of
	}
	var labels []string
	for _, name := range columns {
		if c, ok := a.Table.Column(s.View, name); ok {
			labels = append(labels, c.Label)
		}
	}
	text := strings.Join(labels, " and ")
	if len(columns) == 1 {
		if shown := a.shownValue(s, columns[0], change.Set[columns[0]]); shown != "" {
			text += " " + shown
		}
	}
	return "Set " + text + " on " + of
}

// shownValue returns a value that was chosen as a person reads it.
func (a *Area) shownValue(s *table.Scope, column string, value any) string {
	text, _ := value.(string)
	c, ok := a.Table.Column(s.View, column)
	if !ok || text == "" {
		return ""
	}
	if c.Kind != "" {
		id, err := s.Find(c.Kind, text)
		to, found := s.Target(c.Kind, id)
		if err != nil || !found {
			return ""
		}
		return short(to.String())
	}
	for _, o := range a.Table.Options(s, column, optionsAtMost) {
		if o.Name == text {
			return o.Label
		}
	}
	return short(text)
}

// setForm asks what is to be written to many, on a page of its own.
func (a *Area) setForm(q *web.Request, s *table.Scope, f *ui.Form, ids []ledger.ID, status int) error {
	form := manyForm{
		area: a, form: f, ids: ids, back: a.back(q, f.Values), action: q.Path(a.Table.Name(), "set"),
		title: "Set values of " + a.many(s, ids), button: "Set on " + a.many(s, ids),
	}
	if f.Values.Get("all") != "" { // as it was said: the list may be long
		form.all = []ui.Kept{{Name: "all", Value: "yes"}, {Name: "filter", Value: f.Values.Get("filter")}, {Name: "q", Value: f.Values.Get("q")}}
	}
	for _, c := range a.pickable(s.View) {
		field := a.input(s, f, c, "")
		field.Required = false
		form.fields = append(form.fields, field)
	}
	page := web.Page{Title: form.title, Status: status, Crumbs: []ui.Link{{Label: a.Table.Label(), Href: q.Path(a.Table.Name())}}}
	return q.Page(page, manyPage(form))
}

// manyForm is a form with values for many entities.
type manyForm struct {
	area                        *Area
	form                        *ui.Form
	ids                         []ledger.ID
	all                         []ui.Kept
	fields                      []ui.Field
	action, back, title, button string
}

// counts reports whether the field is one of those that shall be written.
func (m manyForm) counts(column string) bool { return slices.Contains(m.form.Values["set"], column) }

// removeMany deletes many entities, all or none, as one commit.
func (a *Area) removeMany(q *web.Request) error {
	scope, err := q.Scope()
	if err != nil {
		return err
	}
	names := slices.Clone(which) // the form of the list has its other buttons' fields too
	f, err := q.Form(names...)
	if err != nil {
		return err
	}
	ids, err := a.selected(q, scope, f.Values)
	if err != nil {
		return err
	}
	of := a.many(scope, ids)
	seq, err := q.Update("delete", func(tx *ledger.Tx) error { return table.DeleteAll(tx, a.Table, ids) })
	if err != nil {
		return err
	}
	q.Said("Deleted "+of, seq)
	return q.Done(a.back(q, f.Values))
}

// bulk is the bar of the list that acts on its selection, nil for who may not write.
func (l *listing) bulk() *ui.Bulk {
	if !l.MayEdit() {
		return nil
	}
	b := &ui.Bulk{
		ID: bulkForm, Action: l.Request.Path(l.Area.Table.Name(), "set"), Delete: l.Request.Path(l.Area.Table.Name(), "delete"),
		Pick: l.Request.Path(l.Area.Table.Name(), "pick"), Back: l.address(l.query),
		One: l.Area.Table.One(), Many: strings.ToLower(l.Area.Table.Label()),
		Total: l.list.Total, Filter: l.filterText(), Words: l.query.Text,
	}
	for _, k := range l.Area.Keys {
		if c, ok := l.Area.Table.Column(l.Scope.View, k.Column); ok {
			b.Actions = append(b.Actions, ui.BulkAction{Column: c.Name, Label: c.Label, Icon: k.Icon, Key: k.Letter})
		}
	}
	if c, ok := l.Area.Table.Column(l.Scope.View, "archived"); ok && c.Writable {
		b.Archive = "yes"
		if strings.Contains(l.filterText(), "archived = yes") {
			b.Archive = "no"
		}
	}
	return b
}

// bulkForm is the id of the form to which the boxes of the list's rows belong.
const bulkForm = "bulk"
