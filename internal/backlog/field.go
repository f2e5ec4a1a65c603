package backlog

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
)

// Field is a column of features that people have added. Its values stand in
// Feature.Custom under its name.
type Field struct {
	ledger.Meta
	Name        string     `json:"name,omitzero"` // in addresses, the API and files; never changed
	Label       string     `json:"label,omitzero" ledger:"title"`
	Type        table.Type `json:"type,omitzero"`
	Options     []string   `json:"options,omitzero"` // of choices, in order
	Unit        string     `json:"unit,omitzero"`
	Archived    bool       `json:"archived,omitzero"`
	ExternalKey string     `json:"external_key,omitzero"`
}

// typePerson is the type of a field whose values are people; in columns it is a link.
const typePerson table.Type = "person"

var fieldTypes = []table.Option{
	{Name: "text", Label: "Text"},
	{Name: "number", Label: "Number"},
	{Name: "date", Label: "Date"},
	{Name: "choice", Label: "One choice"},
	{Name: "choices", Label: "Several choices"},
	{Name: "person", Label: "Person"},
	{Name: "url", Label: "Web address"},
}

// Fields is the kind of custom fields.
var (
	Fields       = ledger.NewKind[Field]("custom_field")
	_            = Fields.Check(checkField)
	fieldByOther = ledger.NewIndex(Fields, func(f *Field) []ledger.ID { return table.ExternalKey(f.ExternalKey) })
)

// FieldTable is what can be read and written of custom fields.
var FieldTable = table.New(Fields, table.Spec[Field]{
	Name: "fields", One: "field", Label: "Custom fields",
	Title:    func(f *Field) string { return f.Label },
	Names:    func(f *Field) []string { return []string{f.Name} },
	External: func(f *Field) *string { return &f.ExternalKey }, ByOther: &fieldByOther,
	Archived: func(f *Field) bool { return f.Archived },
	New: func(_ ledger.View, f *Field) {
		if f.Label == "" {
			f.Label = f.Name
		}
		if f.Name == "" {
			f.Name = FieldName(f.Label)
		}
	},
	Columns: []table.Column[Field]{
		table.Text("label", "Label", func(f *Field) *string { return &f.Label }).Required(),
		table.Text("name", "Name", func(f *Field) *string { return &f.Name }).Required().
			Describe("in addresses, the API and files; cannot be changed"),
		table.Choice("type", "Type", fieldTypes, func(f *Field) *table.Type { return &f.Type }).Required(),
		table.Tags("options", "Options", func(f *Field) *[]string { return &f.Options }).Describe("of choices, in order"),
		table.Text("unit", "Unit", func(f *Field) *string { return &f.Unit }).Describe("of a number"),
		table.Flag("archived", "Archived", func(f *Field) *bool { return &f.Archived }).Quiet(),
	},
})

var (
	goodName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)
	notName  = regexp.MustCompile(`[^a-z0-9]+`)
)

// FieldName makes the name of a field from its label: "Story points" is story_points.
func FieldName(label string) string {
	n := strings.Trim(notName.ReplaceAllString(strings.Join(ledger.Words(label), "_"), "_"), "_")
	if n == "" || n[0] < 'a' {
		n = "field_" + n
	}
	return strings.TrimRight(n[:min(len(n), 40)], "_")
}

func checkField(v ledger.View, before, after *Field, f *fault.Fields) {
	if after == nil {
		return
	}
	FieldTable.Required(v, after, f)
	checkName(v, after.ID, after.Name, f)
	if before != nil && before.Name != after.Name {
		f.Add("name", "cannot be changed; change the label")
	}
	if before != nil && before.Type != after.Type {
		f.Add("type", "cannot be changed; add another field")
	}
	if !slices.ContainsFunc(fieldTypes, func(o table.Option) bool { return o.Name == string(after.Type) }) {
		f.Add("type", "%q is no type of field", after.Type)
	}
	choice := after.Type == table.TypeChoice || after.Type == table.TypeChoices
	if choice && len(after.Options) == 0 {
		f.Add("options", "a choice needs options")
	}
	if !choice && len(after.Options) > 0 {
		f.Add("options", "only choices have options")
	}
}

func (f *Field) options() []table.Option {
	all := make([]table.Option, len(f.Options))
	for i, o := range f.Options {
		all[i] = table.Option{Name: o, Label: o}
	}
	return all
}

// customColumns returns the columns of the fields and formulas that people have added.
func customColumns(v ledger.View) []table.Column[Feature] {
	var all []table.Column[Feature]
	for f := range Fields.All(v) {
		if f.Archived {
			continue
		}
		name := f.Name
		info := table.Info{Name: name, Label: f.Label, Type: f.Type, Unit: f.Unit, Hidden: true}
		if f.Type == typePerson {
			info.Kind = "person"
			all = append(all, table.CustomLink(info,
				func(e *Feature) ledger.ID { return e.customPerson(name) },
				func(e *Feature, id ledger.ID) { e.setCustomPerson(name, id) }))
			continue
		}
		all = append(all, table.Custom(info, f.options(),
			func(e *Feature) json.RawMessage { return e.Custom[name] },
			func(e *Feature, raw json.RawMessage) { e.setCustom(name, raw) }))
	}
	return append(all, formulaColumns(v)...)
}

// checkCustom holds custom values to the types of their fields. Values of fields that
// are gone are left alone: the field may come back by an undo.
func checkCustom(v ledger.View, after *Feature, f *fault.Fields) {
	if len(after.Custom) == 0 && len(after.CustomPeople) == 0 {
		return
	}
	for field := range Fields.All(v) {
		raw, ok := after.Custom[field.Name]
		if !ok {
			continue
		}
		if field.Type == typePerson {
			f.Add(table.CustomPrefix+field.Name, "is a person")
			continue
		}
		if err := table.ValidCustom(field.Type, field.options(), raw); err != nil {
			f.Add(table.CustomPrefix+field.Name, "%v", err)
		}
	}
}
