package importweb

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/exchange"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// newFieldPrefix begins the choice that makes a custom field of a type for a column.
const newFieldPrefix = "new:"

// Choices of what a value becomes besides those that there are.
const (
	asMapped = "=" // what the mapping says now
	asEmpty  = "-"
)

// mappingView is the second step: what the columns mean.
type mappingView struct {
	*visit
	form     *ui.Form
	lines    []line
	values   []valueMap
	dates    []line // columns of dates, whose order can be said
	missing  []ui.Check
	products []ui.Option // if there is more than one; nil else
}

// line is one column of the file with what it becomes.
type line struct {
	n       int // of the column in the mapping
	column  string
	example string
	field   string
	order   string
	options []ui.Option // nil: cannot be changed
	match   exchange.Certainty
	absent  bool // the file has no such column
}

// name is that of the line's select.
func (l line) name() string { return fmt.Sprintf("c.%d", l.n) }

// valueMap is what the values of one column become.
type valueMap struct {
	column, field string
	values        []valueLine
	many          bool
}

type valueLine struct {
	name, from, chosen string
	options            []ui.Option
}

// valuesAtMost is how many choices a select of values offers; beyond that names are
// resolved as they stand in the file.
const valuesAtMost = 200

// creatable are the kinds that an import may make because rows name them, in order.
var creatable = []string{"status", "person", "team", "release", "objective"}

// tableOf returns the table that rows become; nil if each row says it.
func (v *visit) tableOf() table.Any {
	t, ok := v.kit.Tables.Of(v.job.Kind)
	if !ok {
		return nil
	}
	return t
}

// makes reports whether a field is one that the import makes first.
func (j *job) makes(v ledger.View, field string) bool {
	name, custom := strings.CutPrefix(field, table.CustomPrefix)
	if !custom || !slices.ContainsFunc(j.Fields, func(f newField) bool { return f.Name == name }) {
		return false
	}
	_, there := backlog.FeatureTable.Column(v, field)
	return !there
}

func (v *visit) mappingPage() error { return v.showMapping(&ui.Form{}, 0) }

func (v *visit) showMapping(f *ui.Form, status int) error {
	if err := v.open(); err != nil {
		return err
	}
	m, err := v.readMapping(f)
	if err != nil {
		return err
	}
	return v.page("Mapping", status, mappingPage(m))
}

// open refuses to change an import that is written or being written.
func (v *visit) open() error {
	if !v.job.Started.IsZero() {
		return fault.New(fault.Conflict, "this import is under way or done; begin another one")
	}
	return nil
}

// page answers with a page of the import.
func (v *visit) page(title string, status int, body templ.Component) error {
	return v.Page(web.Page{
		Title: title, Area: "features", Status: status,
		Crumbs: append(featuresCrumb(v.Request), ui.Link{Label: "Import", Href: v.Path("import")}),
	}, body)
}

func (v *visit) readMapping(f *ui.Form) (*mappingView, error) {
	scope, err := v.Scope()
	if err != nil {
		return nil, err
	}
	s, err := v.survey(v.Context(), v.job)
	if err != nil {
		return nil, err
	}
	m := &mappingView{visit: v, form: f, lines: v.mappingLines(scope, s)}
	t := v.tableOf()
	if t == nil {
		return m, nil
	}
	for _, l := range m.lines {
		info, _ := t.Column(scope.View, l.field)
		switch {
		case info.Type == table.TypeDay || info.Type == table.TypeMoment:
			m.dates = append(m.dates, l)
		case valued(info):
			m.values = append(m.values, v.valueMap(scope, t, info, l, s.column(l.column)))
		}
	}
	for _, kind := range creatable {
		k, ok := v.kit.Tables.Of(kind)
		if ok && v.mayMake(v.Request, kind) {
			m.missing = append(m.missing, ui.Check{Name: "create." + kind, Label: sentence(k.Name()), Checked: slices.Contains(v.job.Mapping.Create, kind)})
		}
	}
	if v.needsProduct(scope, t) {
		for p := range access.Products.All(scope.View) {
			if !p.Archived {
				m.products = append(m.products, ui.Option{Value: p.ID.String(), Label: p.Name})
			}
		}
	}
	return m, nil
}

// needsProduct reports whether it has to be said to which of several products rows belong.
func (v *visit) needsProduct(scope *table.Scope, t table.Any) bool {
	c, ok := t.Column(scope.View, "product")
	if !ok || !c.Need || slices.ContainsFunc(v.job.Mapping.Columns, func(c exchange.ColumnMapping) bool { return c.Field == "product" && c.Column != "" }) {
		return false
	}
	n := 0
	for p := range access.Products.All(scope.View) {
		if !p.Archived {
			n++
		}
	}
	return n > 1
}

// valued reports whether the values of a field are few and known: it has a value map.
func valued(info table.Info) bool {
	return info.Type == table.TypeChoice || info.Type == table.TypeLink && info.Kind != "feature"
}

func (v *visit) mappingLines(scope *table.Scope, s *survey) (all []line) {
	var fields []ui.Option
	t := v.tableOf()
	if t != nil {
		fields = []ui.Option{{Value: "", Label: "Skip"}}
		for _, info := range exchange.Fields(scope.View, t) {
			fields = append(fields, ui.Option{Value: info.Name, Label: info.Label})
		}
		for _, f := range v.job.Fields {
			fields = append(fields, ui.Option{Value: table.CustomPrefix + f.Name, Label: "New field “" + f.Label + "”"})
		}
	}
	for n, c := range v.job.Mapping.Columns {
		if c.Column == "" {
			continue
		}
		facts := s.column(c.Column)
		l := line{n: n, column: c.Column, example: facts.example, field: c.Field, order: c.DateFormat, options: slices.Clone(fields), match: c.Certainty, absent: s.of[c.Column] == nil}
		if c.Field == "" {
			l.match = exchange.None
		} else if c.Certainty != exchange.Likely {
			l.match = exchange.Sure
		}
		if t != nil && t.HasCustom() && v.mayMake(v.Request, "custom_field") {
			l.options = append(l.options, newFieldOptions(facts)...)
		}
		all = append(all, l)
	}
	return all
}

// newFieldOptions are the types of custom field that all values of a column fit.
func newFieldOptions(c *column) []ui.Option {
	all := []ui.Option{{Value: newFieldPrefix + "text", Label: "New text field"}}
	if c.number && c.example != "" {
		all = append(all, ui.Option{Value: newFieldPrefix + "number", Label: "New number field"})
	}
	if c.date && c.example != "" {
		all = append(all, ui.Option{Value: newFieldPrefix + "date", Label: "New date field"})
	}
	return all
}

// choices are what values of a field can become, by names that are told apart.
func choices(scope *table.Scope, t table.Any, field string) []ui.Option {
	all := t.Options(scope, field, valuesAtMost)
	out := make([]ui.Option, len(all))
	for i, o := range all {
		same := 0
		for _, other := range all {
			if other.Label == o.Label {
				same++
			}
		}
		if out[i] = (ui.Option{Value: o.Label, Label: o.Label}); same > 1 {
			out[i].Value = o.Name
		}
	}
	return out
}

func (v *visit) valueMap(scope *table.Scope, t table.Any, info table.Info, l line, facts *column) valueMap {
	c := v.job.Mapping.Columns[l.n]
	m := valueMap{column: l.column, field: info.Label, many: facts.many}
	existing := choices(scope, t, info.Name)
	for k, from := range facts.values {
		to := replaced(c.Values, from)
		options := append([]ui.Option{{Value: asMapped, Label: v.becomes(scope, info, existing, to)}}, ui.Option{Value: asEmpty, Label: "Leave empty"})
		m.values = append(m.values, valueLine{name: fmt.Sprintf("v.%d.%d", l.n, k), from: from, chosen: asMapped, options: append(options, existing...)})
	}
	return m
}

// replaced looks a value up in a value map, whatever its case.
func replaced(values map[string]string, from string) string {
	for was, to := range values {
		if strings.EqualFold(was, from) {
			return to
		}
	}
	return from
}

// becomes says what a value will be.
func (v *visit) becomes(scope *table.Scope, info table.Info, existing []ui.Option, to string) string {
	if to == "" {
		return "Leave empty"
	}
	for _, o := range existing {
		if strings.EqualFold(o.Value, to) || strings.EqualFold(o.Label, to) {
			return o.Label
		}
	}
	if info.Kind != "" {
		if id, err := scope.Find(info.Kind, to); err == nil {
			target, _ := scope.Target(info.Kind, id)
			return target.Title
		}
		if slices.Contains(v.job.Mapping.Create, info.Kind) {
			return "Add “" + to + "”"
		}
	}
	return "Not known: “" + to + "”"
}

// saveMapping takes what a person says of the columns and leads to the dry run.
func (v *visit) saveMapping() error {
	if err := v.open(); err != nil {
		return err
	}
	f, err := v.saveLines()
	if err != nil {
		status, ok := web.Refused(f, err)
		if !ok {
			return err
		}
		return v.showMapping(f, status)
	}
	return v.Redirect(v.at())
}

func (v *visit) saveLines() (*ui.Form, error) {
	f := &ui.Form{}
	scope, err := v.Scope()
	if err != nil {
		return f, err
	}
	s, err := v.survey(v.Context(), v.job)
	if err != nil {
		return f, err
	}
	names := []string{"product", "whole"}
	for _, kind := range creatable {
		names = append(names, "create."+kind)
	}
	for n, c := range v.job.Mapping.Columns {
		names = append(names, fmt.Sprintf("c.%d", n), fmt.Sprintf("d.%d", n))
		for k := range s.column(c.Column).values {
			names = append(names, fmt.Sprintf("v.%d.%d", n, k))
		}
	}
	if f, err = v.Form(names...); err != nil {
		return &ui.Form{}, err
	}
	m := *v.job.Mapping
	m.Columns = slices.Clone(m.Columns)
	var faults fault.Fields
	for n := range m.Columns {
		v.saveLine(scope, s, f, &m.Columns[n], n, &faults)
	}
	for n := range m.Columns {
		if m.Columns[n].Field != v.job.Mapping.Columns[n].Field {
			v.refuseDouble(scope, m.Columns, n, &faults)
		}
	}
	if f.Values.Get("whole") != "" { // the boxes were on the page, so one that is missing is not ticked
		m.Create = nil
		for _, kind := range creatable {
			if f.Values.Get("create."+kind) != "" && v.mayMake(v.Request, kind) {
				m.Create = append(m.Create, kind)
			}
		}
	}
	if p := f.Values.Get("product"); p != "" {
		m.Columns = slices.DeleteFunc(m.Columns, func(c exchange.ColumnMapping) bool { return c.Column == "" && c.Field == "product" })
		m.Columns = append(m.Columns, exchange.ColumnMapping{Field: "product", Constant: p})
	}
	if err := faults.Err(); err != nil {
		return f, err
	}
	v.job.Mapping, v.job.Mapped = &m, true
	v.job.Fields = slices.DeleteFunc(v.job.Fields, func(x newField) bool {
		return !slices.ContainsFunc(m.Columns, func(c exchange.ColumnMapping) bool { return c.Field == table.CustomPrefix+x.Name })
	})
	return f, v.store.save(v.Context(), v.job)
}

// saveLine takes what the form says of one column.
func (v *visit) saveLine(scope *table.Scope, s *survey, f *ui.Form, c *exchange.ColumnMapping, n int, faults *fault.Fields) {
	if name := fmt.Sprintf("c.%d", n); f.Values.Has(name) && f.Values.Get(name) != c.Field {
		to := f.Values.Get(name)
		if kind, ok := strings.CutPrefix(to, newFieldPrefix); ok {
			to = v.addField(scope, c.Column, kind, s.column(c.Column), name, faults)
		} else if to != "" && !v.isField(scope, to) {
			faults.Add(name, "there is no field %s", to)
		}
		c.Field, c.Certainty, c.Values, c.Prefix = to, "", nil, ""
	}
	if name := fmt.Sprintf("d.%d", n); f.Values.Has(name) {
		c.DateFormat = f.Values.Get(name)
		if _, err := exchange.ParseDateOrder(c.DateFormat); err != nil {
			faults.Add(name, "%s", err)
		}
	}
	for k, from := range s.column(c.Column).values {
		name := fmt.Sprintf("v.%d.%d", n, k)
		switch to := f.Values.Get(name); {
		case !f.Values.Has(name) || to == asMapped:
		case to == asEmpty:
			setValue(c, from, "")
		default:
			setValue(c, from, to)
		}
	}
}

func (v *visit) isField(scope *table.Scope, name string) bool {
	t := v.tableOf()
	return v.job.makes(scope.View, name) || t != nil && slices.ContainsFunc(exchange.Fields(scope.View, t), func(i table.Info) bool { return i.Name == name })
}

// addField notes a custom field that the import shall make for a column.
func (v *visit) addField(scope *table.Scope, label, kind string, facts *column, at string, faults *fault.Fields) string {
	if !slices.ContainsFunc(newFieldOptions(facts), func(o ui.Option) bool { return o.Value == newFieldPrefix+kind }) || !v.mayMake(v.Request, "custom_field") {
		faults.Add(at, "this column cannot become a new field of that type")
		return ""
	}
	f := newField{Name: backlog.FieldName(label), Label: label, Type: kind}
	if _, taken := backlog.FeatureTable.Column(scope.View, table.CustomPrefix+f.Name); taken {
		faults.Add(at, "there is a custom field %s already; choose it", f.Name)
	}
	v.job.Fields = append(slices.DeleteFunc(v.job.Fields, func(x newField) bool { return x.Name == f.Name }), f)
	return table.CustomPrefix + f.Name
}

// refuseDouble finds another column that leads to the same field, if that takes one value.
func (v *visit) refuseDouble(scope *table.Scope, columns []exchange.ColumnMapping, n int, faults *fault.Fields) {
	c, t := columns[n], v.tableOf()
	if t == nil || c.Field == "" {
		return
	}
	info, _ := t.Column(scope.View, c.Field)
	if info.Type == table.TypeLinks || info.Type == table.TypeChoices || info.Type == table.TypeLongText {
		return
	}
	for o, other := range columns {
		if o != n && other.Column != "" && other.Field == c.Field {
			faults.Add(fmt.Sprintf("c.%d", n), "“%s” becomes this already; skip one of the two", other.Column)
			return
		}
	}
}

// setValue says what a value of a column becomes. The map may be a preset's, so it is
// changed as a copy.
func setValue(c *exchange.ColumnMapping, from, to string) {
	values := map[string]string{from: to}
	for was, x := range c.Values {
		if !strings.EqualFold(was, from) {
			values[was] = x
		}
	}
	c.Values = values
}

// template answers with the mapping as a file, for the next import and the command line.
func (v *visit) template() error {
	h := v.W.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Disposition", `attachment; filename="mapping.json"`)
	e := json.NewEncoder(v.W)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v.job.Mapping)
}
