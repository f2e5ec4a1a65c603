package tableweb

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// linesAtMost is how many things one paste into the dialog makes.
const linesAtMost = 200

// creator is the dialog that makes things from any page. What it makes if nothing is said
// is of the first area.
type creator struct{ areas []*Area }

func (c *creator) routes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Pattern: "/w/{workspace}/create", Who: web.Member, Now: true, Handle: c.open},
		{Method: http.MethodPost, Pattern: "/w/{workspace}/create", Who: web.Member, Handle: c.make},
	}
}

// Create returns a function that finds the dialog for a page: on the page of an area it
// makes such a thing, on the page of a release a feature of that release. It is "" for
// readers who may make nothing, and in the past.
func Create(areas ...*Area) func(*web.Request) string {
	c := &creator{areas}
	return func(q *web.Request) string {
		if q.Past() {
			return ""
		}
		first := c.areas[0]
		at := ""
		if parts := strings.Split(q.R.URL.Path, "/"); len(parts) > 3 {
			at = parts[3]
		}
		here := c.area(at)
		if here == nil || here == first || !first.mayMake(q) {
			here = first
		}
		address := ui.With(q.Path("create"), "of", here.Table.Name())
		if e := q.R.PathValue("entity"); e != "" && here != first {
			for _, col := range first.Table.Columns(q.Live()) {
				if col.Type == table.TypeLink && col.Kind == here.Table.Kind() && col.Writable {
					return ui.With(ui.With(address, "of", first.Table.Name()), col.Name, e)
				}
			}
		}
		if !here.mayMake(q) {
			here = first
			address = ui.With(address, "of", here.Table.Name())
		}
		if !here.mayMake(q) {
			return ""
		}
		return address
	}
}

func (c *creator) area(name string) *Area {
	i := slices.IndexFunc(c.areas, func(a *Area) bool { return a.Table.Name() == name })
	if i < 0 {
		return nil
	}
	return c.areas[i]
}

// creation is the dialog as it stands in front of a reader.
type creation struct {
	*web.Request
	scope     *table.Scope
	area      *Area
	kinds     []ui.Option // that it can make instead
	form      *ui.Form
	title     table.Info
	text      *table.Info // the long text; nil: there is none
	fields    []table.Info
	templates []ui.Option
}

// read prepares the dialog for the area that the address names.
func (c *creator) read(q *web.Request, f *ui.Form) (*creation, error) {
	a := c.areas[0]
	if of := q.Query("of"); of != "" {
		if a = c.area(of); a == nil {
			return nil, fault.New(fault.NotFound, "nothing called %q is made here", of)
		}
	}
	scope, err := q.Scope()
	if err != nil {
		return nil, err
	}
	d := &creation{Request: q, scope: scope, area: a, form: f, title: a.titleColumn(scope.View), templates: a.templates(scope)}
	for _, other := range c.areas {
		if (other.Quick != nil || other == a) && other.mayMake(q) {
			d.kinds = append(d.kinds, ui.Option{Value: other.Table.Name(), Label: sentence(other.Table.One())})
		}
	}
	for _, col := range a.Table.Columns(scope.View) {
		switch {
		case !col.Writable || col.Name == d.title.Name:
		case col.Type == table.TypeLongText:
			d.text = &col
		case slices.Contains(a.Quick, col.Name) || col.Need && !a.goesWithoutSaying(scope, col) || !col.Need && a.placed(q, col):
			d.fields = append(d.fields, col)
		}
	}
	slices.SortStableFunc(d.fields, func(x, y table.Info) int {
		return slices.Index(a.Quick, x.Name) - slices.Index(a.Quick, y.Name)
	})
	return d, nil
}

// titleColumn is what a person calls an entity: the first column that is written.
func (a *Area) titleColumn(v ledger.View) table.Info {
	columns := a.Table.Columns(v)
	return columns[slices.IndexFunc(columns, func(c table.Info) bool { return c.Writable })]
}

// goesWithoutSaying reports whether there is just one value that a column can have.
func (a *Area) goesWithoutSaying(s *table.Scope, c table.Info) bool {
	return c.Kind != "" && len(a.Table.Options(s, c.Name, 2)) == 1
}

func (c *creator) open(q *web.Request) error {
	f := &ui.Form{Values: url.Values{}}
	d, err := c.read(q, f)
	if err != nil {
		return err
	}
	if !d.area.mayMake(q) {
		return q.Redirect(q.Path(d.area.Table.Name()))
	}
	for _, col := range d.area.Table.Columns(d.scope.View) {
		if x := q.Query(col.Name); x != "" && col.Writable {
			f.Values.Set(col.Name, x)
		}
	}
	if t := q.Query("template"); t != "" {
		if err := d.fromTemplate(t); err != nil {
			return err
		}
	}
	return d.show(0)
}

// show answers with the dialog; refused, in place of the one that was sent.
func (d *creation) show(status int) error {
	if !d.Partial() {
		title := "New " + d.area.Table.One()
		return d.Page(web.Page{Title: title, Status: status, Area: d.area.Table.Name()}, createPage(d))
	}
	if status != 0 {
		return d.Refuse(status, "#create-form", createForm(d, ""))
	}
	return d.Fragment(createForm(d, ""))
}

// make makes one thing of each line of the title.
func (c *creator) make(q *web.Request) error {
	d, err := c.read(q, &ui.Form{})
	if err != nil {
		return err
	}
	names := d.area.names(d.scope.View)
	f, err := q.Form(append(slices.Clone(names), "template")...)
	if err != nil {
		return err
	}
	d.form = f
	titles := Lines(f.Values.Get(d.title.Name))
	if len(titles) > linesAtMost {
		f.Errors = map[string]string{d.title.Name: fmt.Sprintf("has %d lines; at most %d are made at once", len(titles), linesAtMost)}
		return d.show(http.StatusUnprocessableEntity)
	}
	in := filled(f.Values, names)
	var ids []ledger.ID
	at := 0
	seq, err := q.Update("create", func(tx *ledger.Tx) error {
		ids = ids[:0]
		for i, title := range titles {
			at = i
			in[d.title.Name] = title
			id, err := d.area.Table.Create(tx, d.scope.In(tx), ledger.ID{}, in)
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return nil
	})
	if err != nil {
		status, ok := web.Refused(f, err)
		if !ok {
			return err
		}
		if len(titles) > 1 && f.Errors[d.title.Name] != "" {
			f.Errors[d.title.Name] = fmt.Sprintf("line %d: %s", at+1, f.Errors[d.title.Name])
		}
		d.tellElsewhere()
		return d.show(status)
	}
	return d.made(seq, ids)
}

// tellElsewhere says of fields that the dialog does not show what is wrong with them.
func (d *creation) tellElsewhere() {
	shown := []ui.Field{{Name: d.title.Name}}
	for _, c := range d.fields {
		shown = append(shown, ui.Field{Name: c.Name})
	}
	if d.text != nil {
		shown = append(shown, ui.Field{Name: d.text.Name})
	}
	tellElsewhere(d.scope, d.area, d.form, shown)
}

// made says what was made, with the way there.
func (d *creation) made(seq ledger.Seq, ids []ledger.ID) error {
	if len(ids) != 1 {
		d.Said(fmt.Sprintf("Created %d %s", len(ids), lower(d.area.Table.Label())), seq)
		return d.Done(d.Path(d.area.Table.Name()))
	}
	now, err := d.After(seq)
	if err != nil {
		return err
	}
	row, ok := d.area.Table.Row(now, ids[0])
	if !ok {
		return d.Done(d.Path(d.area.Table.Name()))
	}
	place := d.Path(d.area.Table.Name(), ref(row))
	d.SaidOf(strings.TrimSpace("Created "+row.Key())+" "+row.Title(), seq, place)
	return d.Done(place)
}

// marks are what begins a line of a list: bullets, boxes and numbers.
var marks = regexp.MustCompile(`^\s*(?:(?:[-*+•‣◦–—]|\[[ xX]?\]|\d{1,3}[.)])\s+)+`)

// Lines splits a title into one of each line, without what makes the lines a list. Who
// writes a single line means what they write.
func Lines(text string) []string {
	lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' })
	lines = slices.DeleteFunc(lines, func(s string) bool { return strings.TrimSpace(s) == "" })
	if len(lines) < 2 {
		return []string{strings.TrimSpace(text)}
	}
	var all []string
	for _, line := range lines {
		if line = strings.TrimSpace(marks.ReplaceAllString(line, "")); line != "" {
			all = append(all, line)
		}
	}
	if len(all) == 0 {
		return []string{""}
	}
	return all
}

// value is what a field of the dialog holds.
func (d *creation) value(name string) string { return d.form.Values.Get(name) }

func (d *creation) fault(name string) string { return d.form.Errors[name] }

// draft names what is typed here in the browser that keeps it.
func (d *creation) draft() string {
	return strings.Join([]string{"draft", d.Workspace.Slug, d.Principal.Account.ID.String(), d.area.Table.Name()}, " ")
}

// invalid are the attributes of a field that was refused.
func (d *creation) invalid(name string) templ.Attributes {
	if d.fault(name) == "" {
		return nil
	}
	return templ.Attributes{"aria-invalid": "true", "aria-describedby": "create-err-" + name}
}
