package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/throughline-pm/throughline/internal/ledger"
)

// What documents and imports promise, and what a refused commit leaves behind.

func documents(t *testing.T, w *world) {
	ws, other := w.workspace(), w.workspace()
	// In the form of jsonb, which an engine may store: documents are equal by their values.
	first := doc(1, 1, `{"n": 1, "title": "größer <b>"}`)
	w.write(ws, ledger.Commit{}, ledger.Writes{Docs: []ledger.Doc{first, doc(2, 1, `{}`)}})
	got, err := w.Doc(t.Context(), ws, "thing", id(1))
	w.ok(err)
	same(t, "document", got, first)
	for _, miss := range []struct {
		ws   ledger.ID
		kind string
		id   ledger.ID
	}{{other, "thing", id(1)}, {ws, "other", id(1)}, {ws, "thing", id(3)}} {
		if _, err := w.Doc(t.Context(), miss.ws, miss.kind, miss.id); !errors.Is(err, ledger.ErrNoDoc) {
			t.Errorf("a document that is not there: %v, want ErrNoDoc", err)
		}
	}
	again := first
	again.Meta.Version, again.Meta.UpdatedAt, again.Meta.UpdatedBy, again.Schema = 2, 300, ann, 2
	again.JSON = []byte(`{"title": "b"}`)
	stone := doc(2, 1, "")
	stone.Meta.Version, stone.JSON = 2, nil
	w.write(ws, ledger.Commit{}, ledger.Writes{Docs: []ledger.Doc{again, stone}})
	for n, want := range map[int]ledger.Doc{1: again, 2: stone} {
		got, err := w.Doc(t.Context(), ws, "thing", id(n))
		w.ok(err)
		same(t, "document after the second commit", got, want)
	}
	all, head := w.load(w.Store, ws)
	same(t, "loaded", all, []ledger.Doc{again, stone}) // deleted entities keep their place
	if head.Seq != 2 {
		t.Errorf("loaded at %d", head.Seq)
	}
	if all, _ := w.load(w.Store, other); len(all) != 0 {
		t.Errorf("another workspace shows %v", all)
	}
}

func kinds(t *testing.T, w *world) {
	ws := w.workspace()
	kind := func(d ledger.Doc, kind string) ledger.Doc { d.Kind = kind; return d }
	w.write(ws, ledger.Commit{}, ledger.Writes{Docs: []ledger.Doc{
		doc(1, 10, `{}`), doc(2, 2, `{}`), kind(doc(1, 1, `{}`), "thing_part"), kind(doc(1, 9, `{}`), "alpha"), kind(doc(1, 1, `{}`), "things"),
	}})
	all, _ := w.load(w.Store, ws)
	same(t, "loaded", places(all), []string{"alpha/1@9", "thing/2@2", "thing/1@10", "thing_part/1@1", "things/1@1"})
}

func loadBlocks(t *testing.T, w *world) {
	const many = 1300
	ws := w.workspace()
	var docs []ledger.Doc
	for n := range many {
		docs = append(docs, doc(many-n, 1, fmt.Sprintf(`{"n": %d}`, many-n)))
	}
	w.write(ws, ledger.Commit{}, ledger.Writes{Docs: docs})
	var blocks [][]ledger.Doc
	_, err := w.Load(t.Context(), ws, func(block []ledger.Doc) error {
		blocks = append(blocks, block) // kept, as a decoder of its own pace does
		return nil
	})
	w.ok(err)
	if len(blocks) < 3 {
		t.Errorf("%d documents came in %d blocks", many, len(blocks))
	}
	all := slices.Concat(blocks...)
	sortDocs(all)
	for i, d := range all {
		if d.Meta.ID != id(i+1) || string(d.JSON) != fmt.Sprintf(`{"n": %d}`, i+1) {
			t.Fatalf("document %d is %s with %s", i+1, d.Meta.ID, d.JSON)
		}
	}
	if len(all) != many {
		t.Errorf("%d documents, want %d", len(all), many)
	}
}

func loadStops(t *testing.T, w *world) {
	ws := w.workspace()
	w.write(ws, ledger.Commit{}, ledger.Writes{Docs: []ledger.Doc{doc(1, 1, `{}`)}})
	stop := errors.New("stop")
	if _, err := w.Load(t.Context(), ws, func([]ledger.Doc) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("Load = %v, want the error of the function", err)
	}
	w.write(ws, ledger.Commit{}, ledger.Writes{}) // nothing is left that holds a lock
}

func imports(t *testing.T, w *world) {
	ws, other := w.workspace(), w.workspace()
	ctx := t.Context()
	staged := func(n int, batch ledger.ID) ledger.Doc {
		d := doc(n, 0, `{}`)
		d.Batch = batch
		d.Due, d.DueEdited = []ledger.Due{{At: 5, Name: "review"}}, true
		return d
	}
	row := func(n int, state ledger.BatchState, begun, ended ledger.Seq) []ledger.BatchRow {
		return []ledger.BatchRow{{Workspace: ws, ID: id(n), State: state, Begun: begun, Ended: ended}}
	}
	want := func(what string, live []string, due int, open ...ledger.ID) {
		t.Helper()
		all, _ := w.load(w.Store, ws)
		same(t, what+": loaded", places(all), live)
		rows, err := w.DueBefore(ctx, 1000, 100)
		w.ok(err)
		if len(rows) != due {
			t.Errorf("%s: due are %v, want %d", what, rows, due)
		}
		batches, err := w.Batches(ctx, ledger.BatchOpen)
		w.ok(err)
		var have []ledger.ID
		for _, b := range batches {
			if b.Workspace != ws || b.State != ledger.BatchOpen || b.Begun == 0 || b.Ended != 0 {
				t.Errorf("%s: batch %+v", what, b)
			}
			have = append(have, b.ID)
		}
		same(t, what+": open imports", have, open)
	}
	const merged, dropped = 71, 72
	w.write(ws, ledger.Commit{}, ledger.Writes{Docs: []ledger.Doc{doc(1, 1, `{}`)}})
	w.write(ws, ledger.Commit{Branch: id(merged), Entries: []ledger.Entry{entry(10), entry(11)}},
		ledger.Writes{Docs: []ledger.Doc{staged(11, id(merged)), staged(10, id(merged))}, Batch: row(merged, ledger.BatchOpen, 2, 0)})
	w.write(ws, ledger.Commit{Branch: id(dropped), Entries: []ledger.Entry{entry(20), entry(21)}},
		ledger.Writes{Docs: []ledger.Doc{staged(20, id(dropped)), staged(21, id(dropped))}, Batch: row(dropped, ledger.BatchOpen, 3, 0)})
	w.write(ws, ledger.Commit{Branch: id(merged), Entries: []ledger.Entry{entry(12)}}, ledger.Writes{Docs: []ledger.Doc{staged(12, id(merged))}})
	w.write(ws, ledger.Commit{Entries: []ledger.Entry{entry(2)}}, ledger.Writes{Docs: []ledger.Doc{doc(2, 5, `{}`)}})
	want("open", []string{"thing/1@1", "thing/2@5"}, 0, id(merged), id(dropped))
	if _, err := w.Doc(ctx, ws, "thing", id(10)); !errors.Is(err, ledger.ErrNoDoc) {
		t.Errorf("a document of an open import: %v, want ErrNoDoc", err)
	}

	w.write(ws, ledger.Commit{Merges: id(merged)}, ledger.Writes{Batch: row(merged, ledger.BatchMerged, 2, 6)})
	w.write(ws, ledger.Commit{}, ledger.Writes{Docs: []ledger.Doc{doc(3, 7, `{}`)}})
	live := []string{"thing/1@1", "thing/2@5", "thing/10@6", "thing/11@6", "thing/12@6", "thing/3@7"}
	want("merged", live, 3, id(dropped))
	d, err := w.Doc(ctx, ws, "thing", id(10))
	w.ok(err)
	if d.Meta.Born != 6 {
		t.Errorf("a document of a merged import was born at %d", d.Meta.Born)
	}

	w.write(ws, ledger.Commit{Branch: id(dropped)}, ledger.Writes{Batch: row(dropped, ledger.BatchDropped, 3, 8), DropDocs: []ledger.ID{id(dropped)}})
	want("dropped", live, 3)
	if _, err := w.Doc(ctx, ws, "thing", id(20)); !errors.Is(err, ledger.ErrNoDoc) {
		t.Errorf("a document of a dropped import: %v, want ErrNoDoc", err)
	}
	for _, c := range w.commits(ws, ledger.CommitQuery{}) {
		entries := map[ledger.Seq]int{2: 2, 4: 1, 5: 1}[c.Seq]
		if len(c.Entries) != entries {
			t.Errorf("commit %d has %d entries, want %d", c.Seq, len(c.Entries), entries)
		}
	}
	// An edit takes a document out of its import for good.
	edited := doc(11, 6, `{"edited": true}`)
	w.write(ws, ledger.Commit{}, ledger.Writes{Docs: []ledger.Doc{edited}, DropDocs: []ledger.ID{id(70)}})
	want("edited", live, 3)
	// A document of a merged import comes back when the identifier is used again after a drop.
	w.write(ws, ledger.Commit{}, ledger.Writes{Docs: []ledger.Doc{doc(20, 10, `{}`)}})
	want("made again", append(slices.Clone(live), "thing/20@10"), 3)
	if all, _ := w.load(w.Store, other); len(all) != 0 {
		t.Errorf("another workspace shows %v", places(all))
	}
}

func severalWorkspaces(t *testing.T, w *world) {
	a, b := w.workspace(), w.workspace()
	if w.Lanes() == ledger.LaneADatabase {
		t.Log("one lane a database: groups span workspaces")
	}
	txn, heads, err := w.Begin(t.Context(), []ledger.ID{b, a})
	w.ok(err)
	_, wa := fill(a, heads[a], ledger.Commit{Verb: "in a", Entries: []ledger.Entry{entry(1)}},
		ledger.Writes{Docs: []ledger.Doc{doc(1, 1, `{"in": "a"}`)}, Blobs: []ledger.Blob{{Hash: "h", Body: []byte("a")}}})
	_, wb := fill(b, heads[b], ledger.Commit{Verb: "in b", Entries: []ledger.Entry{entry(1)}},
		ledger.Writes{Docs: []ledger.Doc{doc(1, 1, `{"in": "b"}`)}, Blobs: []ledger.Blob{{Hash: "h", Body: []byte("b")}}})
	w.ok(txn.Commit(t.Context(), []ledger.Writes{wb, wa}))
	for ws, name := range map[ledger.ID]string{a: "a", b: "b"} {
		d, err := w.Doc(t.Context(), ws, "thing", id(1))
		w.ok(err)
		body, err := w.Blob(t.Context(), ws, "h")
		w.ok(err)
		all := w.commits(ws, ledger.CommitQuery{})
		if string(d.JSON) != `{"in": "`+name+`"}` || string(body) != name || len(all) != 1 || all[0].Verb != "in "+name {
			t.Errorf("workspace %s holds %s, %s, %v", name, d.JSON, body, all)
		}
	}
}

func blobs(t *testing.T, w *world) {
	ws, other := w.workspace(), w.workspace()
	body := bytes.Repeat([]byte{0, 255, '\'', '\\', 10}, 100_000)
	w.write(ws, ledger.Commit{}, ledger.Writes{Blobs: []ledger.Blob{{Hash: "one", Body: body}, {Hash: "empty", Body: []byte{}}, {Hash: "one", Body: body}}})
	w.write(ws, ledger.Commit{}, ledger.Writes{Blobs: []ledger.Blob{{Hash: "one", Body: body}}}) // the same content again
	got, err := w.Blob(t.Context(), ws, "one")
	w.ok(err)
	if !bytes.Equal(got, body) {
		t.Errorf("blob of %d bytes, want %d", len(got), len(body))
	}
	if got, err := w.Blob(t.Context(), ws, "empty"); err != nil || len(got) != 0 {
		t.Errorf("empty blob = %v, %v", got, err)
	}
	for _, ask := range []struct {
		ws   ledger.ID
		hash string
	}{{other, "one"}, {ws, "two"}} {
		if _, err := w.Blob(t.Context(), ask.ws, ask.hash); !errors.Is(err, ledger.ErrNoDoc) {
			t.Errorf("a blob that is not there: %v, want ErrNoDoc", err)
		}
	}
}

// refusedValues holds that a value is taken whole or refused with ErrData, and that after
// a refusal nothing is there and the engine goes on.
func refusedValues(t *testing.T, w *world) {
	for name, poison := range map[string]func(*ledger.Writes){
		"NUL in a document": func(x *ledger.Writes) { x.Docs[1].JSON = []byte(`{"a": "x\u0000y"}`) },
		"no JSON":           func(x *ledger.Writes) { x.Docs[1].JSON = []byte(`{"a": `) },
		"invalid UTF-8":     func(x *ledger.Writes) { x.Docs[1].JSON = []byte("{\"a\": \"\xff\"}") },
		"NUL in a verb":     func(x *ledger.Writes) { x.Commits[0].Verb = "x\x00y" },
		"a commit twice": func(x *ledger.Writes) {
			x.Commits = append(x.Commits, x.Commits[0])
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := &world{Store: w.Store, t: t, another: w.another, made: w.made}
			ws := w.workspace()
			defer func(made int) { w.made = made }(w.made)
			before := w.write(ws, ledger.Commit{Entries: []ledger.Entry{entry(1)}}, ledger.Writes{Docs: []ledger.Doc{doc(1, 1, `{"n": 1}`)}})
			txn, head := w.begin(w.Store, ws)
			changed := doc(1, 1, `{"n": 2}`)
			_, writes := fill(ws, head, ledger.Commit{Origin: 77, Entries: []ledger.Entry{entry(1)}}, ledger.Writes{
				Docs: []ledger.Doc{changed, doc(2, 2, `{}`)}, Blobs: []ledger.Blob{{Hash: "b", Body: []byte("b")}},
			})
			poison(&writes)
			err := txn.Commit(t.Context(), []ledger.Writes{writes})
			happened, look := w.Outcome(t.Context(), ws, 2, 77)
			w.ok(look)
			if err == nil {
				if !happened {
					t.Error("the commit was answered and did not happen")
				}
				return
			}
			if !errors.Is(err, ledger.ErrData) {
				t.Errorf("%v, want ErrData", err)
			}
			if happened {
				t.Error("the commit was refused and happened")
			}
			all, now := w.load(w.Store, ws)
			if len(all) != 1 || string(all[0].JSON) != `{"n": 1}` || now.Seq != 1 {
				t.Errorf("after the refusal: %v at %d", places(all), now.Seq)
			}
			same(t, "commits", w.commits(ws, ledger.CommitQuery{}), []ledger.Commit{before})
			if _, err := w.Blob(t.Context(), ws, "b"); !errors.Is(err, ledger.ErrNoDoc) {
				t.Errorf("a blob of the refused commit: %v", err)
			}
			w.write(ws, ledger.Commit{}, ledger.Writes{Docs: []ledger.Doc{changed}})
		})
		w.made++
	}
}

func reopening(t *testing.T, w *world) {
	ws := w.workspace()
	c := w.write(ws, ledger.Commit{Entries: []ledger.Entry{entry(1)}}, ledger.Writes{Docs: []ledger.Doc{doc(1, 1, `{"n": 1}`)}})
	w.ok(w.Store.Close())
	w.Store = w.another()
	same(t, "commits", w.commits(ws, ledger.CommitQuery{}), []ledger.Commit{c})
	all, head := w.load(w.Store, ws)
	if len(all) != 1 || head.Seq != 1 || head.Hash != c.Hash {
		t.Errorf("after reopening: %v at %+v", places(all), head)
	}
	w.write(ws, ledger.Commit{}, ledger.Writes{})
}
