package thread_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/ledger/ledgertest"
	"github.com/throughline-pm/throughline/internal/people"
	"github.com/throughline-pm/throughline/internal/release"
	"github.com/throughline-pm/throughline/internal/strategy"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/thread"
)

const today = "2026-05-12"

var tables = table.NewSet(
	access.ProductTable, people.TeamTable, people.PersonTable, strategy.ObjectiveTable, release.Table,
	backlog.StatusTable, backlog.FieldTable, backlog.FormulaTable, thread.FeatureTable, backlog.DependencyTable, backlog.ViewTable,
)

// desk is a workspace with what features can have: people of whom one has left,
// objectives, and releases past and to come.
type desk struct {
	t  testing.TB
	l  *ledger.Ledger
	ws ledger.ID
}

func newDesk(t testing.TB) *desk {
	kinds := []ledger.AnyKind{access.Workspaces, access.Memberships}
	for _, t := range tables.All() {
		kinds = append(kinds, t.AnyKind())
	}
	d := &desk{t: t, l: ledgertest.Open(t, ledgertest.Engines[0].Open(t)(), ledger.Options{Registry: ledger.NewRegistry(kinds...)})}
	var err error
	if d.ws, err = d.l.CreateWorkspace(t.Context(), "desk"); err != nil {
		t.Fatal(err)
	}
	d.do(backlog.StandardWorkflow)
	d.make("products", "name: Fieldbook | prefix: FB")
	d.make("teams", "name: Sync")
	d.make("people", "name: Mira")
	d.make("people", "name: Oda | archived: yes")
	d.make("objectives", "title: Never stops offline | owner: Mira")
	d.make("releases", "name: 4.0 | date: 2026-03-31")
	d.make("releases", "name: 4.1 | date: 2026-06-30 | owner: Mira")
	d.make("releases", "name: 4.2 | date: 2026-09-30")
	return d
}

func (d *desk) do(fn func(tx *ledger.Tx) error) {
	d.t.Helper()
	if _, err := d.l.Update(d.t.Context(), d.ws, ledgertest.Ann, "test", fn); err != nil {
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

func scope(v ledger.View) *table.Scope { return &table.Scope{View: v, Set: tables, Today: today} }

// input reads "column: value | column: value".
func input(text string) table.Input {
	in := table.Input{}
	for part := range strings.SplitSeq(text, " | ") {
		column, value, _ := strings.Cut(part, ": ")
		in[column] = value
	}
	return in
}

func (d *desk) make(name, text string) (id ledger.ID) {
	d.t.Helper()
	t, _ := tables.Named(name)
	d.do(func(tx *ledger.Tx) (err error) {
		id, err = t.Create(tx, scope(tx), ledger.ID{}, input(text))
		return err
	})
	return id
}

func (d *desk) edit(name string, id ledger.ID, text string) {
	d.t.Helper()
	t, _ := tables.Named(name)
	d.do(func(tx *ledger.Tx) error { return t.Edit(tx, scope(tx), id, input(text)) })
}

// whole is a feature that lacks nothing.
const whole = "title: Conflict-free sync | owner: Mira | objective: Never stops offline | release: 4.1 | effort: Sync 5 | status: "

func TestHowAFeatureBreaks(t *testing.T) {
	for _, c := range []struct{ name, feature, want string }{
		{"whole", whole + "Building", ""},
		{"an idea owes nothing", "title: X | status: Idea", ""},
		{"an idea in a release does", "title: X | status: Idea | release: 4.1", "no-owner: nobody owns it; no-objective: serves no objective"},
		{"begun with nothing", "title: X | status: Discovery", "no-owner: nobody owns it; no-objective: serves no objective"},
		{"built with nothing", "title: X | status: Building", "no-owner: nobody owns it; no-objective: serves no objective; no-release: is being built, in no release; no-estimate: is being built, its effort is not estimated"},
		{"the owner left", whole + "Building | owner: Oda", "owner-left: Oda has left"},
		{"late", whole + "Verifying | release: 4.0", "late: 4.0 was due on 31 Mar"},
		{"late, but out", whole + "Live | release: 4.0", ""},
		{"out without anything", "title: X | status: Proven", ""},
		{"given up", "title: X | status: Dropped | release: 4.0", ""},
		{"archived", "title: X | status: Building | archived: yes", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t)
			id := d.make("features", c.feature)
			if got := d.gaps(id); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// gaps are the gaps of a feature, by themselves and among all.
func (d *desk) gaps(id ledger.ID) string {
	d.t.Helper()
	s := d.now()
	f, _ := backlog.Features.Get(s, id)
	say := func(all []thread.Gap) string {
		var said []string
		for _, g := range all {
			if g.ID == id {
				said = append(said, g.Name+": "+g.Fact)
			}
		}
		return strings.Join(said, "; ")
	}
	all, err := thread.Gaps(d.t.Context(), s, today)
	if err != nil {
		d.t.Fatal(err)
	}
	alone, among := say(thread.Of(s, f, today)), say(all)
	if alone != among {
		d.t.Errorf("by itself: %s\namong all: %s", alone, among)
	}
	return among
}

func TestAFeatureWaitsForAnother(t *testing.T) {
	for _, c := range []struct{ name, need, want string }{
		{"in the same release", "release: 4.1", ""},
		{"in one before", "release: 4.0", ""},
		{"in one after", "release: 4.2", "before-its-input: needs FB-2 Merge, which ships in 4.2"},
		{"in none", "priority: high", ""},
		{"in one after, but there", "release: 4.2 | status: Live", ""},
		{"dropped", "status: Dropped", "waits-for-nothing: needs FB-2 Merge, which was dropped"},
		{"archived", "archived: yes", "waits-for-nothing: needs FB-2 Merge, which is archived"},
		{"archived, but there", "archived: yes | status: Live", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t)
			id := d.make("features", whole+"Building")
			need := d.make("features", "title: Merge | "+c.need)
			d.do(func(tx *ledger.Tx) error { return backlog.Connect(tx, need, backlog.Blocks, id) })
			if got := d.gaps(id); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestAPartServesWhatItsInitiativeServes(t *testing.T) {
	d := newDesk(t)
	above := d.make("features", "title: Sync | status: Building | owner: Mira | objective: Never stops offline")
	part := d.make("features", "title: Merge | status: Discovery | owner: Mira | parent: FB-1")
	if got := d.gaps(part); got != "" {
		t.Errorf("the part has the objective of its initiative, but: %s", got)
	}
	if got := d.gaps(above); got != "" {
		t.Errorf("an initiative ships and is estimated in its parts, but: %s", got)
	}
}

func TestGapsOfObjectivesAndReleases(t *testing.T) {
	d := newDesk(t)
	all := func() string {
		gaps, err := thread.Gaps(t.Context(), d.now(), today)
		if err != nil {
			t.Fatal(err)
		}
		var said []string
		for _, g := range gaps {
			said = append(said, g.Name+": "+g.Fact)
		}
		return strings.Join(said, "; ")
	}
	if got, want := all(), "unserved: no feature serves it"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	d.make("features", whole+"Idea")
	if got := all(); got != "" {
		t.Errorf("a feature serves the objective, but: %s", got)
	}
	d.make("releases", "name: 4.3 | owner: Oda")
	d.make("releases", "name: 3.9 | owner: Oda | status: released")
	if got, want := all(), "manager-left: Oda has left"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestWhoIsAsked(t *testing.T) {
	d := newDesk(t)
	lea := d.make("people", "name: Lea | teams: Sync")
	d.make("features", "title: Hers | status: Building | owner: Lea | release: 4.1")
	d.make("features", "title: Of her team | status: Building | owner: Mira | team: Sync | release: 4.1")
	d.make("features", "title: Of the release | status: Discovery | release: 4.1 | objective: Never stops offline")
	d.make("features", "title: Nobody's | status: Discovery | owner: Oda")
	s := d.now()
	gaps, err := thread.Gaps(t.Context(), s, today)
	if err != nil {
		t.Fatal(err)
	}
	reader, _ := people.Persons.Get(s, lea)
	var got []string
	for g := range (thread.Filter{Reader: reader}).Of(gaps) {
		f, _ := backlog.Features.Get(s, g.ID)
		got = append(got, g.Name+" "+f.Title)
	}
	want := []string{
		"owner-left Nobody's", "no-objective Hers", "no-objective Of her team", "no-objective Nobody's",
		"no-estimate Hers", "no-estimate Of her team",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	kind, _ := thread.KindNamed("no-owner")
	mira, _ := scope(s).Find("person", "Mira")
	if n := len(slices.Collect(thread.Filter{Kind: kind, Owner: mira}.Of(gaps))); n != 1 {
		t.Errorf("the manager of the release is asked about %d features without an owner, want 1", n)
	}
}

func TestColumnsOfTheThread(t *testing.T) {
	d := newDesk(t)
	d.make("features", whole+"Building")
	d.make("features", "title: Audit export | status: Building | release: 4.0")
	s := d.now()
	list := func(query string) (titles []string) {
		t.Helper()
		filter, err := table.ParseFilter(query)
		if err != nil {
			t.Fatal(err)
		}
		l, err := thread.FeatureTable.List(t.Context(), scope(s), s, table.Query{Filter: filter})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range l.Rows(0, l.Total) {
			titles = append(titles, r.Title()+": "+thread.FeatureTable.Show(scope(s), r, "gaps")+" "+thread.FeatureTable.Show(scope(s), r, "missing"))
		}
		return titles
	}
	want := []string{"Audit export: 4 date; owner; objective; estimate"}
	for _, query := range []string{"gaps > 0", "missing = objective", "missing is not empty"} {
		if diff := cmp.Diff(want, list(query)); diff != "" {
			t.Errorf("%s: %s", query, diff)
		}
	}
}

func TestStations(t *testing.T) {
	for _, c := range []struct{ name, feature, want string }{
		{"nothing", "title: X | status: Idea", "miss none yet, miss none linked, miss not begun, miss none linked, miss not begun, miss no release, miss not live yet @0"},
		{"under way", whole + "Building", "done Never stops offline, miss none linked, done done, miss none linked, prog Building, prog 4.1, 30 Jun, miss not live yet @5"},
		{"late", whole + "Verifying | release: 4.0", "done Never stops offline, miss none linked, done done, miss none linked, done done, risk 31 Mar has passed, miss not live yet @5"},
		{"not estimated", "title: X | status: Building", "miss none yet, miss none linked, done done, miss none linked, risk no estimate, miss no release, miss not live yet @4"},
		{"live", whole + "Live", "done Never stops offline, miss none linked, done done, miss none linked, done done, done 4.1, 30 Jun, prog live, not proven @6"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t)
			id := d.make("features", c.feature)
			s := d.now()
			f, _ := backlog.Features.Get(s, id)
			all := thread.Stations(s, f, today)
			var said []string
			for _, x := range all {
				if len([]rune(x.Fact)) > thread.FactLength {
					t.Errorf("%q is too long", x.Fact)
				}
				if x.Place.ID.IsZero() {
					t.Errorf("%s has no place where it is mended", x.Station)
				}
				said = append(said, []string{"miss", "prog", "risk", "done"}[x.State]+" "+x.Fact)
			}
			if got := strings.Join(said, ", ") + fmt.Sprintf(" @%d", thread.Current(all)); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestTheFactOfAStationIsShort(t *testing.T) {
	d := newDesk(t)
	d.make("objectives", "title: Inspectors finish every report on the site itself")
	id := d.make("features", "title: X | objective: O-2")
	s := d.now()
	f, _ := backlog.Features.Get(s, id)
	if got, want := thread.Stations(s, f, today)[0].Fact, "Inspectors finish eve…"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// What follows changes is what is computed anew.
func TestGapsFollowChanges(t *testing.T) {
	d := newDesk(t)
	above := d.make("features", "title: Sync | status: Building | objective: O-1")
	part := d.make("features", "title: Merge | status: Building | parent: FB-1")
	need := d.make("features", "title: Clock | status: Idea")
	d.do(func(tx *ledger.Tx) error { return backlog.Connect(tx, need, backlog.Blocks, part) })
	d.make("objectives", "title: Audit-ready")
	names := func(anew bool) string {
		s := d.now()
		var all []thread.Gap
		if anew {
			for _, f := range []ledger.ID{above, part, need} {
				if f, ok := backlog.Features.Get(s, f); ok {
					all = append(all, thread.Of(s, f, today)...)
				}
			}
		} else {
			gaps, err := thread.Gaps(t.Context(), s, today)
			if err != nil {
				t.Fatal(err)
			}
			all = gaps
		}
		var said []string
		for _, g := range all {
			if g.Of == "feature" {
				said = append(said, g.ID.String()+g.Name)
			} else if !anew {
				said = append(said, g.Name)
			}
		}
		slices.Sort(said)
		return strings.Join(said, "\n")
	}
	for _, step := range []struct {
		id   ledger.ID
		text string
		idle int // objectives that nothing serves
	}{
		{above, "owner: Mira", 1},
		{above, "objective: O-2", 1},
		{above, "objective: ", 2},
		{need, "objective: O-1 | status: Dropped", 2},
		{need, "status: Discovery | release: 4.2", 1},
		{part, "release: 4.1", 1},
		{part, "parent: ", 1},
		{part, "parent: FB-3", 1},
		{part, "archived: yes | objective: O-2", 1},
		{part, "archived: no", 0},
	} {
		names(false) // what there is to follow
		d.edit("features", step.id, step.text)
		want := strings.TrimSpace(names(true) + strings.Repeat("\nunserved", step.idle))
		if diff := cmp.Diff(want, names(false)); diff != "" {
			t.Errorf("after %s: %s", step.text, diff)
		}
	}
	names(false)
	d.do(func(tx *ledger.Tx) error { return backlog.Features.Delete(tx, above) })
	if diff := cmp.Diff(names(true), names(false)[:len(names(true))]); diff != "" {
		t.Errorf("after the initiative is deleted: %s", diff)
	}
}
