package pages

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/formula"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/tableweb"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

var scoringRoutes = []web.Route{
	{Method: http.MethodGet, Pattern: "/w/{workspace}/scoring", Who: web.Member, Handle: scoring},
	{Method: http.MethodGet, Pattern: "/w/{workspace}/scoring/preview", Who: web.Member, Handle: scoringPreview},
	{Method: http.MethodPost, Pattern: "/w/{workspace}/scoring", Who: web.Member, Handle: saveFormula},
	{Method: http.MethodPost, Pattern: "/w/{workspace}/scoring/adopt", Who: web.Member, Handle: adoptPreset},
	{Method: http.MethodPost, Pattern: "/w/{workspace}/scoring/{formula}/weights", Who: web.Member, Handle: saveWeights},
}

// formulas are the pages of single formulas; all of them stand on one page, the editor
// above.
var formulas = &tableweb.Area{
	Table: backlog.FormulaTable, Icon: "scale",
	Columns: []string{"label", "formula", "unit", "name"},
	Form:    []string{"label", "formula", "unit"},
	Void:    "A formula is a column of features that is computed of their numbers: a score to sort by.",
	Main:    formulaMain,
}

// scores is the page of all formulas in front of a reader.
type scores struct {
	*web.Request
	view     ledger.View
	formulas []*backlog.Formula
	numbers  []backlog.Number
	form     *ui.Form
	edited   *backlog.Formula // nil: a new one
}

func readScores(q *web.Request, f *ui.Form) (*scores, error) {
	s, err := q.Snapshot()
	if err != nil {
		return nil, err
	}
	c := &scores{Request: q, view: s, numbers: backlog.Numbers(s), form: f}
	for f := range backlog.Formulas.All(s) {
		c.formulas = append(c.formulas, f)
	}
	return c, nil
}

// find makes the named formula the one that is edited.
func (c *scores) find(name string) error {
	if name == "" {
		return nil
	}
	i := slices.IndexFunc(c.formulas, func(f *backlog.Formula) bool { return f.Name == name })
	if i < 0 {
		return fault.New(fault.NotFound, "there is no formula %q", name)
	}
	c.edited = c.formulas[i]
	return nil
}

func (c *scores) mayEdit() bool { return !c.Past() && c.Workspace.Role.AtLeast(access.Editor) }

// mayAdopt reports whether the reader may make what a preset needs: fields are made by
// admins.
func (c *scores) mayAdopt(p backlog.Preset) bool {
	return c.mayEdit() && (len(p.Missing(c.view)) == 0 || c.Workspace.Role.AtLeast(access.Admin))
}

func (c *scores) page(status int) error {
	return c.Page(web.Page{
		Title: "Scoring", Area: "settings", Status: status, Crumbs: settingsCrumb(c.Request), Islands: []string{"formula"},
	}, scoringPage(c))
}

func scoring(q *web.Request) error {
	c, err := readScores(q, &ui.Form{})
	if err != nil {
		return err
	}
	if err := c.find(q.Query("formula")); err != nil {
		return err
	}
	return c.page(0)
}

// preview is what a formula makes of the features.
type preview struct {
	*web.Request
	fault    *formula.Error
	empty    bool // nothing is written yet
	uses     []backlog.Number
	rows     []previewed // the highest first
	scored   int         // features that have a value
	features int
}

type previewed struct {
	row    table.Row
	inputs []string
	value  string
}

// previewRows is how many features a preview shows.
const previewRows = 5

func previewOf(q *web.Request, name, text string) (*preview, error) {
	s, err := q.Snapshot()
	if err != nil {
		return nil, err
	}
	p := &preview{Request: q, empty: strings.TrimSpace(text) == ""}
	if p.empty {
		return p, nil
	}
	made := backlog.Compute(s, name, text)
	p.fault, p.uses = made.Fault, made.Uses
	if p.fault != nil {
		return p, nil
	}
	type scored struct {
		f     *backlog.Feature
		value float64
	}
	var best []scored
	for f := range backlog.Features.All(s) {
		if f.Archived {
			continue
		}
		p.features++
		n, ok := made.Of(f)
		if !ok {
			continue
		}
		p.scored++
		at, _ := slices.BinarySearchFunc(best, n, func(x scored, n float64) int { return cmp.Compare(n, x.value) })
		if at < previewRows {
			best = slices.Insert(best, at, scored{f, n})
			best = best[:min(len(best), previewRows)]
		}
	}
	for _, b := range best {
		row, _ := backlog.FeatureTable.Row(s, b.f.ID)
		one := previewed{row: row, value: ui.Number(b.value)}
		for _, n := range p.uses {
			one.inputs = append(one.inputs, amount(n, b.f))
		}
		p.rows = append(p.rows, one)
	}
	return p, nil
}

// amount is a number of a feature as a text.
func amount(n backlog.Number, f *backlog.Feature) string {
	v, ok := n.Of(f)
	if !ok {
		return "–"
	}
	return ui.Number(v)
}

func scoringPreview(q *web.Request) error {
	p, err := previewOf(q, q.Query("name"), q.Query("formula"))
	if err != nil {
		return err
	}
	return q.Fragment(previewPart(p))
}

func saveFormula(q *web.Request) error {
	f, err := q.Form("name", "label", "formula", "unit")
	if err != nil {
		return err
	}
	c, err := readScores(q, f)
	if err != nil {
		return err
	}
	if err := c.find(f.Values.Get("name")); err != nil {
		return err
	}
	scope, err := q.Scope()
	if err != nil {
		return err
	}
	in := table.Input{"label": f.Values.Get("label"), "formula": f.Values.Get("formula"), "unit": f.Values.Get("unit")}
	verb := "edit"
	if c.edited == nil {
		verb = "create"
	}
	seq, err := q.Update(verb, func(tx *ledger.Tx) error {
		if c.edited != nil {
			return backlog.FormulaTable.Edit(tx, scope.In(tx), c.edited.ID, in)
		}
		_, err := backlog.FormulaTable.Create(tx, scope.In(tx), ledger.ID{}, in)
		return err
	})
	if err != nil {
		status, ok := web.Refused(f, err)
		if !ok {
			return err
		}
		if said := f.Errors["name"]; said != "" && f.Errors["label"] == "" { // the name is made of the label
			f.Errors["label"] = said
		}
		return c.page(status)
	}
	q.Said("Saved "+f.Values.Get("label"), seq)
	return q.Redirect(q.Path("scoring"))
}

// adoptPreset makes the formula of a preset, with the fields that it lacks, and leads to
// the list that is ranked by it.
func adoptPreset(q *web.Request) error {
	f, err := q.Form("preset", "to")
	if err != nil {
		return err
	}
	i := slices.IndexFunc(backlog.Presets, func(p backlog.Preset) bool { return p.Name == f.Values.Get("preset") })
	if i < 0 {
		return fault.New(fault.NotFound, "there is no way to score %q", f.Values.Get("preset"))
	}
	p := backlog.Presets[i]
	var id ledger.ID
	seq, err := q.Update("create", func(tx *ledger.Tx) (err error) {
		id, err = backlog.Adopt(tx, p)
		return err
	})
	if err != nil {
		return err
	}
	q.Said("Added "+p.Label, seq)
	s, err := q.Snapshot()
	if err != nil {
		return err
	}
	name := p.Name
	if made, ok := backlog.Formulas.Get(s, id); ok {
		name = made.Name
	}
	if to := f.Values.Get("to"); to != "" {
		return q.Redirect(strings.ReplaceAll(to, table.CustomPrefix+p.Name, table.CustomPrefix+name))
	}
	return q.Redirect(ui.With(q.Path("scoring"), "formula", name))
}

// weightPrefix begins the names of the fields for weights.
const weightPrefix = "weight."

func saveWeights(q *web.Request) error {
	id, err := ledger.ParseID(q.R.PathValue("formula"))
	if err != nil {
		return fault.New(fault.NotFound, "there is no such formula")
	}
	s, err := q.Snapshot()
	if err != nil {
		return err
	}
	made, ok := backlog.Formulas.Get(s, id)
	if !ok {
		return fault.New(fault.NotFound, "there is no such formula")
	}
	names := []string{"to"}
	for _, w := range weightsOf(made) {
		names = append(names, weightPrefix+w.Name)
	}
	f, err := q.Form(names...)
	if err != nil {
		return err
	}
	weights := map[string]float64{}
	var faults fault.Fields
	for _, name := range names[1:] {
		text := strings.ReplaceAll(strings.TrimSpace(f.Values.Get(name)), ",", ".")
		if !f.Values.Has(name) || text == "" {
			continue
		}
		n, err := strconv.ParseFloat(text, 64)
		if err != nil {
			faults.Add(name, "%q is no number; write it as 2 or 0.5", text)
			continue
		}
		weights[strings.TrimPrefix(name, weightPrefix)] = n
	}
	if err := faults.Err(); err != nil {
		return err
	}
	seq, err := q.Update("edit", func(tx *ledger.Tx) error { return backlog.SetWeights(tx, id, weights) })
	if err != nil {
		return err
	}
	q.Said("Weights of "+made.Label+" saved", seq)
	return q.Done(cmp.Or(f.Values.Get("to"), q.Path("features")))
}

func weightsOf(f *backlog.Formula) []formula.Weight {
	read, err := formula.Parse(f.Formula)
	if err != nil {
		return nil
	}
	return read.Weights()
}

// scoreHead lets the weights of a formula be changed at the head of its column.
func scoreHead(l *tableweb.Sheet, c table.Info) templ.Component {
	if !c.Custom || !c.Computed {
		return nil
	}
	name := strings.TrimPrefix(c.Name, table.CustomPrefix)
	for f := range backlog.Formulas.All(l.Scope.View) {
		if f.Name == name {
			return weightsMenu(l, f, backlog.Numbers(l.Scope.View))
		}
	}
	return nil
}

// mayWeigh reports whether the reader may change a formula from a list.
func mayWeigh(l *tableweb.Sheet) bool { return !l.Past() && l.Workspace.Role.AtLeast(access.Editor) }

func labelIn(numbers []backlog.Number, name string) string {
	if n, ok := backlog.Named(numbers, name); ok {
		return n.Label
	}
	return name
}

// scoreChoices are what the list can be ranked by: the formulas there are, and the presets
// that are not among them.
type scoreChoices struct {
	*tableweb.Sheet
	formulas []*backlog.Formula
	presets  []backlog.Preset
}

func scoreDialog(l *tableweb.Sheet) templ.Component {
	c := scoreChoices{Sheet: l}
	for f := range backlog.Formulas.All(l.Scope.View) {
		c.formulas = append(c.formulas, f)
	}
	for _, p := range backlog.Presets {
		if !slices.ContainsFunc(c.formulas, func(f *backlog.Formula) bool { return f.Name == p.Name }) {
			c.presets = append(c.presets, p)
		}
	}
	return scoreChoice(c)
}

func (c scoreChoices) mayAdopt(p backlog.Preset) bool {
	return mayWeigh(c.Sheet) && (len(p.Missing(c.Scope.View)) == 0 || c.Workspace.Role.AtLeast(access.Admin))
}

// missing says which fields a preset would bring.
func missing(v ledger.View, p backlog.Preset) string {
	var labels []string
	for _, f := range p.Missing(v) {
		labels = append(labels, f.Label)
	}
	return strings.Join(labels, ", ")
}

// formulaMain shows on the page of a formula what it makes of the features.
func formulaMain(v *tableweb.View) templ.Component {
	f := v.Row.Entity().(*backlog.Formula)
	p, err := previewOf(v.Request, f.Name, f.Formula)
	if err != nil {
		return ui.Note{Tone: ui.Bad, Text: err.Error()}
	}
	return formulaPart(v, f, p)
}

// sentence begins a message as a sentence.
func sentence(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
