package exchange

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/calendar"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/ledger/ledgertest"
	"github.com/throughline-pm/throughline/internal/people"
	"github.com/throughline-pm/throughline/internal/release"
	"github.com/throughline-pm/throughline/internal/strategy"
	"github.com/throughline-pm/throughline/internal/table"
)

var testTables = table.NewSet(
	access.WorkspaceTable, access.ProductTable, access.MembershipTable, people.TeamTable, people.PersonTable,
	strategy.ObjectiveTable, release.Table,
	backlog.StatusTable, backlog.FieldTable, backlog.FormulaTable, backlog.FeatureTable, backlog.DependencyTable, backlog.ViewTable,
)

// world is a workspace to import into.
type world struct {
	t     testing.TB
	l     *ledger.Ledger
	clock *ledgertest.Clock
	ws    ledger.ID
}

// newWorld opens a ledger with an empty workspace: settings and the standard workflow.
func newWorld(t testing.TB, store ledger.Store) *world {
	t.Helper()
	var kinds []ledger.AnyKind
	for _, x := range testTables.All() {
		kinds = append(kinds, x.AnyKind())
	}
	w := &world{t: t, clock: ledgertest.NewClock()}
	w.clock.Add(365 * 24 * time.Hour)
	w.l = ledgertest.Open(t, store, ledger.Options{Registry: ledger.NewRegistry(kinds...), Clock: w.clock.Now})
	w.ws = w.workspace("first")
	return w
}

func (w *world) workspace(slug string) ledger.ID {
	w.t.Helper()
	id, err := w.l.CreateWorkspace(context.Background(), slug)
	if err != nil {
		w.t.Fatal(err)
	}
	_, err = w.l.Update(context.Background(), id, ledger.System, "found", func(tx *ledger.Tx) error {
		settings := access.SettingsOf(tx)
		settings.Name = "Northwind"
		if _, err := access.Workspaces.Create(tx, settings); err != nil {
			return err
		}
		return backlog.StandardWorkflow(tx)
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

// product adds a product.
func (w *world) product(name, prefix string) {
	w.t.Helper()
	_, err := w.l.Update(context.Background(), w.ws, ledger.System, "add", func(tx *ledger.Tx) error {
		_, err := access.Products.Create(tx, access.Product{Name: name, Prefix: prefix})
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// at returns the workspace now, or as of a day.
func (w *world) at(day calendar.Day) *table.Scope {
	w.t.Helper()
	now := w.clock.Now()
	live, err := w.l.At(context.Background(), w.ws, ledger.System, 0)
	s := live
	if day != "" && err == nil {
		s, err = w.l.AsOf(context.Background(), w.ws, ledger.System, ledger.AtTime(day.End(time.UTC)))
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return &table.Scope{View: s, Now: live, Set: testTables, Today: calendar.DayOf(now), Week: time.Monday, Zone: time.UTC}
}

// file is a file with a text.
func file(name, text string) File {
	return File{Name: name, Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }}
}

func sharedFile(t testing.TB, parts ...string) File {
	path := filepath.Join(shared(t, parts[:len(parts)-1]...), parts[len(parts)-1])
	return File{Name: parts[len(parts)-1], Open: func() (io.ReadCloser, error) { return os.Open(path) }}
}

func (w *world) plan(r Request) *Planned {
	w.t.Helper()
	r.Now = w.clock.Now()
	p, err := Plan(context.Background(), w.at(""), r)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// run imports and fails the test if anything is wrong with the file.
func (w *world) run(r Request) *Planned {
	w.t.Helper()
	p := w.plan(r)
	for i, problem := range p.Problems {
		if i < 10 && !r.SkipBadRows {
			w.t.Errorf("%s", problem)
		}
	}
	if err := Run(context.Background(), w.l, w.ws, ledger.System, p, nil); err != nil {
		w.t.Fatal(err)
	}
	return p
}

// show returns columns of the entities of a kind, by their external key.
func (w *world) show(s *table.Scope, kind string, columns ...string) map[string]string {
	t, _ := s.Set.Of(kind)
	all := map[string]string{}
	for row := range t.Rows(s.View) {
		key := t.Show(s, row, "external_key")
		if key == "" {
			key = row.Title()
		}
		var cells []string
		for _, c := range columns {
			cells = append(cells, t.Show(s, row, c))
		}
		all[key] = strings.Join(cells, " | ")
	}
	return all
}

func (w *world) export(f Format, kinds ...string) string {
	w.t.Helper()
	var b bytes.Buffer
	if err := Export(context.Background(), &b, w.at(""), kinds, f); err != nil {
		w.t.Fatal(err)
	}
	return b.String()
}

func (w *world) seq() ledger.Seq { return w.at("").View.Seq() }

func TestImportOfRowsInAnyOrder(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, open func() ledger.Store) {
		w := newWorld(t, open())
		w.product("Fieldbook", "FB")
		csv := `Key,Summary,State,Assignee,Labels,Parent key,Depends on,Due date,Team,Milestone
A-2,Photos offline,In Progress,ann@example.com,"photo;offline",A-1,A-3,31.3.2026,Sync,Spring
A-1,Offline first,To Do,ann@example.com,,,,,Sync,
A-3,"Store, then ""send""",Done,Ben,photo,A-1,,1.4.2026,Core,Spring
`
		m := &Mapping{
			Kind: "feature", Create: []string{"team", "person", "release", "status"},
			Columns: []ColumnMapping{
				{Column: "Key", Field: "external_key"},
				{Column: "Summary", Field: "title"},
				{Column: "State", Field: "status", Values: map[string]string{"to do": "Specified", "in progress": "Building"}},
				{Column: "Assignee", Field: "owner"},
				{Column: "Labels", Field: "tags", Split: ";"},
				{Column: "Parent key", Field: "parent"},
				{Column: "Depends on", Field: "blocked_by"},
				{Column: "Due date", Field: "target"},
				{Column: "Team", Field: "team"},
				{Column: "Milestone", Field: "release"},
				{Field: "priority", Constant: "high"},
			},
		}
		r := Request{File: file("a.csv", csv), Format: CSV, Mapping: m}
		before := w.seq()
		p := w.plan(r)
		if w.seq() != before {
			t.Error("a dry run has written something")
		}
		if got := p.Count("feature"); got != (Count{Kind: "feature", New: 3}) {
			t.Errorf("the dry run counts %+v", got)
		}
		var progress []int
		if err := Run(context.Background(), w.l, w.ws, ledger.System, p, func(done, total int) { progress = append(progress, done*1000+total) }); err != nil {
			t.Fatal(err)
		}
		if len(progress) == 0 || progress[len(progress)-1]%1000 != progress[len(progress)-1]/1000 {
			t.Errorf("progress was %v", progress)
		}
		want := map[string]string{
			"A-1": "Offline first | Specified | ann |  |  |  |  | Sync |  | High | Fieldbook",
			"A-2": "Photos offline | Building | ann | offline; photo | Offline first | Store, then \"send\" | 2026-03-31 | Sync | Spring | High | Fieldbook",
			"A-3": "Store, then \"send\" | Done | Ben | photo | Offline first |  | 2026-04-01 | Core | Spring | High | Fieldbook",
		}
		columns := []string{"title", "status", "owner", "tags", "parent", "blocked_by", "target", "team", "release", "priority", "product"}
		if diff := cmp.Diff(want, w.show(w.at(""), "feature", columns...)); diff != "" {
			t.Errorf("features: %s", diff)
		}
		if diff := cmp.Diff([]Made{{"status", "Done"}, {"person", "ann@example.com"}, {"person", "Ben"}, {"team", "Sync"}, {"team", "Core"}, {"release", "Spring"}}, p.Made, cmp.Transformer("sorted", func(in []Made) []string {
			var all []string
			for _, m := range in {
				all = append(all, m.Kind+" "+m.Name)
			}
			slices.Sort(all)
			return all
		})); diff != "" {
			t.Errorf("made: %s", diff)
		}
		if got := w.show(w.at(""), "status", "stage")["Done"]; got != "Live" {
			t.Errorf("the new status Done stands in the stage %q", got)
		}

		// The same again changes nothing.
		after := w.seq()
		again := w.run(r)
		if got := again.Count("feature"); got != (Count{Kind: "feature", Unchanged: 3}) || w.seq() != after || again.Position != 0 {
			t.Errorf("the second import counts %+v and ends at %d after %d", again.Counts, w.seq(), after)
		}
		// A changed cell changes one field of one feature.
		r.File = file("a.csv", strings.Replace(csv, "1.4.2026", "2.4.2026", 1))
		p = w.run(r)
		if got := p.Count("feature"); got != (Count{Kind: "feature", Changed: 1, Unchanged: 2}) {
			t.Errorf("the third import counts %+v", p.Counts)
		}
		now, err := w.l.At(t.Context(), w.ws, ledger.System, 0)
		if err != nil {
			t.Fatal(err)
		}
		for commit, err := range w.l.History(t.Context(), now, backlog.Features, idOf(t, w, "A-3")) {
			if err != nil {
				t.Fatal(err)
			}
			if e := commit.Entries[0]; len(e.Changes) != 1 || e.Changes[0].Field != "target" {
				t.Errorf("the third import has written %v", e.Changes)
			}
			break
		}
		// One undo takes the first import back with all that it made.
		for _, seq := range []ledger.Seq{p.Position, after} {
			if _, err := w.l.Undo(context.Background(), w.ws, ledger.System, seq, ledger.Settlement{}); err != nil {
				t.Fatal(err)
			}
		}
		for _, kind := range []string{"feature", "dependency", "team", "person", "release"} {
			if left := w.show(w.at(""), kind); len(left) > 0 {
				t.Errorf("after the undo there are %ss left: %v", kind, left)
			}
		}
	})
}

func idOf(t testing.TB, w *world, key string) ledger.ID {
	t.Helper()
	for f := range backlog.Features.All(w.at("").View) {
		if f.ExternalKey == key {
			return f.ID
		}
	}
	t.Fatalf("there is no feature %s", key)
	return ledger.ID{}
}

// problemsOf returns the problems in short.
func problemsOf(p *Planned) (all []string) {
	for _, x := range p.Problems {
		if x.Remedy == "" || x.Reason == "" || x.File == "" {
			all = append(all, fmt.Sprintf("INCOMPLETE %+v", x))
		}
		all = append(all, fmt.Sprintf("%d %s %q: %s", x.Row, x.Column, x.Value, x.Reason))
	}
	slices.Sort(all)
	return all
}

func TestProblemRows(t *testing.T) {
	w := newWorld(t, ledgertest.Engines[0].Open(t)())
	w.product("Fieldbook", "FB")
	csv := `external_key,title,status,owner,parent,blocked_by,start,target,effort,priority,links
1,Good,Idea,,,,2026-01-31,2026-02-28,,high,
2,Bad day,Idea,,,,2026-02-30,,,,
3,Bad status,Thinking,,,,,,,,
4,Nobody,Idea,nobody@example.com,,,,,,,
5,Own part,Idea,,6,,,,,,
6,Own part too,Idea,,5,,,,,,
7,Waits,Idea,,,8,,,,,
8,Waits too,Idea,,,7,,,,,
1,Twice,Idea,,,,,,,,
9,,Idea,,,,,,,,
10,Below the bad one,Idea,,2,,,,,,
11,Bad effort,Idea,,,,,,lots,,
12,Bad priority,Idea,,,,,,,whenever,
13,Waits for itself,Idea,,,13,,,,,
14,Good too,Idea,,1,1,,,,,
15,Ends before it starts,Idea,,,,2026-03-01,2026-02-01,,,
`
	r := Request{File: file("bad.csv", csv), Kind: "feature"}
	p := w.plan(r)
	want := []string{
		`10 external_key "1": the key stands already in row 2`,
		`11 title "": title is missing`,
		`12 parent "2": it refers to row 3, which has a problem`,
		`13 effort "lots": "lots" is no estimate; write low/likely/high as 3/5/8, or one number`,
		`14 priority "whenever": "whenever" is none of Urgent, High, Medium, Low`,
		`15 blocked_by "13": a feature does not depend on itself`,
		`17 target "2026-02-01": 2026-02-01 is before the start on 2026-03-01`,
		`3 start "2026-02-30": is a day that does not exist`,
		`4 status "Thinking": there is no status "Thinking"`,
		`5 owner "nobody@example.com": there is no person "nobody@example.com"`,
		`6 parent "6": the feature would be a part of itself`,
		`7 parent "5": it refers to row 6, which has a problem`,
		`8 blocked_by "8": it refers to row 9, which has a problem`,
		`9 blocked_by "7": it would close a circle of features that block each other`,
	}
	if diff := cmp.Diff(want, problemsOf(p)); diff != "" {
		t.Errorf("problems: %s", diff)
	}
	before := w.seq()
	if err := Run(context.Background(), w.l, w.ws, ledger.System, p, nil); !fault.Is(err, fault.Invalid) || w.seq() != before {
		t.Errorf("an import with problems: %v, from %d to %d", err, before, w.seq())
	}
	r.SkipBadRows = true
	p = w.run(r)
	if diff := cmp.Diff(map[string]string{"1": "Good", "14": "Good too"}, w.show(w.at(""), "feature", "title")); diff != "" {
		t.Errorf("features: %s", diff)
	}
	if got := p.Count("feature"); got != (Count{Kind: "feature", New: 2, Skipped: 14}) {
		t.Errorf("counts %+v", got)
	}
	if got := w.show(w.at(""), "feature", "blocked_by")["14"]; got != "Good" {
		t.Errorf("14 is blocked by %q", got)
	}
}

// TestLongChains: what takes a moment for a few rows must not take hours for many.
func TestLongChains(t *testing.T) {
	w := newWorld(t, ledgertest.Engines[0].Open(t)())
	w.product("Fieldbook", "FB")
	const n = 20_000
	var b strings.Builder
	b.WriteString("external_key,title,parent,blocked_by\n")
	for i := range n { // each below and behind the next, which stands later in the file
		fmt.Fprintf(&b, "%d,Row,%d,%d\n", i, i+1, i+1)
	}
	if p := w.plan(Request{File: file("chain.csv", b.String()+fmt.Sprintf("%d,Last,,\n", n)), Kind: "feature"}); p.ProblemCount != 0 || p.Count("dependency").New != n {
		t.Errorf("%d problems, %+v", p.ProblemCount, p.Counts)
	}
	// the last one closes both circles
	p := w.plan(Request{File: file("circle.csv", b.String()+fmt.Sprintf("%d,Last,0,0\n", n)), Kind: "feature"})
	var found []string
	for _, x := range p.Problems {
		if strings.Contains(x.Reason, "circle") || strings.Contains(x.Reason, "itself") {
			found = append(found, x.Column)
		}
	}
	slices.Sort(found)
	if diff := cmp.Diff([]string{"blocked_by", "parent"}, found); diff != "" {
		t.Error(diff)
	}
}

func TestProblemsOfColumns(t *testing.T) {
	w := newWorld(t, ledgertest.Engines[0].Open(t)())
	w.product("Fieldbook", "FB")
	for _, c := range []struct {
		name, csv string
		mapping   *Mapping
		want      []string
	}{
		{"unknown", "title,Shoe size\nA,42\n", nil, []string{`0 Shoe size "": it is not known what the column means`}},
		{"unknown and empty", "title,Shoe size\nA,\n", nil, nil},
		{"day or month", "title,Due date\nA,03/04/2026\nB,05/06/2026\n", nil, []string{`0 Due date "": day and month cannot be told apart in any of its dates, as "03/04/2026"`}},
		{"day and month", "title,Due date\nA,13/04/2026\nB,04/13/2026\n", nil, []string{
			`0 Due date "": some of its dates have the day first and some the month`,
		}},
		{
			"day said", "title,Due date\nA,03/04/2026\nB,05/06/2026\n",
			&Mapping{Kind: "feature", Columns: []ColumnMapping{{Column: "title", Field: "title"}, {Column: "Due date", Field: "target", DateFormat: "d/m/y"}}}, nil,
		},
		{"missing", "Name\nA\n", &Mapping{Kind: "feature", Columns: []ColumnMapping{{Column: "Title", Field: "title"}, {Column: "Name"}}}, []string{
			`0 Title "": the file has no such column`, `2 title "": title is missing`,
		}},
		{"not mentioned", "Name,X\nA,1\n", &Mapping{Kind: "feature", Columns: []ColumnMapping{{Column: "Name", Field: "title"}}}, []string{
			`0 X "": the mapping does not mention the column`,
		}},
		{"no such field", "Name,X\nA,1\n", &Mapping{Kind: "feature", Columns: []ColumnMapping{{Column: "Name", Field: "title"}, {Column: "X", Field: "shoe"}}}, []string{
			`0 X "": there is no field shoe`,
		}},
		{"computed", "Name,X\nA,1\n", &Mapping{Kind: "feature", Columns: []ColumnMapping{{Column: "Name", Field: "title"}, {Column: "X", Field: "score"}}}, []string{
			`0 X "": the field score cannot be written`,
		}},
		{"two values", "title,Owner,Owner\nA,x,y\n", nil, []string{`2 Owner "x; y": it has 2 values, and the field takes one`}},
		{"not CSV", "Hello.\nThis is, as you see, prose.\n", nil, []string{`0 Hello. "": it is not known what the column means`, `2 title "": title is missing`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := w.plan(Request{File: file("x.csv", c.csv), Kind: "feature", Format: CSV, Mapping: c.mapping})
			if diff := cmp.Diff(c.want, problemsOf(p)); diff != "" {
				t.Error(diff)
			}
		})
	}
	for name, r := range map[string]Request{
		"no kind":       {File: file("x.csv", "a,b\n1,2\n")},
		"unknown kind":  {File: file("x.csv", "a,b\n1,2\n"), Kind: "shoe"},
		"another kind":  {File: file("x.csv", "a,b\n1,2\n"), Kind: "team", Mapping: &Mapping{Kind: "feature"}},
		"broken":        {File: file("x.csv", "a,b\n1,2\n"), Mapping: &Mapping{Kind: "feature", Columns: []ColumnMapping{{}}}},
		"no file there": {File: File{Open: func() (io.ReadCloser, error) { return nil, fault.New(fault.Invalid, "gone") }}},
	} {
		if _, err := Plan(context.Background(), w.at(""), r); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestHistory(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, open func() ledger.Store) {
		w := newWorld(t, open())
		w.product("Fieldbook", "FB")
		rows := `{"kind":"feature","external_key":"1","title":"Photos, final","status":"Shipping","description":"Now","created_at":"2024-01-10","owner":"ann@example.com"}
{"kind":"feature","external_key":"2","title":"No date","status":"Idea","tags":["a"]}
`
		history := `{"kind":"feature","key":"1","field":"status","at":"2024-03-01T10:00:00Z","old":"Thought","new":"Coding"}
{"kind":"feature","key":"1","field":"status","at":"2024-02-01T10:00:00Z","new":"Thought"}
{"kind":"feature","key":"1","field":"title","at":"2024-02-01T10:00:00Z","new":"Photos"}
{"kind":"feature","key":"1","field":"release","at":"2024-04-01T10:00:00Z","new":"Spring"}
{"kind":"feature","key":"1","field":"release","at":"2024-05-01T10:00:00Z","old":"Spring","new":null}
{"kind":"feature","key":"3","field":"status","at":"2024-02-15T10:00:00Z","new":"Looking"}
{"kind":"feature","key":"3","field":"parent","at":"2024-02-20T10:00:00Z","new":"4"}
{"kind":"feature","key":"4","field":"archived","at":"2024-06-20T10:00:00Z","new":true}
`
		m := &Mapping{Create: []string{"person", "release", "status"}, Columns: []ColumnMapping{
			{Column: "external_key", Field: "external_key"},
			{Column: "title", Field: "title"},
			{Column: "status", Field: "status"},
			{Column: "description", Field: "description"},
			{Column: "created_at", Field: "created_at"},
			{Column: "owner", Field: "owner"},
			{Column: "tags", Field: "tags"},
		}}
		h := file("history.jsonl", history)
		r := Request{File: file("rows.jsonl", rows), Mapping: m, History: &h}
		p := w.run(r)
		if p.History == 0 || p.Count("feature").New != 4 {
			t.Errorf("%+v", p.Report)
		}
		columns := []string{"title", "status", "release", "owner", "description", "parent", "archived", "tags"}
		for _, c := range []struct {
			day  calendar.Day
			want map[string]string
		}{
			{"2024-01-09", map[string]string{}},
			{"2024-01-10", map[string]string{"1": "Photos |  |  |  |  |  |  | "}},
			{"2024-02-01", map[string]string{"1": "Photos | Thought |  |  |  |  |  | "}},
			{"2024-02-20", map[string]string{"1": "Photos | Thought |  |  |  |  |  | ", "3": "3 | Looking |  |  |  | 4 |  | ", "4": "4 |  |  |  |  |  |  | "}},
			{"2024-04-02", map[string]string{"1": "Photos | Coding | Spring |  |  |  |  | ", "3": "3 | Looking |  |  |  | 4 |  | ", "4": "4 |  |  |  |  |  |  | "}},
			{"2024-06-20", map[string]string{"1": "Photos | Coding |  |  |  |  |  | ", "3": "3 | Looking |  |  |  | 4 |  | ", "4": "4 |  |  |  |  |  | yes | "}},
			{"", map[string]string{
				"1": "Photos, final | Shipping |  | ann | Now |  |  | ", "2": "No date | Idea |  |  |  |  |  | a",
				"3": "3 | Looking |  |  |  | 4 |  | ", "4": "4 | Idea |  |  |  |  | yes | ",
			}},
		} {
			if diff := cmp.Diff(c.want, w.show(w.at(c.day), "feature", columns...)); diff != "" {
				t.Errorf("on %s: %s", c.day, diff)
			}
		}
		if got := w.show(w.at("2024-03-31"), "release"); len(got) > 0 {
			t.Errorf("before anything refers to it there is the release %v", got)
		}
		if got := w.show(w.at("2024-04-01"), "release"); len(got) != 1 {
			t.Errorf("when something refers to it there are the releases %v", got)
		}
		after := w.seq()
		if again := w.run(r); again.Count("feature").Unchanged != 4 || w.seq() != after {
			t.Errorf("the second import counts %+v", again.Counts)
		}
		if n, err := w.l.Verify(context.Background(), w.ws); err != nil || n == 0 {
			t.Errorf("%d commits, %v", n, err)
		}
	})
}

func TestProblemsOfHistory(t *testing.T) {
	w := newWorld(t, ledgertest.Engines[0].Open(t)())
	w.product("Fieldbook", "FB")
	h := file("h.jsonl", `{"kind":"feature","key":"1","field":"status","at":"2024-03-01","new":"Nowhere"}
{"kind":"feature","key":"1","field":"target","at":"2024-03-02","new":"2024-02-31"}
{"kind":"feature","key":"1","field":"shoe","at":"2024-03-03","new":"42"}
{"kind":"feature","key":"","field":"status","at":"2024-03-04","new":"Idea"}
{"kind":"shoe","key":"1","field":"status","at":"2024-03-04","new":"Idea"}
{"kind":"feature","key":"1","field":"status","at":"soon","new":"Idea"}
{"kind":"feature","key":"1","field":"status","at":"2099-01-01","new":"Idea"}
not JSON
`)
	p := w.plan(Request{File: file("r.jsonl", `{"kind":"feature","external_key":"1","title":"A","created_at":"2099-01-01"}`), History: &h})
	var got []string
	for _, x := range p.Problems {
		got = append(got, fmt.Sprintf("%s %d %s", x.File, x.Row, x.Column))
	}
	slices.Sort(got)
	want := []string{"h.jsonl 2 new", "h.jsonl 3 field", "h.jsonl 4 key", "h.jsonl 5 kind", "h.jsonl 6 at", "h.jsonl 7 at", "h.jsonl 8 ", "r.jsonl 1 created_at", "h.jsonl 1 new"}
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s\n%v", diff, p.Problems)
	}
}

func TestLinearFile(t *testing.T) {
	w := newWorld(t, ledgertest.Engines[0].Open(t)())
	w.product("Fieldbook", "FB")
	r := Request{File: sharedFile(t, "imports", "linear-csv", "backlog", "Linear-tasks-backlog-backup.csv"), Format: CSV}
	p := w.run(r)
	if p.Mapping.Name != "linear" || p.Count("feature").New != p.Rows || p.Rows < 5 {
		t.Errorf("%d rows by the mapping %s: %+v", p.Rows, p.Mapping.Name, p.Counts)
	}
	got := w.show(w.at(""), "feature", "title", "status", "team", "owner", "priority", "tags")["IN-10"]
	if want := "License | Done | Nordic-app | pathliving | High | Improvement"; got != want {
		t.Errorf("IN-10 is %s, want %s", got, want)
	}
	if !slices.Contains(p.LeftOut, "SLA Status") {
		t.Errorf("left out %v", p.LeftOut)
	}
	if len(p.Values) == 0 {
		t.Error("the report has no mapped statuses")
	}
	after := w.seq()
	if w.run(r); w.seq() != after {
		t.Error("the second import has changed something")
	}
}

func TestOtherRealFiles(t *testing.T) {
	w := newWorld(t, ledgertest.Engines[0].Open(t)())
	w.product("Fieldbook", "FB")
	for _, c := range []struct {
		name     string
		file     File
		mapping  *Mapping
		problems int
		rows     int
	}{
		{"azure", sharedFile(t, "imports", "azure-devops-csv", "project-valid-depends-on.csv"), nil, 2, 4},
		{"azure without a title", sharedFile(t, "imports", "azure-devops-csv", "invalid-wrong-csv.csv"), nil, 5, 5},
		{"plane", sharedFile(t, "imports", "plane-csv", "plane.csv"), nil, 3, 1},
	} {
		p := w.plan(Request{File: c.file, Kind: "feature", Mapping: c.mapping})
		if p.Rows != c.rows || p.ProblemCount < c.problems {
			t.Errorf("%s: %d rows, %v", c.name, p.Rows, p.Problems)
		}
		fields := map[string]string{}
		for _, m := range p.Mapping.Columns {
			fields[m.Column] = m.Field + " " + string(m.Certainty)
		}
		t.Logf("%s: %v\n%v", c.name, fields, p.Problems)
	}
}

func TestExportIsReadBack(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, open func() ledger.Store) {
		w := newWorld(t, open())
		w.fillIn()
		first := w.export(JSON)
		w.ws = w.workspace("second")
		r := Request{File: file("all.jsonl", first)}
		w.run(r)
		second := w.export(JSON)
		if diff := cmp.Diff(comparable(t, first), comparable(t, second)); diff != "" {
			t.Errorf("after the way through another workspace: %s", diff)
		}
		after := w.seq()
		if again := w.run(r); w.seq() != after {
			t.Errorf("reading the export again changes %+v", again.Counts)
		}
		w.run(Request{File: file("all.jsonl", second)})
		if w.seq() != after {
			t.Error("reading its own export back has changed something")
		}
		for _, kind := range []string{"team", "person", "release", "feature"} {
			p := w.run(Request{File: file(kind+".csv", w.export(CSV, kind)), Kind: kind})
			if c := p.Count(kind); w.seq() != after || c.Unchanged != p.Rows || p.Rows == 0 {
				t.Errorf("reading the %ss back from CSV: %+v", kind, p.Counts)
			}
		}
	})
}

// comparable returns the lines of an export without identifiers and times, sorted.
func comparable(t testing.TB, export string) (lines []string) {
	t.Helper()
	for line := range strings.Lines(export) {
		var o map[string]any
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		for _, name := range []string{"id", "created_at", "updated_at", "key"} {
			delete(o, name)
		}
		raw, _ := json.Marshal(o)
		lines = append(lines, string(raw))
	}
	slices.Sort(lines)
	return lines
}

// fillIn makes one of everything that can be exported.
func (w *world) fillIn() {
	w.t.Helper()
	_, err := w.l.Update(context.Background(), w.ws, ledger.System, "fill in", func(tx *ledger.Tx) error {
		must := func(id ledger.ID, err error) ledger.Ref {
			if err != nil {
				w.t.Fatal(err)
			}
			return ledger.Ref(id)
		}
		product := must(access.Products.Create(tx, access.Product{Name: "Fieldbook", Prefix: "FB"}))
		other := must(access.Products.Create(tx, access.Product{Name: "Portal", Prefix: "PO", Private: true}))
		team := must(people.Teams.Create(tx, people.Team{Name: "Sync"}))
		ann := must(people.Persons.Create(tx, people.Person{Name: "Ann", Email: "ann@example.com", Teams: []ledger.Ref{team}}))
		ben := must(people.Persons.Create(tx, people.Person{Name: "Ben", ExternalKey: "b-7"}))
		goal := must(strategy.Objectives.Create(tx, strategy.Objective{Title: "=Fewer returns", Period: "2026-Q2", Owner: ann}))
		spring := must(release.Releases.Create(tx, release.Release{Name: "Spring", Status: release.Planned, Freeze: "2026-03-01", Date: "2026-04-01"}))
		must(backlog.Fields.Create(tx, backlog.Field{Name: "risk", Label: "Risk", Type: table.TypeChoice, Options: []string{"low", "high"}}))
		must(backlog.Fields.Create(tx, backlog.Field{Name: "points", Label: "Points", Type: table.TypeNumber}))
		must(backlog.Views.Create(tx, backlog.View{Title: "Mine", Of: "features", Layout: "list"}))
		must(access.Memberships.Create(tx, access.Membership{Account: ledger.KeyOf("ann"), Role: access.Owner}))
		var live ledger.Ref
		for s := range backlog.Statuses.All(tx) {
			if s.Stage == backlog.StageLive {
				live = ledger.Ref(s.ID)
			}
		}
		top := must(backlog.Features.Create(tx, backlog.Feature{Title: "Offline", Product: product, Status: live}))
		one := must(backlog.Features.Create(tx, backlog.Feature{
			Title: "Photos \"quoted\", with;signs", Product: product, Status: live, Parent: top, Owner: ann, Team: team, Objective: goal, Release: spring,
			Description: tx.Text("-one\nline\n" + strings.Repeat("long ", 400)), Tags: []string{"a", "b c"}, Priority: "high",
			Effort: backlog.Effort{{Team: team, Skill: "Go", Low: 1, Likely: 2.5, High: 4}}, Value: backlog.Range{Low: 1, Likely: 2, High: 3},
			Start: "2026-01-01", Target: "2026-02-01", Links: []backlog.WebLink{{Title: "Spec", URL: "https://example.com/a?b=c"}},
			Custom: map[string]json.RawMessage{"risk": []byte(`"high"`), "points": []byte(`3.5`)}, ExternalKey: "X/1",
		}))
		two := must(backlog.Features.Create(tx, backlog.Feature{Title: "Photos \"quoted\", with;signs", Product: other, Owner: ben, Archived: true, Status: live}))
		must(backlog.Dependencies.Create(tx, backlog.Dependency{From: top, Type: backlog.Blocks, To: two}))
		must(backlog.Dependencies.Create(tx, backlog.Dependency{From: one, Type: backlog.Relates, To: two}))
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func TestExportOfThePast(t *testing.T) {
	w := newWorld(t, ledgertest.Engines[0].Open(t)())
	w.product("Fieldbook", "FB")
	h := file("h.jsonl", `{"kind":"feature","key":"1","field":"status","at":"2024-03-01","new":"Idea"}`+"\n"+`{"kind":"feature","key":"1","field":"status","at":"2024-04-01","new":"Live"}`)
	w.run(Request{File: file("r.jsonl", `{"kind":"feature","external_key":"1","title":"A"}`), History: &h})
	var b bytes.Buffer
	if err := Export(context.Background(), &b, w.at("2024-03-15"), []string{"feature"}, JSON); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Kind, Status string
		Key          string `json:"external_key"`
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil || got.Status != "Idea" || got.Key != "1" || got.Kind != "feature" {
		t.Errorf("%s is %+v, %v", b.String(), got, err)
	}
	b.Reset()
	if err := Export(context.Background(), &b, w.at(""), []string{"team", "features"}, CSV); err != nil {
		t.Fatal(err)
	}
	archive, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil || len(archive.File) != 2 || archive.File[1].Name != "features.csv" {
		t.Errorf("the archive of two kinds: %v, %v", archive, err)
	}
	if err := Export(context.Background(), &b, w.at(""), []string{"shoe"}, JSON); !fault.Is(err, fault.Invalid) {
		t.Errorf("an unknown kind: %v", err)
	}
	if err := Export(context.Background(), &b, w.at(""), nil, "xml"); !fault.Is(err, fault.Invalid) {
		t.Errorf("an unknown format: %v", err)
	}
}
