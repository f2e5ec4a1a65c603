package storetest

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/throughline-pm/throughline/internal/ledger"
)

// What reading the journal promises.

func commitsExact(t *testing.T, w *world) {
	ws := w.workspace()
	full := ledger.Commit{
		At: 1_234_567_890_123_456, Actor: ledger.Actor{ID: ann, Via: bob}, Verb: "größer <&> 'x'",
		Branch: id(1), Merges: id(2), Undoes: 3, Origin: 1<<62 + 1,
		Entries: []ledger.Entry{
			{
				Op: ledger.OpCreate, Kind: "thing", ID: id(1), Actor: bob, At: 5, Schema: 3, WasAt: 9, WasBy: ann,
				Changes: ledger.Changes{
					{Field: "z", Old: []byte(`null`), New: []byte(`"<a> & 'b' \" \\ \u2028 größe"`)},
					{Field: "a", Old: []byte(`{"k":[1,1.0,1e2,10000000000000000000001]}`), New: []byte(`[]`)},
					{Field: "größe", Old: []byte(`true`), New: []byte(`null`)},
				},
			},
			{Op: ledger.OpDelete, Kind: "other", ID: id(2)},
			{Op: ledger.OpRebase, Kind: "thing", ID: id(3), Changes: ledger.Changes{{Field: "x", Old: []byte(`null`), New: []byte(`1`)}}},
		},
	}
	one := w.write(ws, full, ledger.Writes{})
	two := w.write(ws, ledger.Commit{}, ledger.Writes{})
	same(t, "commits", w.commits(ws, ledger.CommitQuery{}), []ledger.Commit{one, two})
	// Digests are over the text, so not a byte of it may change.
	text, err := w.commits(ws, ledger.CommitQuery{})[0].Entries[0].Text()
	w.ok(err)
	want, err := full.Entries[0].Changes.MarshalJSON()
	w.ok(err)
	if !bytes.Equal(text, want) {
		t.Errorf("the text of the changes is\n%s\nand was\n%s", text, want)
	}
}

func commitQueries(t *testing.T, w *world) {
	ws, other := w.workspace(), w.workspace()
	live, branch, gone := ledger.ID{}, id(50), id(51)
	by := func(a ledger.ID) ledger.Actor { return ledger.Actor{ID: a} }
	w.write(other, ledger.Commit{Entries: []ledger.Entry{entry(1)}}, ledger.Writes{})
	w.write(ws, ledger.Commit{At: 10, Entries: []ledger.Entry{entry(1), entry(2), entry(1)}}, ledger.Writes{})
	w.write(ws, ledger.Commit{At: 10, Actor: by(bob)}, ledger.Writes{})
	w.write(ws, ledger.Commit{At: 20, Branch: branch, Entries: []ledger.Entry{entry(2)}}, ledger.Writes{})
	w.write(ws, ledger.Commit{At: 20, Branch: branch, Actor: by(bob), Entries: []ledger.Entry{entry(1), entry(3)}}, ledger.Writes{})
	w.write(ws, ledger.Commit{At: 30, Actor: by(bob), Entries: []ledger.Entry{entry(2), entry(3)}}, ledger.Writes{})
	w.write(ws, ledger.Commit{At: 40, Entries: []ledger.Entry{entry(1)}}, ledger.Writes{})
	all := []string{"1:1 2 1", "2:", "3:2", "4:1 3", "5:2 3", "6:1"}
	for _, test := range []struct {
		name string
		q    ledger.CommitQuery
		want []string
	}{
		{"all", ledger.CommitQuery{}, all},
		{"after", ledger.CommitQuery{After: 4}, all[4:]},
		{"after the end", ledger.CommitQuery{After: 6}, nil},
		{"up to", ledger.CommitQuery{UpTo: 2}, all[:2]},
		{"a window", ledger.CommitQuery{After: 1, UpTo: 3}, all[1:3]},
		{"an empty window", ledger.CommitQuery{After: 3, UpTo: 3}, nil},
		{"beyond", ledger.CommitQuery{UpTo: 99}, all},
		{"since", ledger.CommitQuery{Since: 20}, all[4:]},
		{"since between", ledger.CommitQuery{Since: 19}, all[2:]},
		{"descending", ledger.CommitQuery{Desc: true}, []string{"6:1", "5:3 2", "4:3 1", "3:2", "2:", "1:1 2 1"}},
		{"descending window", ledger.CommitQuery{Desc: true, After: 1, UpTo: 4}, []string{"4:3 1", "3:2", "2:"}},
		{"descending, ends without entries", ledger.CommitQuery{Desc: true, UpTo: 2}, []string{"2:", "1:1 2 1"}},
		{"limit", ledger.CommitQuery{Limit: 2}, all[:2]},
		{"limit after", ledger.CommitQuery{After: 1, Limit: 2}, all[1:3]},
		{"limit descending", ledger.CommitQuery{Desc: true, Limit: 2}, []string{"6:1", "5:3 2"}},
		{"limit above", ledger.CommitQuery{Limit: 100}, all},
		{"bare", ledger.CommitQuery{Bare: true}, []string{"1:", "2:", "3:", "4:", "5:", "6:"}},
		{"bare descending", ledger.CommitQuery{Bare: true, Desc: true, Limit: 3}, []string{"6:", "5:", "4:"}},
		{"bare window", ledger.CommitQuery{Bare: true, After: 2, UpTo: 4}, []string{"3:", "4:"}},
		{"branch", ledger.CommitQuery{Branch: &branch}, []string{"3:2", "4:1 3"}},
		{"branch descending", ledger.CommitQuery{Branch: &branch, Desc: true, Limit: 1}, []string{"4:3 1"}},
		{"branch bare", ledger.CommitQuery{Branch: &branch, Bare: true}, []string{"3:", "4:"}},
		{"no such branch", ledger.CommitQuery{Branch: &gone}, nil},
		{"live", ledger.CommitQuery{Branch: &live}, []string{"1:1 2 1", "2:", "5:2 3", "6:1"}},
		{"live descending", ledger.CommitQuery{Branch: &live, Desc: true, Limit: 2}, []string{"6:1", "5:3 2"}},
		{"live by bob", ledger.CommitQuery{Branch: &live, Actor: &bob}, []string{"2:", "5:2 3"}},
		{"by bob", ledger.CommitQuery{Actor: &bob}, []string{"2:", "4:1 3", "5:2 3"}},
		{"by bob, newest", ledger.CommitQuery{Actor: &bob, Desc: true, Limit: 1, Bare: true}, []string{"5:"}},
		{"entity", ledger.CommitQuery{Kind: "thing", ID: id(1)}, []string{"1:1 1", "4:1", "6:1"}},
		{"entity descending", ledger.CommitQuery{Kind: "thing", ID: id(1), Desc: true}, []string{"6:1", "4:1", "1:1 1"}},
		{"entity, newest", ledger.CommitQuery{Kind: "thing", ID: id(1), Desc: true, Limit: 1}, []string{"6:1"}},
		{"entity window", ledger.CommitQuery{Kind: "thing", ID: id(1), After: 1, UpTo: 5}, []string{"4:1"}},
		{"entity bare", ledger.CommitQuery{Kind: "thing", ID: id(1), Bare: true}, []string{"1:", "4:", "6:"}},
		{"entity live", ledger.CommitQuery{Kind: "thing", ID: id(3), Branch: &live}, []string{"5:3"}},
		{"entity on the branch by bob", ledger.CommitQuery{Kind: "thing", ID: id(1), Branch: &branch, Actor: &bob}, []string{"4:1"}},
		{"entity since", ledger.CommitQuery{Kind: "thing", ID: id(2), Since: 20}, []string{"5:2"}},
		{"another kind", ledger.CommitQuery{Kind: "other", ID: id(1)}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for c, err := range w.Commits(t.Context(), ws, test.q) {
				if err != nil {
					t.Fatal(err)
				}
				line := fmt.Sprintf("%d:", c.Seq)
				for i, e := range c.Entries {
					if i > 0 {
						line += " "
					}
					line += fmt.Sprint(e.ID[15])
				}
				got = append(got, line)
			}
			same(t, "commits", got, test.want)
		})
	}
	if got := w.commits(id(99), ledger.CommitQuery{}); len(got) != 0 {
		t.Errorf("commits of no workspace: %v", got)
	}
}

// longCommits has commits of more entries than an engine may wish to read at once.
func longCommits(t *testing.T, w *world) {
	ws := w.workspace()
	sizes := []int{0, 255, 1, 0, 256, 9000, 2, 257, 4096, 0}
	for i, size := range sizes {
		entries := make([]ledger.Entry, size)
		for n := range entries {
			entries[n] = entry(n % 3)
			entries[n].Kind = fmt.Sprintf("k%d", i)
		}
		w.write(ws, ledger.Commit{Entries: entries}, ledger.Writes{})
	}
	for range 600 {
		w.write(ws, ledger.Commit{}, ledger.Writes{})
	}
	for _, desc := range []bool{false, true} {
		for _, bare := range []bool{false, true} {
			var seqs []ledger.Seq
			for _, c := range w.commits(ws, ledger.CommitQuery{Desc: desc, Bare: bare}) {
				seqs = append(seqs, c.Seq)
				want := 0
				if int(c.Seq) <= len(sizes) && !bare {
					want = sizes[c.Seq-1]
				}
				if len(c.Entries) != want {
					t.Fatalf("desc %v, bare %v: commit %d has %d entries, want %d", desc, bare, c.Seq, len(c.Entries), want)
				}
				for i, e := range c.Entries {
					n := i
					if desc {
						n = want - 1 - i
					}
					if e.N != n || e.Kind != fmt.Sprintf("k%d", c.Seq-1) {
						t.Fatalf("desc %v: commit %d, place %d: entry %d of %s", desc, c.Seq, i, e.N, e.Kind)
					}
				}
			}
			for i, seq := range seqs {
				want := ledger.Seq(i + 1)
				if desc {
					want = ledger.Seq(len(seqs) - i)
				}
				if seq != want {
					t.Fatalf("desc %v, bare %v: commit %d in place %d", desc, bare, seq, i)
				}
			}
			if len(seqs) != len(sizes)+600 {
				t.Errorf("desc %v, bare %v: %d commits, want %d", desc, bare, len(seqs), len(sizes)+600)
			}
		}
	}
	touching := w.commits(ws, ledger.CommitQuery{Kind: "k5", ID: id(0)})
	if len(touching) != 1 || len(touching[0].Entries) != 3000 {
		t.Errorf("one entity's entries in a long commit: %d commits", len(touching))
	}
}

func abandonedReaders(t *testing.T, w *world) {
	ws := w.workspace()
	for range 3 {
		w.write(ws, ledger.Commit{Entries: []ledger.Entry{entry(1)}}, ledger.Writes{})
	}
	for range 200 { // more than any engine has connections
		for _, err := range w.Commits(t.Context(), ws, ledger.CommitQuery{}) {
			w.ok(err)
			break
		}
	}
	w.write(ws, ledger.Commit{}, ledger.Writes{})
	// A reader may ask for more while it reads.
	for c, err := range w.Commits(t.Context(), ws, ledger.CommitQuery{}) {
		w.ok(err)
		if inner := w.commits(ws, ledger.CommitQuery{After: c.Seq}); len(inner) != 4-int(c.Seq) {
			t.Errorf("inside commit %d: %d more", c.Seq, len(inner))
		}
	}
}

// readWhileWriting reads from the Store whose transaction is open, as a lane does that
// catches up.
func readWhileWriting(t *testing.T, w *world) {
	ws := w.workspace()
	w.write(ws, ledger.Commit{Entries: []ledger.Entry{entry(1)}}, ledger.Writes{Docs: []ledger.Doc{doc(1, 1, `{"n": 1}`)}})
	txn, head := w.begin(w.Store, ws)
	defer txn.Rollback()
	if got := w.commits(ws, ledger.CommitQuery{}); len(got) != 1 {
		t.Errorf("%d commits", len(got))
	}
	if got, _ := w.load(w.Store, ws); len(got) != 1 {
		t.Errorf("%d documents", len(got))
	}
	if _, err := w.Doc(t.Context(), ws, "thing", id(1)); err != nil {
		t.Error(err)
	}
	if got, err := w.Heads(t.Context(), []ledger.ID{ws}); err != nil || got[ws].Seq != head.Seq {
		t.Errorf("heads = %v, %v", got, err)
	}
}
