package backlog

import (
	"slices"
	"strconv"
	"strings"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/formula"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
)

// Formula is a column of features that is computed of their numbers, as a score.
type Formula struct {
	ledger.Meta
	Name    string `json:"name,omitzero"` // as that of a custom field, with which it shares the names
	Label   string `json:"label,omitzero" ledger:"title"`
	Formula string `json:"formula,omitzero"` // see package formula
	Unit    string `json:"unit,omitzero"`
}

// Formulas is the kind of formulas.
var (
	Formulas = ledger.NewKind[Formula]("formula")
	_        = Formulas.Check(checkFormula)
)

// FormulaTable is what can be read and written of formulas.
var FormulaTable = table.New(Formulas, table.Spec[Formula]{
	Name: "formulas", One: "formula", Label: "Formulas",
	Title: func(f *Formula) string { return f.Label },
	Names: func(f *Formula) []string { return []string{f.Name} },
	New: func(_ ledger.View, f *Formula) {
		if f.Label == "" {
			f.Label = f.Name
		}
		if f.Name == "" {
			f.Name = FieldName(f.Label)
		}
	},
	Columns: []table.Column[Formula]{
		table.Text("label", "Label", func(f *Formula) *string { return &f.Label }).Required(),
		table.Text("name", "Name", func(f *Formula) *string { return &f.Name }).Required().
			Describe("in other formulas, addresses, the API and files; cannot be changed"),
		table.Text("formula", "Formula", func(f *Formula) *string { return &f.Formula }).Required().
			Describe("of the numbers of a feature, as value / effort"),
		table.Text("unit", "Unit", func(f *Formula) *string { return &f.Unit }).Describe("of the result"),
	},
})

func checkFormula(v ledger.View, before, after *Formula, f *fault.Fields) {
	if after == nil {
		return
	}
	FormulaTable.Required(v, after, f)
	checkName(v, after.ID, after.Name, f)
	if before != nil && before.Name != after.Name {
		f.Add("name", "cannot be changed; change the label")
	}
	if slices.ContainsFunc(builtIn, func(n Number) bool { return n.Name == after.Name }) {
		f.Add("name", "is a number that features have anyway; choose another")
	}
	if after.Formula == "" {
		return
	}
	b := bind(v)
	i := slices.IndexFunc(b.formulas, func(o *Formula) bool { return o.ID == after.ID })
	if i < 0 { // a check may be asked about what is not there yet
		b.formulas = append(b.formulas, after)
	} else {
		b.formulas[i] = after
	}
	if err := b.formula(after).fault; err != nil {
		f.Add("formula", "%v", err)
		return
	}
	if before == nil {
		return
	}
	was := bind(v)
	was.formulas[max(i, 0)] = before
	for j, o := range b.formulas { // what this change breaks elsewhere
		if o.ID != after.ID && b.formula(o).fault != nil && was.formula(was.formulas[j]).fault == nil {
			f.Add("formula", "“%s” could not be computed any more: %v", o.Label, b.formula(o).fault)
		}
	}
}

// checkName holds the names of what people add to features to one form, and to be of one
// thing each.
func checkName(v ledger.View, id ledger.ID, name string, f *fault.Fields) {
	if name != "" && !goodName.MatchString(name) {
		f.Add("name", "use small letters, digits and _, a letter first, 40 at most")
	}
	for o := range Fields.All(v) {
		if o.ID != id && o.Name == name {
			f.Add("name", "is the name of another field")
		}
	}
	for o := range Formulas.All(v) {
		if o.ID != id && o.Name == name {
			f.Add("name", "is the name of another formula")
		}
	}
}

// formulaColumns returns the columns of the formulas that people have added.
func formulaColumns(v ledger.View) []table.Column[Feature] {
	var all []table.Column[Feature]
	var b *binder
	for f := range Formulas.All(v) {
		if b == nil {
			b = bind(v)
		}
		all = append(all, table.CustomComputed(
			table.Info{Name: f.Name, Label: f.Label, Unit: f.Unit, Doc: f.Formula, Hidden: true}, b.lazily(f), Formulas, Fields))
	}
	return all
}

// Computed is a formula over the features of a view, before or after it is kept.
type Computed struct {
	Of    func(*Feature) (float64, bool)
	Uses  []Number // in the order of the formula
	Fault *formula.Error
}

// Compute returns what a formula with this text would be; name is that of the formula it
// belongs to, "" for a new one.
func Compute(v ledger.View, name, text string) Computed {
	b := bind(v)
	f := &Formula{Name: name, Formula: text}
	if i := slices.IndexFunc(b.formulas, func(o *Formula) bool { return o.Name == name }); i >= 0 {
		b.formulas[i] = f
	}
	made := b.formula(f)
	c := Computed{Of: made.of}
	c.Fault, _ = made.fault.(*formula.Error)
	read, err := formula.Parse(text)
	if err != nil {
		return c
	}
	all := Numbers(v)
	for _, n := range read.Names() {
		if x, ok := Named(all, n.Name); ok {
			c.Uses = append(c.Uses, x)
		}
	}
	return c
}

// SetWeights writes how much each name counts in a formula.
func SetWeights(tx *ledger.Tx, id ledger.ID, weights map[string]float64) error {
	return Formulas.Edit(tx, id, func(f *Formula) error {
		read, err := formula.Parse(f.Formula)
		if err != nil {
			return fault.New(fault.Invalid, "the formula cannot be computed: %v", err)
		}
		text, err := read.Weigh(weights)
		if err != nil {
			return fault.New(fault.Invalid, "%v", err)
		}
		f.Formula = text
		return nil
	})
}

// Preset is a way to score that many people know.
type Preset struct {
	Name, Label, Formula string
	About                string
	Fields               []Field // numbers that it needs besides those that features have
}

// Presets are the ways to score that a workspace can begin with.
var Presets = []Preset{
	{
		Name: "rice", Label: "RICE", Formula: "reach * impact * confidence / 100 / effort",
		About:  "Whom it reaches and how much it does for them, for each day of effort.",
		Fields: []Field{reach, impact, confidence},
	},
	{
		Name: "wsjf", Label: "WSJF", Formula: "(business_value + urgency + risk_reduction) / effort",
		About: "Cost of delay for each day of effort: what waits at the highest price comes first.",
		Fields: []Field{
			{Name: "business_value", Label: "Business value", Unit: "1–10"},
			{Name: "urgency", Label: "Urgency", Unit: "1–10"},
			{Name: "risk_reduction", Label: "Risk reduction", Unit: "1–10"},
		},
	},
	{
		Name: "ice", Label: "ICE", Formula: "impact * confidence / 100 * ease",
		About:  "A quick guess where nothing is estimated yet.",
		Fields: []Field{impact, confidence, {Name: "ease", Label: "Ease", Unit: "1–10"}},
	},
	{
		Name: "weighted", Label: "Weighted score", Formula: "5 * impact + 3 * fit + 2 * urgency",
		About: "What matters to you, added up; each counts as much as its weight.",
		Fields: []Field{
			impact, {Name: "fit", Label: "Strategic fit", Unit: "1–10"}, {Name: "urgency", Label: "Urgency", Unit: "1–10"},
		},
	},
}

var (
	reach      = Field{Name: "reach", Label: "Reach", Unit: "people"}
	impact     = Field{Name: "impact", Label: "Impact", Unit: "0.25–3"}
	confidence = Field{Name: "confidence", Label: "Confidence", Unit: "%"}
)

// Missing returns the fields of a preset that the workspace does not have yet.
func (p Preset) Missing(v ledger.View) []Field {
	var all []Field
	numbers := Numbers(v)
	for _, f := range p.Fields {
		if _, ok := Named(numbers, f.Name); !ok {
			all = append(all, f)
		}
	}
	return all
}

// Adopt makes the formula of a preset and the fields that it lacks.
func Adopt(tx *ledger.Tx, p Preset) (ledger.ID, error) {
	for _, f := range p.Missing(tx) {
		f.Type = table.TypeNumber
		if _, err := Fields.Create(tx, f); err != nil {
			return ledger.ID{}, err
		}
	}
	made := Formula{Name: p.Name, Label: p.Label, Formula: p.Formula}
	for n := 2; taken(tx, made.Name); n++ {
		made.Name, made.Label = p.Name+"_"+strconv.Itoa(n), strings.TrimSpace(p.Label+" "+strconv.Itoa(n))
	}
	return Formulas.Create(tx, made)
}

func taken(v ledger.View, name string) bool {
	for f := range Fields.All(v) {
		if f.Name == name {
			return true
		}
	}
	for f := range Formulas.All(v) {
		if f.Name == name {
			return true
		}
	}
	return false
}
