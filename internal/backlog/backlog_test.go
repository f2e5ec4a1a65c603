package backlog

import (
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/ledger/ledgertest"
	"github.com/throughline-pm/throughline/internal/people"
	"github.com/throughline-pm/throughline/internal/strategy"
	"github.com/throughline-pm/throughline/internal/table"
)

var tables = table.NewSet(
	access.ProductTable, people.TeamTable, people.PersonTable, strategy.ObjectiveTable,
	StatusTable, FieldTable, FormulaTable, FeatureTable, DependencyTable, ViewTable,
)

// releases stands for the kind of that name, which is a later part of the story.
var releases = ledger.NewKind[struct{ ledger.Meta }]("release")

// desk is a workspace with a product and the standard workflow.
type desk struct {
	t  *testing.T
	l  *ledger.Ledger
	ws ledger.ID
}

func newDesk(t *testing.T) *desk {
	d := &desk{t: t, l: ledgertest.Open(t, ledgertest.Engines[0].Open(t)(), ledger.Options{Registry: ledger.NewRegistry(
		access.Workspaces, access.Products, access.Memberships, people.Persons, people.Teams, strategy.Objectives, releases,
		Statuses, Fields, Formulas, Features, Dependencies, Views,
	)})}
	var err error
	if d.ws, err = d.l.CreateWorkspace(t.Context(), "desk"); err != nil {
		t.Fatal(err)
	}
	d.must(func(tx *ledger.Tx) error {
		if _, err := access.Products.Create(tx, access.Product{Name: "Fieldbook", Prefix: "FB"}); err != nil {
			return err
		}
		if _, err := people.Teams.Create(tx, people.Team{Name: "Sync"}); err != nil {
			return err
		}
		return StandardWorkflow(tx)
	})
	return d
}

func (d *desk) do(fn func(tx *ledger.Tx) error) error {
	_, err := d.l.Update(d.t.Context(), d.ws, ledgertest.Ann, "test", fn)
	return err
}

func (d *desk) must(fn func(tx *ledger.Tx) error) {
	d.t.Helper()
	if err := d.do(fn); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) now() *ledger.Snapshot {
	d.t.Helper()
	s, err := d.l.At(d.t.Context(), d.ws, ledgertest.Ann, 0)
	if err != nil {
		d.t.Fatal(err)
	}
	return s
}

func scope(v ledger.View) *table.Scope {
	return &table.Scope{View: v, Set: tables, Today: "2026-05-12"}
}

func (d *desk) feature(in table.Input) (id ledger.ID) {
	d.t.Helper()
	d.must(func(tx *ledger.Tx) (err error) {
		id, err = FeatureTable.Create(tx, scope(tx), ledger.ID{}, in)
		return err
	})
	return id
}

func (d *desk) edit(id ledger.ID, in table.Input) error {
	return d.do(func(tx *ledger.Tx) error { return FeatureTable.Edit(tx, scope(tx), id, in) })
}

// wrong returns the fields that a refusal names.
func wrong(err error) (fields []string) {
	if f, ok := err.(*fault.Error); ok {
		for _, x := range f.Fields {
			fields = append(fields, x.Name)
		}
	}
	return fields
}

func TestATitleIsEnough(t *testing.T) {
	d := newDesk(t)
	id := d.feature(table.Input{"title": "Offline maps"})
	f, _ := Features.Get(d.now(), id)
	if f.Key != "FB-1" {
		t.Errorf("its key is %q", f.Key)
	}
	if got := StageOf(d.now(), f); got != StageIdea {
		t.Errorf("it starts as %s", got)
	}
	if err := d.edit(id, table.Input{"title": " "}); !slices.Equal(wrong(err), []string{"title"}) {
		t.Errorf("an empty title: %v", err)
	}
}

func TestFaultyFeatures(t *testing.T) {
	d := newDesk(t)
	id := d.feature(table.Input{"title": "one"})
	for _, c := range []struct {
		in   table.Input
		want []string
	}{
		{table.Input{"start": "2026-05-02", "target": "2026-05-01"}, []string{"target"}},
		{table.Input{"value": "8/5/3"}, []string{"value"}},
		{table.Input{"effort": "Sync 8/5/3"}, []string{"effort"}},
		{table.Input{"effort": "Nobody 3"}, []string{"effort"}},
		{table.Input{"effort": "Sync -1/2/3"}, []string{"effort"}},
		{table.Input{"effort": "Sync many"}, []string{"effort"}},
		{table.Input{"priority": "soon", "owner": "Nobody"}, []string{"owner", "priority"}},
		{table.Input{"parent": "FB-1"}, []string{"parent"}},
		{table.Input{"parent": "FB-99"}, []string{"parent"}},
		{table.Input{"product": ""}, []string{"product"}},
		{table.Input{"key": "FB-7"}, []string{"key"}},
		{table.Input{"score": 3.0}, []string{"score"}},
	} {
		if err := d.edit(id, c.in); !slices.Equal(wrong(err), c.want) {
			t.Errorf("%v: %v", c.in, err)
		}
	}
}

func TestAnInitiativeIsNoPartOfItself(t *testing.T) {
	d := newDesk(t)
	a, b, c := d.feature(table.Input{"title": "a"}), d.feature(table.Input{"title": "b", "parent": "FB-1"}), d.feature(table.Input{"title": "c", "parent": "FB-2"})
	if err := d.edit(a, table.Input{"parent": "FB-3"}); !slices.Equal(wrong(err), []string{"parent"}) {
		t.Errorf("a circle of parts: %v", err)
	}
	if got := slices.Collect(Parts(d.now(), b)); len(got) != 1 || got[0].ID != c {
		t.Errorf("below b stands %v", got)
	}
	d.must(func(tx *ledger.Tx) error { return Features.Delete(tx, a) })
	if f, _ := Features.Get(d.now(), b); !f.Parent.IsZero() {
		t.Error("a part of what is gone still names it")
	}
}

func TestDependencies(t *testing.T) {
	d := newDesk(t)
	var ids []ledger.ID
	for i := range 4 {
		ids = append(ids, d.feature(table.Input{"title": fmt.Sprint(i)}))
	}
	connect := func(from int, kind DependencyType, to int) error {
		return d.do(func(tx *ledger.Tx) error {
			_, err := Dependencies.Create(tx, Dependency{From: ledger.Ref(ids[from]), Type: kind, To: ledger.Ref(ids[to])})
			return err
		})
	}
	for _, c := range []struct {
		from int
		kind DependencyType
		to   int
		ok   bool
	}{
		{0, Blocks, 1, true},
		{1, Blocks, 2, true},
		{0, Blocks, 1, false}, // there already
		{2, Blocks, 0, false}, // a circle of three
		{1, Blocks, 0, false}, // a circle of two
		{3, Blocks, 3, false}, // of one
		{0, Blocks, 2, true},  // a short cut is none
		{2, Relates, 0, true}, // relations may go round
		{0, Relates, 2, false},
		{3, Duplicates, 0, true},
		{3, "needs", 1, false},
	} {
		if err := connect(c.from, c.kind, c.to); (err == nil) != c.ok || (!c.ok && !fault.Is(err, fault.Invalid)) {
			t.Errorf("%d %s %d: %v", c.from, c.kind, c.to, err)
		}
	}
	show := func(i int, column string) string {
		s := scope(d.now())
		r, _ := FeatureTable.Row(s.View, ids[i])
		return FeatureTable.Show(s, r, column)
	}
	for _, c := range []struct {
		of           int
		column, want string
	}{
		{2, "blocked_by", "1; 0"},
		{0, "blocks", "1; 2"},
		{0, "relates", "2"},
		{2, "relates", "0"},
		{3, "duplicates", "0"},
		{0, "duplicates", ""},
	} {
		if got := show(c.of, c.column); got != c.want {
			t.Errorf("%s of %d: %q, want %q", c.column, c.of, got, c.want)
		}
	}
	d.must(func(tx *ledger.Tx) error { return Disconnect(tx, ids[0], Blocks, ids[1]) })
	d.must(func(tx *ledger.Tx) error { return Connect(tx, ids[0], Blocks, ids[2]) })
	if got := show(0, "blocks"); got != "2" {
		t.Errorf("after taking one away and adding one that is there: %q", got)
	}
	d.must(func(tx *ledger.Tx) error { return Features.Delete(tx, ids[0]) })
	if n := Dependencies.Len(d.now()); n != 1 {
		t.Errorf("%d dependencies are left", n)
	}
}

func TestManualOrder(t *testing.T) {
	d := newDesk(t)
	var ids []ledger.ID
	for i := range 6 {
		ids = append(ids, d.feature(table.Input{"title": fmt.Sprint(i)}))
	}
	order := func() string {
		s := d.now()
		l, err := FeatureTable.List(t.Context(), scope(s), s, table.Query{})
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for _, r := range l.Rows(0, l.Total) {
			b.WriteString(r.Title())
		}
		return b.String()
	}
	at := func(i int) ledger.ID {
		if i < 0 {
			return ledger.ID{}
		}
		return ids[i]
	}
	for _, c := range []struct {
		move, behind, before int
		want                 string
	}{
		{5, -1, 0, "501234"},
		{0, 2, 3, "512034"},
		{5, 4, -1, "120345"},
		{3, -1, 1, "312045"},
		{4, 3, 1, "341205"},
	} {
		d.must(func(tx *ledger.Tx) error { return Move(tx, at(c.move), at(c.behind), at(c.before)) })
		if got := order(); got != c.want {
			t.Errorf("after moving %d the order is %s, want %s", c.move, got, c.want)
		}
	}
	if err := d.do(func(tx *ledger.Tx) error { return Move(tx, ids[0], ids[5], ids[3]) }); !fault.Is(err, fault.Invalid) {
		t.Errorf("between two that stand the other way round: %v", err)
	}
}

// Between any two ranks there is room, however often things are moved to one place.
func TestBetween(t *testing.T) {
	low, high := "", ""
	for i := range 300 {
		r, err := between(low, high)
		if err != nil {
			t.Fatal(err)
		}
		if (low != "" && r <= low) || (high != "" && r >= high) {
			t.Fatalf("%q is not between %q and %q", r, low, high)
		}
		if i%3 == 0 {
			high = r
		} else {
			low = r
		}
	}
	for _, c := range [][2]string{{"5", "5"}, {"6", "5"}, {"5", "50"}, {"5", "500"}} {
		if r, err := between(c[0], c[1]); err == nil {
			t.Errorf("between %q and %q is %q", c[0], c[1], r)
		}
	}
}

func TestRanges(t *testing.T) {
	for in, want := range map[string]Range{
		"": {}, "5": {5, 5, 5}, "3/5/8": {3, 5, 8}, " 1.5 / 2 / 4 ": {1.5, 2, 4}, "2-8": {2, 4, 8}, "6–10": {6, 7.7, 10}, "0-4": {0, 2, 4},
	} {
		if got, err := ParseRange(in); err != nil || got != want {
			t.Errorf("ParseRange(%q) = %v, %v; want %v", in, got, err, want)
		}
	}
	for _, bad := range []string{"x", "1/2/3/4", "1/x/3", "Inf", "NaN", "1//3"} {
		if got, err := ParseRange(bad); err == nil {
			t.Errorf("ParseRange(%q) = %v", bad, got)
		}
	}
	if m := (Range{10, 20, 40}).Mean(); math.Abs(m-23) > 1e-9 { // .3·10 + .4·20 + .3·40
		t.Errorf("the mean is %v", m)
	}
}

func TestEffortAndScore(t *testing.T) {
	d := newDesk(t)
	id := d.feature(table.Input{"title": "one", "effort": "Sync 3/5/8; Sync (Swift) 1/2/4", "value": "100/200/400"})
	s := scope(d.now())
	row, _ := FeatureTable.Row(s.View, id)
	f := row.Entity().(*Feature)
	if diff := cmp.Diff(Range{4, 7, 12}, f.Effort.Total()); diff != "" {
		t.Error(diff)
	}
	if got := FeatureTable.Show(s, row, "effort"); got != "Sync 3/5/8; Sync (Swift) 1/2/4" {
		t.Errorf("effort is shown as %q", got)
	}
	if label, was, now := FeatureTable.ShowChange(s, ledger.FieldChange{
		Field: "effort", Old: []byte("null"), New: []byte(fmt.Sprintf(`[{"team":%q,"low":1,"likely":2,"high":4}]`, f.Effort[0].Team)),
	}); label != "Effort" || was != "" || now != "Sync 1/2/4" {
		t.Errorf("the history says %q %q %q", label, was, now)
	}
	if n, ok := f.Score(); !ok || n != 30.3 { // (30+80+120) / (1.2+2.8+3.6) = 230/7.6 = 30.26…
		t.Errorf("the score is %v, %v", n, ok)
	}
	if _, ok := (&Feature{Value: Range{1, 1, 1}}).Score(); ok {
		t.Error("a feature without an estimate has a score")
	}
}

func TestCustomFields(t *testing.T) {
	d := newDesk(t)
	field := func(in table.Input) error {
		return d.do(func(tx *ledger.Tx) error {
			_, err := FieldTable.Create(tx, scope(tx), ledger.ID{}, in)
			return err
		})
	}
	for _, in := range []table.Input{
		{"label": "Story points", "type": "number"},
		{"label": "Risk", "type": "choice", "options": []any{"Low", "High"}},
		{"label": "Markets", "type": "choices", "options": "DE; FR; UK"},
		{"label": "Sponsor", "type": "person"},
		{"label": "Decided", "type": "date"},
		{"label": "Brief", "type": "url"},
		{"label": "Note", "type": "text"},
	} {
		if err := field(in); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		in   table.Input
		want []string
	}{
		{table.Input{"label": "Risk", "type": "text"}, []string{"name"}},
		{table.Input{"label": "Colour", "type": "choice"}, []string{"options"}},
		{table.Input{"label": "Size", "type": "number", "options": "a"}, []string{"options"}},
		{table.Input{"label": "Bad", "name": "Not Good", "type": "text"}, []string{"name"}},
	} {
		if err := field(c.in); !slices.Equal(wrong(err), c.want) {
			t.Errorf("%v: %v", c.in, err)
		}
	}
	d.must(func(tx *ledger.Tx) error {
		_, err := people.Persons.Create(tx, people.Person{Name: "Oda"})
		return err
	})
	full := table.Input{
		"title": "one", "custom.story_points": 5.0, "custom.risk": "high", "custom.markets": "UK, DE", "custom.sponsor": "Oda",
		"custom.decided": "2026-03-01", "custom.brief": "https://example.com", "custom.note": "why",
	}
	id := d.feature(full)
	d.feature(table.Input{"title": "two", "custom.story_points": 3.0})
	s := scope(d.now())
	row, _ := FeatureTable.Row(s.View, id)
	for column, want := range map[string]string{
		"custom.story_points": "5", "custom.risk": "High", "custom.markets": "UK; DE", "custom.sponsor": "Oda", "custom.decided": "2026-03-01",
	} {
		if got := FeatureTable.Show(s, row, column); got != want {
			t.Errorf("%s is %q, want %q", column, got, want)
		}
	}
	for filter, want := range map[string]int{
		"custom.story_points > 3": 1, "custom.risk = High": 1, "custom.markets = DE": 1, "custom.sponsor = Oda": 1,
		"custom.decided < 2026-04-01": 1, "custom.note is empty": 1, "custom.story_points is not empty": 2,
	} {
		q, err := table.ParseQuery(url.Values{"filter": {filter}})
		if err != nil {
			t.Fatal(err)
		}
		l, err := FeatureTable.List(t.Context(), s, s.View.(*ledger.Snapshot), q)
		if err != nil || l.Total != want {
			t.Errorf("%s: %d features, %v", filter, l.Total, err)
		}
	}
	if err := d.edit(id, table.Input{"custom.risk": "medium", "custom.story_points": "many", "custom.nothing": 1.0}); len(wrong(err)) != 3 {
		t.Errorf("faulty custom values: %v", err)
	}
	if err := d.edit(id, table.Input{"custom.risk": "", "custom.sponsor": nil}); err != nil {
		t.Error(err)
	}
	// what was changed is told by the names and values of the columns
	var told []string
	for c, err := range d.l.History(t.Context(), s.View.(*ledger.Snapshot), FeatureTable.AnyKind(), id) {
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range c.Entries {
			for _, ch := range e.Changes {
				for _, shown := range FeatureTable.ShowChanges(scope(d.now()), ch) {
					told = append(told, fmt.Sprintf("%s: %s to %s", shown.Label, shown.Was, shown.Now))
				}
			}
		}
	}
	for _, want := range []string{"Risk: High to ", "Sponsor: Oda to ", "Risk:  to High", "Story points:  to 5"} {
		if !slices.Contains(told, want) {
			t.Errorf("no change is told as %q: %q", want, told)
		}
	}
	f, _ := Features.Get(d.now(), id)
	if _, there := f.Custom["risk"]; there || len(f.CustomPeople) != 0 {
		t.Errorf("emptied values are still there: %v %v", f.Custom, f.CustomPeople)
	}
}

func TestViewsHoldAQuery(t *testing.T) {
	d := newDesk(t)
	create := func(query string) error {
		return d.do(func(tx *ledger.Tx) error {
			_, err := Views.Create(tx, View{Title: "mine", Of: "features", Query: query, Layout: "list"})
			return err
		})
	}
	if err := create("filter=status+%3D+Idea&sort=-score"); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"filter=status", "%zz"} {
		if err := create(bad); !slices.Equal(wrong(err), []string{"query"}) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestFieldName(t *testing.T) {
	for label, want := range map[string]string{
		"Story points": "story_points", "Größe (cm)": "grosse_cm", "2nd try": "field_2nd_try", "検索": "field", "ARR €": "arr",
	} {
		if got := FieldName(label); got != want || !goodName.MatchString(got) {
			t.Errorf("FieldName(%q) = %q, want %q", label, got, want)
		}
	}
}
