package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
)

// What transactions, locks and several processes promise.

func workspaces(t *testing.T, w *world) {
	ctx := t.Context()
	a, b := id(2), id(1)
	w.ok(w.CreateWorkspace(ctx, ledger.WorkspaceRow{ID: a, Slug: "alpha"}))
	w.ok(w.CreateWorkspace(ctx, ledger.WorkspaceRow{ID: b, Slug: "beta"}))
	if err := w.CreateWorkspace(ctx, ledger.WorkspaceRow{ID: id(3), Slug: "alpha"}); !fault.Is(err, fault.Conflict) {
		t.Errorf("a slug that is taken: %v, want a Conflict", err)
	}
	all, err := w.Workspaces(ctx)
	w.ok(err)
	slices.SortFunc(all, func(a, b ledger.WorkspaceRow) int { return strings.Compare(a.Slug, b.Slug) })
	if len(all) != 2 || all[0].ID != a || all[0].Slug != "alpha" || all[1].ID != b {
		t.Errorf("workspaces = %v", all)
	}
	_, head := w.load(w.Store, a)
	if head.Seq != 0 || head.LastAt != 0 || !bytes.Equal(head.Hash[:], make([]byte, 32)) || len(head.Counters) != 0 {
		t.Errorf("head of a new workspace = %+v", head)
	}
}

func removeWorkspace(t *testing.T, w *world) {
	ctx := t.Context()
	ws, other := w.workspace(), w.workspace()
	furnish := func(ws ledger.ID) {
		d := doc(1, 1, `{"title":"a"}`)
		d.Due, d.DueEdited = []ledger.Due{{At: 5, Name: "review"}}, true
		w.write(ws, ledger.Commit{Entries: []ledger.Entry{entry(1)}}, ledger.Writes{
			Docs: []ledger.Doc{d}, Blobs: []ledger.Blob{{Hash: "one", Body: []byte("body")}},
			Batch: []ledger.BatchRow{{Workspace: ws, ID: id(7), State: ledger.BatchOpen, Begun: 1}},
		})
		w.ok(w.SetCursor(ctx, ws, "mail", 1))
		w.ok(w.IndexText(ctx, ws, []ledger.TextRow{{Kind: "thing", ID: id(1), Words: []string{"tunnel"}}}))
	}
	furnish(ws)
	furnish(other)
	// holds counts what is there of a workspace
	holds := func(ws ledger.ID) (n int) {
		t.Helper()
		docs, _ := w.load(w.Store, ws)
		n += len(docs) + len(w.commits(ws, ledger.CommitQuery{UpTo: 9})) + len(w.search(ws, 10, "tunnel"))
		if _, err := w.Blob(ctx, ws, "one"); err == nil {
			n++
		} else if !errors.Is(err, ledger.ErrNoDoc) {
			t.Error(err)
		}
		at, err := w.Cursor(ctx, ws, "mail")
		w.ok(err)
		n += int(at)
		due, err := w.DueBefore(ctx, 100, 10)
		w.ok(err)
		open, err := w.Batches(ctx, ledger.BatchOpen)
		w.ok(err)
		n += len(slices.DeleteFunc(due, func(d ledger.DueRow) bool { return d.Workspace != ws }))
		return n + len(slices.DeleteFunc(open, func(b ledger.BatchRow) bool { return b.Workspace != ws }))
	}
	same(t, "what there is", holds(ws), 7)

	// it waits for who writes, and what that has written goes too
	txn, head := w.begin(w.Store, ws)
	removed := make(chan error, 1)
	go func() { removed <- w.another().RemoveWorkspace(ctx, ws) }()
	_, writes := fill(ws, head, ledger.Commit{}, ledger.Writes{})
	w.ok(txn.Commit(ctx, []ledger.Writes{writes}))
	w.ok(<-removed)

	if _, _, err := w.Begin(ctx, []ledger.ID{ws}); !fault.Is(err, fault.NotFound) {
		t.Errorf("Begin on what was removed: %v, want NotFound", err)
	}
	if heads, err := w.Heads(ctx, []ledger.ID{ws, other}); err != nil || len(heads) != 1 {
		t.Errorf("heads = %v, %v", heads, err)
	}
	for _, ws := range []ledger.ID{ws, id(99)} {
		if err := w.RemoveWorkspace(ctx, ws); !fault.Is(err, fault.NotFound) {
			t.Errorf("removing what is not there: %v, want NotFound", err)
		}
	}
	same(t, "what there is of the other", holds(other), 7)

	// the same identifier and slug begin with nothing
	w.ok(w.CreateWorkspace(ctx, ledger.WorkspaceRow{ID: ws, Slug: "workspace-1"}))
	same(t, "what there is after making it anew", holds(ws), 0)
	furnish(ws)
	same(t, "what there is after writing anew", holds(ws), 7)
}

func begin(t *testing.T, w *world) {
	ws := w.workspace()
	if _, _, err := w.Begin(t.Context(), []ledger.ID{id(99)}); !fault.Is(err, fault.NotFound) {
		t.Errorf("Begin on no workspace: %v, want NotFound", err)
	}
	if _, _, err := w.Begin(t.Context(), []ledger.ID{ws, id(99)}); !fault.Is(err, fault.NotFound) {
		t.Errorf("Begin on one workspace and none: %v, want NotFound", err)
	}
	if _, err := w.Load(t.Context(), id(99), func([]ledger.Doc) error { return nil }); !fault.Is(err, fault.NotFound) {
		t.Errorf("Load of no workspace: %v, want NotFound", err)
	}
	// Refused transactions hold no lock, and what one commits the next one sees.
	for want := range ledger.Seq(5) {
		txn, head := w.begin(w.Store, ws)
		if head.Seq != want {
			t.Fatalf("head at %d, want %d", head.Seq, want)
		}
		_, writes := fill(ws, head, ledger.Commit{}, ledger.Writes{})
		writes.Head.Counters = map[string]int64{"FB": int64(want)}
		w.ok(txn.Commit(t.Context(), []ledger.Writes{writes}))
	}
	txn, head := w.begin(w.Store, ws)
	w.ok(txn.Rollback())
	same(t, "counters", head.Counters, map[string]int64{"FB": 4})
	if head.LastAt != 5 || head.Hash[0] != 5 || head.Hash[1] != 255 {
		t.Errorf("head = %+v", head)
	}
}

func rollback(t *testing.T, w *world) {
	ws := w.workspace()
	txn, _ := w.begin(w.Store, ws)
	w.ok(txn.Rollback())
	w.ok(txn.Rollback())
	w.write(ws, ledger.Commit{}, ledger.Writes{})
	txn, head := w.begin(w.Store, ws)
	_, writes := fill(ws, head, ledger.Commit{}, ledger.Writes{})
	w.ok(txn.Commit(t.Context(), []ledger.Writes{writes}))
	w.ok(txn.Rollback()) // nothing is left to undo
	if got := len(w.commits(ws, ledger.CommitQuery{})); got != 2 {
		t.Errorf("%d commits, want 2", got)
	}
}

func heads(t *testing.T, w *world) {
	a, b, c := w.workspace(), w.workspace(), w.workspace()
	w.write(a, ledger.Commit{At: 70}, ledger.Writes{})
	w.write(b, ledger.Commit{}, ledger.Writes{})
	w.write(b, ledger.Commit{}, ledger.Writes{})
	got, err := w.Heads(t.Context(), []ledger.ID{a, b, id(99)})
	w.ok(err)
	if len(got) != 2 || got[a].Seq != 1 || got[a].LastAt != 70 || got[b].Seq != 2 || got[b].Hash[0] != 2 {
		t.Errorf("heads = %+v", got)
	}
	if _, ok := got[c]; ok {
		t.Error("the head of a workspace that was not asked for")
	}
	if got, err := w.Heads(t.Context(), nil); err != nil || len(got) != 0 {
		t.Errorf("heads of nothing = %v, %v", got, err)
	}
}

func outcome(t *testing.T, w *world) {
	ws, other := w.workspace(), w.workspace()
	w.write(ws, ledger.Commit{Origin: 7}, ledger.Writes{})
	w.write(ws, ledger.Commit{Origin: 8}, ledger.Writes{})
	for _, ask := range []struct {
		ws     ledger.ID
		first  ledger.Seq
		origin int64
		want   bool
	}{
		{ws, 1, 7, true},
		{ws, 2, 8, true},
		{ws, 1, 8, false},
		{ws, 3, 7, false},
		{other, 1, 7, false},
	} {
		got, err := w.Outcome(t.Context(), ask.ws, ask.first, ask.origin)
		w.ok(err)
		if got != ask.want {
			t.Errorf("outcome of %d at %d = %v", ask.origin, ask.first, got)
		}
	}
	// The answer waits for a writer that may still commit.
	asker := w.another()
	txn, head := w.begin(w.Store, ws)
	_, writes := fill(ws, head, ledger.Commit{Origin: 9}, ledger.Writes{})
	answer := make(chan bool, 1)
	go func() {
		got, err := asker.Outcome(t.Context(), ws, 3, 9)
		answer <- got && err == nil
	}()
	select {
	case <-answer:
		t.Error("the outcome was told while the transaction was open")
	case <-time.After(100 * time.Millisecond):
	}
	w.ok(txn.Commit(t.Context(), []ledger.Writes{writes}))
	if !<-answer {
		t.Error("the outcome of what happened is false")
	}
}

func changed(t *testing.T, w *world) {
	ws := w.workspace()
	listener := w.another()
	time.Sleep(200 * time.Millisecond)
	for round := range 3 {
		select { // what was told for its start, or late
		case <-listener.Changed():
		case <-time.After(100 * time.Millisecond):
		}
		started := time.Now()
		w.write(ws, ledger.Commit{}, ledger.Writes{})
		select {
		case <-listener.Changed():
			t.Logf("told after %v", time.Since(started).Round(time.Microsecond))
		case <-time.After(2 * time.Second):
			t.Fatalf("round %d: another process is not told of a commit", round)
		}
	}
}

// contention has two processes write to one workspace as fast as they can.
func contention(t *testing.T, w *world) {
	const each = 100
	ws := w.workspace()
	stores := []ledger.Store{w.Store, w.another()}
	failed := make(chan error, len(stores))
	for who, s := range stores {
		go func() {
			failed <- func() error {
				for n := range each {
					txn, heads, err := s.Begin(t.Context(), []ledger.ID{ws})
					if err != nil {
						return err
					}
					head := heads[ws]
					d := doc(1, 1, fmt.Sprintf(`{"n": %d}`, head.Seq+1))
					d.Meta.Version = int64(head.Seq) + 1
					c := ledger.Commit{Origin: int64(who*each + n), Verb: fmt.Sprint(who), Entries: []ledger.Entry{entry(1)}}
					_, writes := fill(ws, head, c, ledger.Writes{Docs: []ledger.Doc{d}})
					if head.Counters == nil {
						head.Counters = map[string]int64{}
					}
					head.Counters["K"]++
					writes.Head.Counters = head.Counters
					if err := txn.Commit(t.Context(), []ledger.Writes{writes}); err != nil {
						return err
					}
				}
				return nil
			}()
		}()
	}
	for range stores {
		w.ok(<-failed)
	}
	all, head := w.load(w.Store, ws)
	if head.Seq != 2*each || head.Counters["K"] != 2*each || all[0].Meta.Version != 2*each {
		t.Errorf("at %d, counter %d, version %d; want %d of each", head.Seq, head.Counters["K"], all[0].Meta.Version, 2*each)
	}
	by := map[string]int{}
	for i, c := range w.commits(ws, ledger.CommitQuery{}) {
		if c.Seq != ledger.Seq(i+1) {
			t.Fatalf("commit %d in place %d", c.Seq, i)
		}
		by[c.Verb]++
	}
	if by["0"] != each || by["1"] != each {
		t.Errorf("commits by process: %v", by)
	}
}

// cancelled holds that a context that ends frees the caller, and a lock that is waited
// for with it.
func cancelled(t *testing.T, w *world) {
	ws := w.workspace()
	other := w.another()
	txn, head := w.begin(w.Store, ws)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	started := time.Now()
	if second, _, err := other.Begin(ctx, []ledger.ID{ws}); err == nil {
		second.Rollback()
		t.Error("two transactions hold one lock")
	}
	if took := time.Since(started); took > 3*time.Second {
		t.Errorf("a caller whose time is up waited %v", took)
	}
	_, writes := fill(ws, head, ledger.Commit{}, ledger.Writes{})
	w.ok(txn.Commit(t.Context(), []ledger.Writes{writes}))
	w.write(ws, ledger.Commit{}, ledger.Writes{})
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.Heads(gone, []ledger.ID{ws}); !errors.Is(err, context.Canceled) {
		t.Errorf("heads in a context that has ended: %v", err)
	}
	for _, err := range w.Commits(gone, ws, ledger.CommitQuery{}) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("commits in a context that has ended: %v", err)
		}
	}
}

func closeTwice(t *testing.T, w *world) {
	s := w.another()
	w.ok(s.Close())
	w.ok(s.Close())
	if _, err := s.Heads(t.Context(), []ledger.ID{id(1)}); err == nil {
		t.Error("a closed store answers")
	}
}
