package backlog

import (
	"fmt"
	"slices"
	"strings"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
)

// Template is what a new entity of a kind can begin with.
type Template struct {
	ledger.Meta
	Title       string          `json:"title,omitzero" ledger:"title"`
	Of          string          `json:"of,omitzero"`     // the table that it is for: "features"
	Prefix      string          `json:"prefix,omitzero"` // begins the title of what is made
	Description ledger.TextRef  `json:"description,omitzero" ledger:"search"`
	Values      []TemplateValue `json:"values,omitzero"`
	Archived    bool            `json:"archived,omitzero"`
}

// TemplateValue is what a column begins with, as it is typed into a form.
type TemplateValue struct {
	Column string `json:"column"`
	Value  string `json:"value"`
}

// Templates is the kind of templates.
var (
	Templates = ledger.NewKind[Template]("template")
	_         = Templates.Check(checkTemplate)
)

// TemplateTable is what can be read and written of templates.
var TemplateTable = table.New(Templates, table.Spec[Template]{
	Name: "templates", One: "template", Label: "Templates",
	Title:    func(t *Template) string { return t.Title },
	Archived: func(t *Template) bool { return t.Archived },
	Sort:     []table.Sort{{Column: "title"}},
	New: func(_ ledger.View, t *Template) {
		if t.Of == "" {
			t.Of = "features"
		}
	},
	Columns: []table.Column[Template]{
		table.Text("title", "Name", func(t *Template) *string { return &t.Title }).Required(),
		table.Text("of", "For new", func(t *Template) *string { return &t.Of }).Required().Describe("the kind that it makes, as features"),
		table.Text("prefix", "Title begins", func(t *Template) *string { return &t.Prefix }).Describe("stands before the title that is typed"),
		table.Object("values", "Fields", func(t *Template) *[]TemplateValue { return &t.Values }, formatValues, parseValues, nil).
			Describe("what fields begin with, as priority = high; tags = offline, sync"),
		table.LongText("description", "Description", func(t *Template) *ledger.TextRef { return &t.Description }),
		table.Flag("archived", "Archived", func(t *Template) *bool { return &t.Archived }).Quiet(),
	},
})

func formatValues(_ *table.Scope, values []TemplateValue) string {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = v.Column + " = " + v.Value
	}
	return strings.Join(all, "; ")
}

// parseValues reads fields as formatValues writes them. A part without a column belongs to
// the value before it, because the values of some columns have semicolons themselves.
func parseValues(_ *table.Scope, text string) ([]TemplateValue, error) {
	var all []TemplateValue
	for part := range strings.SplitSeq(text, ";") {
		part = strings.TrimSpace(part)
		column, value, ok := strings.Cut(part, "=")
		column = strings.TrimSpace(column)
		switch {
		case part == "":
		case ok && column != "" && !strings.ContainsAny(column, " \t"):
			all = append(all, TemplateValue{column, strings.TrimSpace(value)})
		case len(all) > 0:
			all[len(all)-1].Value += "; " + part
		default:
			return nil, fmt.Errorf("%q names no field; write it as priority = high", part)
		}
	}
	return all, nil
}

func checkTemplate(v ledger.View, _, after *Template, f *fault.Fields) {
	if after == nil {
		return
	}
	TemplateTable.Required(v, after, f)
	for i, x := range after.Values {
		switch {
		case x.Column == "":
			f.Add("values", "line %d names no field", i+1)
		case slices.ContainsFunc(after.Values[:i], func(y TemplateValue) bool { return y.Column == x.Column }):
			f.Add("values", "has %s twice", x.Column)
		}
	}
}

// TemplatesOf yields the templates for a table that are in use.
func TemplatesOf(v ledger.View, of string) func(yield func(*Template) bool) {
	return func(yield func(*Template) bool) {
		for t := range Templates.All(v) {
			if t.Of == of && !t.Archived && !yield(t) {
				return
			}
		}
	}
}
