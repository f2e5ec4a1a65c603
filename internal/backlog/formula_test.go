package backlog

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
)

// formula makes one, or returns why not.
func (d *desk) formula(label, text string) error {
	return d.do(func(tx *ledger.Tx) error {
		_, err := FormulaTable.Create(tx, scope(tx), ledger.ID{}, table.Input{"label": label, "formula": text})
		return err
	})
}

func (d *desk) field(label string) {
	d.t.Helper()
	d.must(func(tx *ledger.Tx) error {
		_, err := FieldTable.Create(tx, scope(tx), ledger.ID{}, table.Input{"label": label, "type": "number"})
		return err
	})
}

// show is a column of a feature.
func (d *desk) show(id ledger.ID, column string) string {
	d.t.Helper()
	v := d.now()
	r, ok := FeatureTable.Row(v, id)
	if !ok {
		d.t.Fatal("there is no such feature")
	}
	return FeatureTable.Show(scope(v), r, column)
}

func TestAFormulaIsAColumn(t *testing.T) {
	d := newDesk(t)
	d.field("Reach")
	d.field("Impact")
	if err := d.formula("RICE", "reach * impact / effort"); err != nil {
		t.Fatal(err)
	}
	a := d.feature(table.Input{"title": "A", "effort": "10", "custom.reach": 400.0, "custom.impact": 2.0})
	b := d.feature(table.Input{"title": "B", "effort": "5", "custom.reach": 100.0, "custom.impact": 3.0})
	d.feature(table.Input{"title": "C", "custom.reach": 100.0})
	if got := d.show(a, "custom.rice"); got != "80" {
		t.Errorf("A has %q", got)
	}
	if got := d.show(b, "custom.rice"); got != "60" {
		t.Errorf("B has %q", got)
	}
	order := func() string {
		v := d.now()
		l, err := FeatureTable.List(t.Context(), scope(v), v, table.Query{Sort: []table.Sort{{Column: "custom.rice", Desc: true}}})
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, r := range l.Rows(0, l.Total) {
			all = append(all, r.Title())
		}
		return strings.Join(all, "")
	}
	if got := order(); got != "ABC" {
		t.Errorf("the order is %s", got)
	}
	if err := d.edit(b, table.Input{"custom.impact": 5.0}); err != nil {
		t.Fatal(err)
	}
	if got := order(); got != "BAC" {
		t.Errorf("after an impact changed the order is %s", got)
	}
	d.must(func(tx *ledger.Tx) error {
		for f := range Formulas.All(tx) {
			return SetWeights(tx, f.ID, map[string]float64{"reach": 2})
		}
		return nil
	})
	if got := order(); got != "ABC" {
		t.Errorf("after a weight changed the order is %s", got)
	}
	v := d.now()
	f, err := table.ParseFilter("custom.rice > 100 and custom.rice is not empty")
	if err != nil {
		t.Fatal(err)
	}
	if l, err := FeatureTable.List(t.Context(), scope(v), v, table.Query{Filter: f, Group: "custom.rice"}); err != nil || l.Total != 2 || len(l.Groups) != 2 {
		t.Errorf("filtered: %+v, %v", l, err)
	}
	if err := d.edit(a, table.Input{"custom.rice": 3.0}); !slices.Equal(wrong(err), []string{"custom.rice"}) {
		t.Errorf("a computed value was written: %v", err)
	}
}

func TestFormulasUseFormulas(t *testing.T) {
	d := newDesk(t)
	d.field("Effort") // is custom.effort: the estimate has the short name
	must := func(label, text string) {
		t.Helper()
		if err := d.formula(label, text); err != nil {
			t.Fatal(err)
		}
	}
	must("Cost", "effort * 1000 + custom.effort")
	must("Gain", "value - cost")
	must("Rank of it", "gain > 0 ? priority : 0")
	id := d.feature(table.Input{"title": "A", "effort": "2", "value": "5000", "priority": "urgent", "custom.effort": 500.0})
	for column, want := range map[string]string{"custom.cost": "2500", "custom.gain": "2500", "custom.rank_of_it": "4"} {
		if got := d.show(id, column); got != want {
			t.Errorf("%s is %q, want %q", column, got, want)
		}
	}
	edit := func(name, text string) error {
		return d.do(func(tx *ledger.Tx) error {
			for f := range Formulas.All(tx) {
				if f.Name == name {
					return FormulaTable.Edit(tx, scope(tx), f.ID, table.Input{"formula": text})
				}
			}
			return nil
		})
	}
	if err := edit("cost", "gain / 2"); err == nil || !strings.Contains(message(err), "rests on") {
		t.Errorf("a circle: %v", err)
	}
	if err := edit("cost", "cost + 1"); err == nil || !strings.Contains(message(err), "rests on") {
		t.Errorf("a circle of one: %v", err)
	}
	// what is gone makes empty what rests on it, and a page can say why
	d.must(func(tx *ledger.Tx) error {
		for f := range Formulas.All(tx) {
			if f.Name == "cost" {
				return Formulas.Delete(tx, f.ID)
			}
		}
		return nil
	})
	if got := d.show(id, "custom.rank_of_it"); got != "" {
		t.Errorf("it rests on what is gone and is %q", got)
	}
	if c := Compute(d.now(), "gain", "value - cost"); c.Fault == nil || c.Fault.At != 9 {
		t.Errorf("the fault is %v", c.Fault)
	}
}

func message(err error) string {
	var all []string
	if f, ok := err.(*fault.Error); ok {
		for _, x := range f.Fields {
			all = append(all, x.Message)
		}
	}
	return strings.Join(all, "; ")
}

func TestFaultyFormulas(t *testing.T) {
	d := newDesk(t)
	d.field("Reach")
	if err := d.formula("Twice", "2 * reach"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ label, text, field, says string }{
		{"A", "", "formula", "is required"},
		{"A", "raech * 2", "formula", "at character 1: there is no number “raech”; do you mean “reach”?"},
		{"A", "reach *", "formula", "at character 8: the formula ends too early"},
		{"A", "title + 1", "formula", "there is no number “title”"},
		{"Reach", "effort", "name", "is the name of another field"},
		{"Twice", "effort", "name", "is the name of another formula"},
		{"Effort", "value", "name", "is a number that features have anyway"},
	} {
		err := d.formula(c.label, c.text)
		if !slices.Contains(wrong(err), c.field) || !strings.Contains(message(err), c.says) {
			t.Errorf("%s = %s: %v", c.label, c.text, message(err))
		}
	}
	err := d.do(func(tx *ledger.Tx) error {
		_, err := FieldTable.Create(tx, scope(tx), ledger.ID{}, table.Input{"label": "Twice", "type": "number"})
		return err
	})
	if !strings.Contains(message(err), "is the name of another formula") {
		t.Errorf("a field got the name of a formula: %v", err)
	}
}

func TestFormulasCostLittle(t *testing.T) {
	d := newDesk(t)
	var refused error
	text := "effort"
	for i := 0; i < 12 && refused == nil; i++ { // each uses the one before sixteen times over by three names
		name := string(rune('a' + i))
		refused = d.formula(name, text)
		if i > 1 {
			text = strings.Join([]string{name, string(rune('a' + i - 1)), string(rune('a' + i - 2))}, " + ")
		} else {
			text = name + strings.Repeat(" + "+name, 15)
		}
	}
	if !strings.Contains(message(refused), "steps for each feature") {
		t.Errorf("formulas on formulas may cost anything: %v", refused)
	}
}

func TestPresetsBringTheirFields(t *testing.T) {
	for _, p := range Presets {
		d := newDesk(t)
		for range 2 { // a second one takes the fields of the first
			d.must(func(tx *ledger.Tx) error {
				_, err := Adopt(tx, p)
				return err
			})
		}
		v := d.now()
		if left := p.Missing(v); left != nil {
			t.Errorf("%s lacks %v", p.Name, left)
		}
		var labels []string
		for f := range Formulas.All(v) {
			labels = append(labels, f.Label)
			if c := Compute(v, f.Name, f.Formula); c.Fault != nil || len(c.Uses) < 3 {
				t.Errorf("%s: %v, uses %v", p.Name, c.Fault, c.Uses)
			}
		}
		if !slices.Equal(labels, []string{p.Label, p.Label + " 2"}) {
			t.Errorf("%s made %q", p.Name, labels)
		}
	}
}

func TestNumbersOfAFeature(t *testing.T) {
	d := newDesk(t)
	d.field("Reach")
	if err := d.formula("Twice", "2 * reach"); err != nil {
		t.Fatal(err)
	}
	id := d.feature(table.Input{"title": "A", "effort": "2/3/7", "value": "10/20/60", "priority": "low", "custom.reach": 4.0})
	bare := d.feature(table.Input{"title": "B"})
	v := d.now()
	f, _ := Features.Get(v, id)
	none, _ := Features.Get(v, bare)
	want := map[string]float64{
		"effort": .3*2 + .4*3 + .3*7, "effort_low": 2, "effort_high": 7, "value": 3 + 8 + 18, "value_low": 10, "value_high": 60,
		"score": 7.4, "priority": 1, "custom.reach": 4, "custom.twice": 8,
	}
	for _, n := range Numbers(v) {
		if got, ok := n.Of(f); !ok || math.Abs(got-want[n.Name]) > 1e-9 {
			t.Errorf("%s is %v, %v; want %v", n.Name, got, ok, want[n.Name])
		}
		if got, ok := n.Of(none); ok {
			t.Errorf("%s of a bare feature is %v", n.Name, got)
		}
		delete(want, n.Name)
	}
	if len(want) > 0 {
		t.Errorf("there are no %v", want)
	}
}
