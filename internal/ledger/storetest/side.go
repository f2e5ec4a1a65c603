package storetest

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/throughline-pm/throughline/internal/ledger"
)

// What the tables beside the journal promise.

func due(t *testing.T, w *world) {
	ws, other := w.workspace(), w.workspace()
	row := func(ws ledger.ID, n int, at ledger.Time, name string) ledger.DueRow {
		return ledger.DueRow{Workspace: ws, Kind: "thing", ID: id(n), Due: ledger.Due{At: at, Name: name}}
	}
	with := func(n int, edited bool, dues ...ledger.Due) ledger.Doc {
		d := doc(n, 1, `{}`)
		d.Due, d.DueEdited = dues, edited
		return d
	}
	want := func(what string, now ledger.Time, limit int, rows ...ledger.DueRow) {
		t.Helper()
		got, err := w.DueBefore(t.Context(), now, limit)
		w.ok(err)
		if len(got) == 0 {
			got = nil
		}
		same(t, what, got, rows)
	}
	w.write(ws, ledger.Commit{}, ledger.Writes{Docs: []ledger.Doc{
		with(1, true, ledger.Due{At: 30, Name: "review"}, ledger.Due{At: 10, Name: "expiry"}),
		with(2, true, ledger.Due{At: 20, Name: "review"}),
		with(3, false, ledger.Due{At: 1, Name: "ignored"}),
	}})
	w.write(other, ledger.Commit{}, ledger.Writes{Docs: []ledger.Doc{with(1, true, ledger.Due{At: 15, Name: "review"})}})
	want("nothing yet", 9, 10)
	want("all", 30, 10, row(ws, 1, 10, "expiry"), row(other, 1, 15, "review"), row(ws, 2, 20, "review"), row(ws, 1, 30, "review"))
	want("the earliest", 30, 2, row(ws, 1, 10, "expiry"), row(other, 1, 15, "review"))
	want("at the moment", 10, 10, row(ws, 1, 10, "expiry"))

	w.write(ws, ledger.Commit{}, ledger.Writes{Docs: []ledger.Doc{
		with(1, false), // its rows stay
		with(2, true, ledger.Due{At: 5, Name: "new"}), // replaced
	}})
	want("edited", 99, 10, row(ws, 2, 5, "new"), row(ws, 1, 10, "expiry"), row(other, 1, 15, "review"), row(ws, 1, 30, "review"))

	// What was done goes, even if its entity still asks for it.
	w.write(ws, ledger.Commit{}, ledger.Writes{
		Done: []ledger.DueRow{row(ws, 2, 5, "new"), row(ws, 1, 10, "expiry"), row(ws, 1, 15, "review")},
		Docs: []ledger.Doc{with(2, true, ledger.Due{At: 5, Name: "new"}, ledger.Due{At: 50, Name: "new"})},
	})
	want("done", 99, 10, row(other, 1, 15, "review"), row(ws, 1, 30, "review"), row(ws, 2, 50, "new"))

	w.write(ws, ledger.Commit{}, ledger.Writes{Docs: []ledger.Doc{with(1, true), with(2, true)}})
	want("cleared", 99, 10, row(other, 1, 15, "review"))
}

func leases(t *testing.T, w *world) {
	second := w.another()
	for _, step := range []struct {
		what       string
		s          ledger.Store
		name       string
		holder     ledger.ID
		now, until ledger.Time
		want       bool
	}{
		{"free", w.Store, "due", ann, 100, 200, true},
		{"held by another", second, "due", bob, 150, 250, false},
		{"another name", second, "mail", bob, 150, 250, true},
		{"renewed", w.Store, "due", ann, 190, 300, true},
		{"the first time is over, the second not", second, "due", bob, 299, 400, false},
		{"ended at the moment", second, "due", bob, 300, 400, true},
		{"lost", w.Store, "due", ann, 301, 500, false},
		{"given back", second, "due", bob, 302, 302, true},
		{"free again", w.Store, "due", ann, 302, 500, true},
	} {
		got, err := step.s.Lease(t.Context(), step.name, step.holder, step.now, step.until)
		w.ok(err)
		if got != step.want {
			t.Errorf("%s: lease = %v", step.what, got)
		}
	}
}

func cursors(t *testing.T, w *world) {
	a, b := w.workspace(), w.workspace()
	ctx := t.Context()
	w.ok(w.SetCursor(ctx, a, "mail", 5))
	w.ok(w.SetCursor(ctx, a, "mail", 9))
	w.ok(w.SetCursor(ctx, a, "search", 3))
	for _, ask := range []struct {
		ws       ledger.ID
		follower string
		want     ledger.Seq
	}{{a, "mail", 9}, {a, "search", 3}, {a, "news", 0}, {b, "mail", 0}} {
		got, err := w.Cursor(ctx, ask.ws, ask.follower)
		w.ok(err)
		if got != ask.want {
			t.Errorf("cursor of %s = %d, want %d", ask.follower, got, ask.want)
		}
	}
}

func (w *world) search(ws ledger.ID, limit int, words ...string) []string {
	w.t.Helper()
	hits, err := w.SearchText(w.t.Context(), ws, words, limit)
	w.ok(err)
	var out []string
	for _, h := range hits {
		out = append(out, fmt.Sprintf("%s/%d", h.Kind, h.ID[15]))
	}
	slices.Sort(out)
	return out
}

func textIndex(t *testing.T, w *world) {
	ws, other := w.workspace(), w.workspace()
	ctx := t.Context()
	row := func(n int, words ...string) ledger.TextRow {
		return ledger.TextRow{Kind: "note", ID: id(n), Words: words}
	}
	w.ok(w.IndexText(ctx, ws, nil))
	w.ok(w.IndexText(ctx, ws, []ledger.TextRow{
		row(1, "checkout", "invoice", "the", "checkout"), row(2, "check", "list"), row(3, "invoice", "grösse", "搜索"),
		{Kind: "comment", ID: id(1), Words: []string{"checkout"}},
	}))
	w.ok(w.IndexText(ctx, other, []ledger.TextRow{row(9, "checkout", "secret")}))
	want := func(got []string, want ...string) {
		t.Helper()
		same(t, "hits", got, want)
	}
	want(w.search(ws, 10, "checkout"), "comment/1", "note/1")
	want(w.search(ws, 10, "check"), "comment/1", "note/1", "note/2")
	want(w.search(ws, 10, "c"), "comment/1", "note/1", "note/2")
	want(w.search(ws, 10, "check", "inv"), "note/1")
	want(w.search(ws, 10, "heckout"))
	want(w.search(ws, 10, "the"), "note/1") // no word is too common
	want(w.search(ws, 10, "grös"), "note/3")
	want(w.search(ws, 10, "搜索"), "note/3")
	want(w.search(ws, 10, "secret"))
	want(w.search(ws, 10))
	want(w.search(other, 10, "check"), "note/9")
	if got := w.search(ws, 2, "check"); len(got) != 2 {
		t.Errorf("limit 2 gives %v", got)
	}
	hits, err := w.SearchText(ctx, ws, []string{"check"}, 10)
	w.ok(err)
	if !slices.IsSortedFunc(hits, func(a, b ledger.TextHit) int { return int(b.Rank*1e18) - int(a.Rank*1e18) }) {
		t.Errorf("hits are not ordered by rank: %v", hits)
	}
	w.ok(w.IndexText(ctx, ws, []ledger.TextRow{row(1, "other"), row(2), {Kind: "note", ID: id(8)}}))
	want(w.search(ws, 10, "check"), "comment/1")
	want(w.search(ws, 10, "oth"), "note/1")
	w.ok(w.IndexText(ctx, ws, []ledger.TextRow{row(3, []string{}...)}))
	want(w.search(ws, 10, "invoice"))
}

// oddWords are words that mean something in a query language.
func oddWords(t *testing.T, w *world) {
	ws := w.workspace()
	odd := []string{
		"it's", `back\slash`, `quote"d`, "and", "or", "not", "near", "a:b", "a&b", "c|d", "(x)", "x*", "!no", "<->", "--", "%", "_", "$1",
		`\`, `'`, `''`, `"`, "body:x", "c++", "u.s.a", "semi;colon", "ünïcödé", "🙂", "tab\tin", "e-mail",
	}
	for i, word := range odd {
		w.ok(w.IndexText(t.Context(), ws, []ledger.TextRow{{Kind: "note", ID: id(i), Words: []string{word, "common"}}}))
	}
	for i, word := range odd {
		if _, err := w.SearchText(t.Context(), ws, []string{word, "common"}, 100); err != nil {
			t.Errorf("search for %q: %v", word, err)
		}
		// A word of letters and digits is found; of others an engine may keep less.
		if plain(word) && !slices.Contains(w.search(ws, 100, word), fmt.Sprintf("note/%d", i)) {
			t.Errorf("%q is not found", word)
		}
	}
	if got := w.search(ws, 100, "common"); len(got) != len(odd) {
		t.Errorf("%d of %d texts with odd words were indexed", len(got), len(odd))
	}
	long := string(bytes.Repeat([]byte("x"), 3000))
	w.ok(w.IndexText(t.Context(), ws, []ledger.TextRow{{Kind: "note", ID: id(200), Words: []string{long, "rest"}}}))
	same(t, "hits beside a very long word", w.search(ws, 10, "rest"), []string{"note/200"})
	if _, err := w.SearchText(t.Context(), ws, []string{long}, 10); err != nil {
		t.Errorf("search for a very long word: %v", err)
	}
	var many []string
	for n := range 200_000 {
		many = append(many, fmt.Sprintf("word%06d", n))
	}
	w.ok(w.IndexText(t.Context(), ws, []ledger.TextRow{{Kind: "note", ID: id(201), Words: many}}))
	same(t, "hits in a very long text", w.search(ws, 10, "word000099"), []string{"note/201"})
}

func plain(word string) bool {
	for _, r := range word {
		if (r < 'a' || r > 'z') && r < 0x80 {
			return false
		}
	}
	return word != "🙂"
}

// Kinds of the views that views makes and Views reads.
var thingView = ledger.SQLView{Kind: "thing", Columns: []ledger.SQLColumn{
	{Name: "title", Type: ledger.SQLText},
	{Name: "n", Type: ledger.SQLInteger},
	{Name: "share", Type: ledger.SQLReal},
	{Name: "done", Type: ledger.SQLBool},
	{Name: "tags", Type: ledger.SQLJSON},
}}

func views(t *testing.T, w *world) {
	ctx := t.Context()
	w.ok(w.CreateViews(ctx, nil))
	w.ok(w.CreateViews(ctx, []ledger.SQLView{thingView}))
	w.ok(w.CreateViews(ctx, []ledger.SQLView{thingView}))
	other := w.another()
	for _, columns := range [][]ledger.SQLColumn{
		nil,
		thingView.Columns[:2],
		{{Name: "title", Type: ledger.SQLInteger}, {Name: "order", Type: ledger.SQLText}},
		thingView.Columns,
	} {
		w.ok(other.CreateViews(ctx, []ledger.SQLView{{Kind: "thing", Columns: columns}, {Kind: "order"}}))
	}
	for _, bad := range []ledger.SQLView{
		{Kind: `x"; DROP TABLE entities; --`},
		{Kind: ""},
		{Kind: "Upper"},
		{Kind: "thing", Columns: []ledger.SQLColumn{{Name: "a'b"}}},
		{Kind: "thing", Columns: []ledger.SQLColumn{{Name: "1a"}}},
		{Kind: "thing", Columns: []ledger.SQLColumn{{Name: "a"}, {Name: "a"}}},
		{Kind: "thing", Columns: []ledger.SQLColumn{{Name: "version"}}},
	} {
		if err := w.CreateViews(ctx, []ledger.SQLView{bad}); err == nil {
			t.Errorf("the view %+v was made", bad)
		}
	}
	w.write(w.workspace(), ledger.Commit{}, ledger.Writes{Docs: []ledger.Doc{doc(1, 1, `{}`)}})
}

// Views tests that the views of an engine show what they should. query returns the rows
// of "SELECT columns FROM the view of the kind thing ORDER BY title" as text, with NULL
// as "-", on a connection that is not the Store's.
func Views(t *testing.T, s ledger.Store, query func(columns ...string) [][]string) {
	w := &world{Store: s, t: t}
	ws := w.workspace()
	w.ok(s.CreateViews(t.Context(), []ledger.SQLView{{Kind: "thing", Columns: thingView.Columns[:1]}}))
	w.ok(s.CreateViews(t.Context(), []ledger.SQLView{thingView}))
	staged := func(n int, batch ledger.ID, title string) ledger.Doc {
		d := doc(n, 0, `{"title": "`+title+`"}`)
		d.Batch = batch
		return d
	}
	stone := doc(4, 1, "")
	stone.JSON = nil
	elsewhere := doc(7, 1, `{"title": "g"}`)
	elsewhere.Kind = "other"
	w.write(ws, ledger.Commit{}, ledger.Writes{
		Docs: []ledger.Doc{
			doc(1, 1, `{"title": "a", "n": 9007199254740993, "share": 0.5, "done": true, "tags": ["x", "y"]}`),
			doc(2, 1, `{"title": "b", "n": null, "tags": null}`),
			doc(3, 1, `{"title": "c", "n": "seven", "share": "half", "done": "yes"}`), // of another schema
			stone, elsewhere,
			staged(5, id(81), "e"), staged(6, id(82), "f"),
		},
		Batch: []ledger.BatchRow{
			{Workspace: ws, ID: id(81), State: ledger.BatchMerged, Begun: 1, Ended: 1},
			{Workspace: ws, ID: id(82), State: ledger.BatchOpen, Begun: 1},
		},
	})
	got := query("title", "n", "share", "tags")
	for _, row := range got {
		row[3] = string(bytes.ReplaceAll([]byte(row[3]), []byte(" "), nil))
	}
	same(t, "rows", got, [][]string{
		{"a", "9007199254740993", "0.5", `["x","y"]`},
		{"b", "-", "-", "-"},
		{"c", "-", "-", "-"},
		{"e", "-", "-", "-"},
	})
	if got := query("version", "title"); len(got) != 4 || got[0][0] != "1" {
		t.Errorf("versions = %v", got)
	}
	if got := query("workspace_id", "id", "created_at", "updated_at", "created_by", "updated_by", "done"); len(got) != 4 {
		t.Errorf("rows = %v", got)
	}
}
