package tableweb

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/calendar"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// optionsAtMost is how many things a select offers; beyond that their key or name is
// typed.
const optionsAtMost = 200

// fields are the columns of a form: those that the area names in its order, then the
// others, of which a short form has just what must not be empty.
func (a *Area) fields(v ledger.View, short bool) []table.Info {
	place := func(c table.Info) int {
		if i := slices.Index(a.Form, c.Name); i >= 0 {
			return i
		}
		return len(a.Form)
	}
	var all []table.Info
	for _, c := range a.Table.Columns(v) {
		if c.Writable && c.Name != "external_key" && (!short || a.Form == nil || place(c) < len(a.Form) || c.Need) {
			all = append(all, c)
		}
	}
	slices.SortStableFunc(all, func(x, y table.Info) int { return place(x) - place(y) })
	return all
}

// newFields are the columns of a form for a new one. Who may make one in some products
// alone says in which.
func (a *Area) newFields(q *web.Request, v ledger.View) []table.Info {
	short := a.fields(v, true)
	return slices.DeleteFunc(a.fields(v, false), func(c table.Info) bool {
		named := slices.ContainsFunc(short, func(s table.Info) bool { return s.Name == c.Name })
		return !named && !a.placed(q, c)
	})
}

// placed reports whether a column must say in which product a new one of the reader's is.
func (a *Area) placed(q *web.Request, c table.Info) bool {
	return c.Kind == access.Products.Name() && c.Type == table.TypeLink && !q.MayMakeIn(ledger.ID{}, a.Table.Kind())
}

// newInput draws the field of a column of a new one: of products, those where the reader
// may make it.
func (a *Area) newInput(q *web.Request, s *table.Scope, f *ui.Form, c table.Info) ui.Field {
	u := a.input(s, f, c, "")
	if c.Kind != access.Products.Name() {
		return u
	}
	u.Options = slices.DeleteFunc(u.Options, func(o ui.Option) bool {
		if o.Value == "" {
			return a.placed(q, c) && !c.Need
		}
		id, err := s.Find(c.Kind, o.Value)
		return err != nil || !q.MayMakeIn(id, a.Table.Kind())
	})
	return u
}

// input draws the field of a column. value is what stands there, as it is typed.
func (a *Area) input(s *table.Scope, f *ui.Form, c table.Info, value string) ui.Field {
	u := ui.Field{Form: f, Name: c.Name, Label: c.Label, Value: value, Hint: sentence(c.Doc), Required: c.Need}
	if c.Unit != "" && u.Hint == "" {
		u.Hint = "In " + c.Unit
	}
	switch c.Type {
	case table.TypeLongText:
		u.Type = boxed
	case table.TypeDay:
		u.Type = "date"
	case table.TypeURL:
		u.Type = "url"
	case table.TypeNumber:
		u.Attrs = map[string]any{"inputmode": "decimal"}
	case table.TypeFlag:
		u.Options = []ui.Option{{Value: "no", Label: "No"}, {Value: "yes", Label: "Yes"}}
	case table.TypeChoice, table.TypeLink:
		u.Options = a.options(s, c, value)
	}
	if u.Options == nil && (c.Kind != "" || c.Type == table.TypeChoices) {
		u.Hint = strings.TrimSpace(u.Hint + " Keys or names, several with semicolons")
	}
	return u
}

// options are what a select offers, nil if that is too much. What stands there now is
// always offered, even if it is archived.
func (a *Area) options(s *table.Scope, c table.Info, value string) []ui.Option {
	all := a.Table.Options(s, c.Name, optionsAtMost+1)
	if len(all) > optionsAtMost {
		return nil
	}
	out := []ui.Option{}
	if !c.Need || (value == "" && len(all) != 1) { // the only one there is goes without saying
		out = append(out, ui.Option{Value: "", Label: "–"})
	}
	found := value == ""
	for _, o := range all {
		out = append(out, ui.Option{Value: o.Name, Label: o.Label})
		found = found || o.Name == value
	}
	if !found {
		out = append(out, ui.Option{Value: value, Label: value})
	}
	return out
}

// typed returns what a column of the row is as it would be typed into its field.
func (v *View) typed(c table.Info) (string, error) {
	t := v.Area.Table
	switch c.Type {
	case table.TypeLongText:
		return v.text(c)
	case table.TypeFlag:
		if t.Show(v.Scope, v.Row, c.Name) == "yes" {
			return "yes", nil
		}
		return "no", nil
	case table.TypeLink:
		to, ok := t.Target(v.Scope, v.Row, c.Name)
		switch {
		case !ok:
			return "", nil
		case to.Key != "":
			return to.Key, nil
		default:
			return to.ID.String(), nil
		}
	case table.TypeChoice:
		s, _ := t.Value(v.Scope, v.Row, c.Name).(string)
		return s, nil
	default:
		return t.Show(v.Scope, v.Row, c.Name), nil
	}
}

func (a *Area) newForm(q *web.Request) error {
	scope, err := q.Scope()
	if err != nil {
		return err
	}
	f := &ui.Form{Values: url.Values{}}
	for _, c := range a.newFields(q, scope.View) { // fields can be filled from the address: a feature of this release
		if x := q.Query(c.Name); x != "" {
			f.Values.Set(c.Name, x)
		}
	}
	return a.formPage(q, scope, nil, f, 0)
}

// formPage shows the form for a new entity, or for the one of v.
func (a *Area) formPage(q *web.Request, s *table.Scope, v *View, f *ui.Form, status int) error {
	var fields []ui.Field
	if v == nil {
		for _, c := range a.newFields(q, s.View) {
			fields = append(fields, a.newInput(q, s, f, c))
		}
	} else {
		for _, c := range a.fields(s.View, false) {
			value, err := v.typed(c)
			if err != nil {
				return err
			}
			fields = append(fields, a.input(s, f, c, value))
		}
	}
	tellElsewhere(s, a, f, fields)
	form := entityForm{Request: q, area: a, form: f, fields: fields, action: q.Path(a.Table.Name()), back: q.Path(a.Table.Name()), title: "New " + a.Table.One(), button: "Create " + a.Table.One(), more: true}
	page := web.Page{Title: form.title, Status: status, Crumbs: []ui.Link{{Label: a.Table.Label(), Href: q.Path(a.Table.Name())}}}
	if v != nil {
		form.of, form.action, form.back, form.title, form.button, form.more = v, v.Path("edit"), v.Path(), "Edit "+v.Row.Title(), "Save", false
		page = v.page("Edit")
		page.Status = status
	}
	return q.Page(page, formPage(form))
}

// tellElsewhere puts what is wrong with a field that the form does not show into the
// message of the whole form.
func tellElsewhere(s *table.Scope, a *Area, f *ui.Form, shown []ui.Field) {
	for _, name := range slices.Sorted(maps.Keys(f.Errors)) {
		if name == "" || slices.ContainsFunc(shown, func(x ui.Field) bool { return x.Name == name }) {
			continue
		}
		label := name
		if c, ok := a.Table.Column(s.View, name); ok {
			label = c.Label
		}
		f.Message = strings.TrimSpace(f.Message + " " + label + " " + f.Errors[name])
	}
}

// boxed is the type of a field that an editor draws.
const boxed = "textarea"

// entityForm is a form with the fields of an entity.
type entityForm struct {
	*web.Request
	area          *Area
	of            *View // nil: of one that is still to be made
	form          *ui.Form
	fields        []ui.Field
	action, back  string
	title, button string
	more          bool // offers to make another
}

// field draws a field; a long text has the editor that it has everywhere.
func (e entityForm) field(f ui.Field) templ.Component {
	if f.Type != boxed {
		return f
	}
	id := "new"
	if e.of != nil {
		id = e.of.Row.ID().String()
	}
	ed := e.Editor(ui.Editor{Form: e.form, Name: f.Name, Label: f.Label, Value: f.Value, Hint: f.Hint, Required: f.Required}, e.area.Table.Name(), id, f.Name, "form")
	if e.of != nil && e.of.takesFiles() {
		ed.Files = e.of.filesPath()
	}
	return ed
}

// names are the fields that a form post may have.
func (a *Area) names(v ledger.View) []string {
	var all []string
	for _, c := range a.fields(v, false) {
		all = append(all, c.Name)
	}
	return all
}

// filled are the values of a form post; a field that is not there is left alone.
func filled(values url.Values, names []string) table.Input {
	in := table.Input{}
	for _, n := range names {
		if values.Has(n) {
			in[n] = values.Get(n)
		}
	}
	return in
}

func (a *Area) create(q *web.Request) error {
	scope, err := q.Scope()
	if err != nil {
		return err
	}
	names := a.names(scope.View)
	f, err := q.Form(append(slices.Clone(names), "another")...)
	if err != nil {
		return err
	}
	var id ledger.ID
	seq, err := q.Update("create", func(tx *ledger.Tx) (err error) {
		id, err = a.Table.Create(tx, scope.In(tx), ledger.ID{}, filled(f.Values, names))
		return err
	})
	if err != nil {
		status, ok := web.Refused(f, err)
		if !ok {
			return err
		}
		return a.formPage(q, scope, nil, f, status)
	}
	title := f.Values.Get("title") + f.Values.Get("name") + f.Values.Get("label")
	q.Said("Created "+strings.TrimSpace(title), seq)
	if f.Values.Get("another") == "yes" { // with the fields that it shares with the next one
		again := q.Path(a.Table.Name(), "new")
		for _, c := range a.newFields(q, scope.View) {
			if x := f.Values.Get(c.Name); x != "" && c.Name != "title" && c.Name != "name" && c.Name != "label" && c.Type != table.TypeLongText {
				again = ui.With(again, c.Name, x)
			}
		}
		return q.Redirect(again)
	}
	return q.Redirect(q.Path(a.Table.Name(), id.String()))
}

func (a *Area) editForm(q *web.Request) error {
	v, err := a.Find(q)
	if err != nil {
		return err
	}
	return a.formPage(q, v.Scope, v, &ui.Form{}, 0)
}

// edit writes what of a whole form differs from what stood there when it was opened, so
// that two people who change different fields at once both succeed.
func (a *Area) edit(q *web.Request) error {
	v, err := a.Find(q)
	if err != nil {
		return err
	}
	names := a.names(v.Scope.View)
	f, err := q.Form(names...)
	if err != nil {
		return err
	}
	in := filled(f.Values, names)
	for _, c := range a.fields(v.Scope.View, false) {
		was, err := v.typed(c)
		if err != nil {
			return err
		}
		if x, ok := in[c.Name]; ok && strings.ReplaceAll(x.(string), "\r\n", "\n") == was {
			delete(in, c.Name)
		}
	}
	seq, err := q.Update("edit", func(tx *ledger.Tx) error { return a.Table.Edit(tx, v.Scope.In(tx), v.Row.ID(), in) })
	if err != nil {
		status, ok := web.Refused(f, err)
		if !ok {
			return err
		}
		return a.formPage(q, v.Scope, v, f, status)
	}
	if len(in) > 0 {
		q.Said("Saved "+v.Row.Title(), seq)
	}
	return q.Redirect(v.Path())
}

// column returns the column of the address.
func (v *View) column() (table.Info, error) {
	name := v.R.PathValue("column")
	c, ok := v.Area.Table.Column(v.Scope.View, name)
	if !ok || !c.Writable {
		return c, fault.New(fault.NotFound, "there is no field %q to write", name)
	}
	return c, nil
}

// fieldForm answers with the form of one field, in place of its value.
func (a *Area) fieldForm(q *web.Request) error {
	v, err := a.Find(q)
	if err != nil {
		return err
	}
	c, err := v.column()
	if err != nil {
		return err
	}
	return v.oneField(c, &ui.Form{}, 0)
}

func (v *View) oneField(c table.Info, f *ui.Form, status int) error {
	was, err := v.typed(c)
	if err != nil {
		return err
	}
	if v.Partial() {
		e := v.cellForm(c, f, was)
		e.conflict = status == http.StatusConflict
		if status != 0 {
			return v.Refuse(status, "#cell-edit", cellEdit(e))
		}
		return v.Fragment(cellEdit(e))
	}
	p := v.page(c.Label)
	p.Status = status
	return v.Page(p, fieldPage(v, c, v.Area.input(v.Scope, f, c, was), was))
}

// cellForm is the form of one value in its cell.
type cellForm struct {
	action, name, label, of string
	kind, mode              string // of the input
	value, was              string // what is typed; what stood there
	shown                   string // what stands there, as it is read
	fault                   string
	conflict                bool // somebody else wrote it meanwhile
}

func (v *View) cellForm(c table.Info, f *ui.Form, was string) cellForm {
	e := cellForm{
		action: v.Path("field", c.Name), name: c.Name, label: c.Label, of: v.Row.Key(), kind: "text",
		value: was, was: was, shown: short(was), fault: f.Errors[c.Name],
	}
	if e.of == "" {
		e.of = v.Row.Title()
	}
	if f.Values.Has(c.Name) {
		e.value = f.Values.Get(c.Name)
	}
	switch c.Type {
	case table.TypeDay:
		e.kind = "date"
		if was != "" {
			e.shown = v.Words().Day(calendar.Day(was))
		}
	case table.TypeNumber:
		e.mode = "decimal"
	case table.TypeURL:
		e.mode = "url"
	}
	if e.shown == "" {
		e.shown = "nothing"
	}
	return e
}

// editField writes one field, if it still is what it was when the form was opened.
func (a *Area) editField(q *web.Request) error {
	v, err := a.Find(q)
	if err != nil {
		return err
	}
	c, err := v.column()
	if err != nil {
		return err
	}
	f, err := q.Form(c.Name, "was")
	if err != nil {
		return err
	}
	now, err := v.typed(c)
	if err != nil {
		return err
	}
	want := strings.ReplaceAll(f.Values.Get(c.Name), "\r\n", "\n")
	was := strings.ReplaceAll(f.Values.Get("was"), "\r\n", "\n")
	if was != now && want != now {
		f.Errors = map[string]string{c.Name: "somebody made this “" + short(v.Area.Table.Show(v.Scope, v.Row, c.Name)) + "” meanwhile; save again to replace it"}
		return v.oneField(c, f, http.StatusConflict)
	}
	seq, err := q.Update("edit", func(tx *ledger.Tx) error {
		return a.Table.Edit(tx, v.Scope.In(tx), v.Row.ID(), table.Input{c.Name: want})
	})
	if err != nil {
		status, ok := web.Refused(f, err)
		if !ok {
			return err
		}
		if f.Errors[c.Name] == "" {
			f.Errors = map[string]string{c.Name: messages(err)}
		}
		return v.oneField(c, f, status)
	}
	if want != now {
		q.Said(c.Label+" saved", seq)
	}
	return q.Done(v.Path())
}

// short cuts a text for use inside a sentence.
func short(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}

func (a *Area) remove(q *web.Request) error {
	v, err := a.Find(q)
	if err != nil {
		return err
	}
	if _, err := q.Form(); err != nil {
		return err
	}
	seq, err := q.Update("delete", func(tx *ledger.Tx) error { return a.Table.Delete(tx, v.Row.ID()) })
	if err != nil {
		return err
	}
	q.Said("Deleted "+v.Row.Title(), seq)
	return q.Redirect(q.Path(a.Table.Name()))
}
