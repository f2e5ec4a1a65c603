// Package storetest holds what every storage engine of the ledger promises, as tests: an
// engine that passes Run may be given to the kernel.
package storetest

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/throughline-pm/throughline/internal/ledger"
)

// Run tests an engine. open makes a new, empty database and returns a function that opens
// a Store on it, as often as a test has processes.
func Run(t *testing.T, open func(t *testing.T) func() ledger.Store) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, *world)
	}{
		{"workspaces", workspaces},
		{"removing a workspace", removeWorkspace},
		{"begin", begin},
		{"rollback", rollback},
		{"heads", heads},
		{"outcome", outcome},
		{"documents", documents},
		{"kinds", kinds},
		{"load blocks", loadBlocks},
		{"load stops at an error", loadStops},
		{"imports", imports},
		{"several workspaces in one commit", severalWorkspaces},
		{"commits keep every byte", commitsExact},
		{"commit queries", commitQueries},
		{"long commits", longCommits},
		{"abandoned readers", abandonedReaders},
		{"reading while writing", readWhileWriting},
		{"blobs", blobs},
		{"due", due},
		{"leases", leases},
		{"cursors", cursors},
		{"text index", textIndex},
		{"text index takes odd words", oddWords},
		{"refused values", refusedValues},
		{"migrations of records", recordMigrations},
		{"a failing migration of records", recordMigrationFails},
		{"records", records},
		{"counting in records", countInRecords},
		{"records beside commits", recordsBesideCommits},
		{"records outlive the process", recordsReopened},
		{"changed", changed},
		{"contention", contention},
		{"views", views},
		{"reopening", reopening},
		{"cancelled context", cancelled},
		{"closing twice", closeTwice},
	} {
		t.Run(test.name, func(t *testing.T) {
			another := open(t)
			w := &world{t: t, another: func() ledger.Store {
				s := another()
				t.Cleanup(func() { s.Close() })
				return s
			}}
			w.Store = w.another()
			test.run(t, w)
		})
	}
}

// world is a new database and the Store of the first process on it.
type world struct {
	ledger.Store
	t       *testing.T
	another func() ledger.Store
	made    int
}

// id makes the n-th identifier. They ascend with n.
func id(n int) ledger.ID {
	return ledger.ID{0: 1, 6: 0x70, 8: 0x80, 13: byte(n >> 16), 14: byte(n >> 8), 15: byte(n)}
}

var (
	ann = id(0x0a0001)
	bob = id(0x0a0002)
)

// workspace makes a workspace.
func (w *world) workspace() ledger.ID {
	w.t.Helper()
	w.made++
	ws := id(0x0b0000 + w.made)
	w.ok(w.CreateWorkspace(w.t.Context(), ledger.WorkspaceRow{ID: ws, Slug: fmt.Sprintf("workspace-%d", w.made)}))
	return ws
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// begin starts a transaction on one workspace.
func (w *world) begin(s ledger.Store, ws ledger.ID) (ledger.Txn, ledger.Head) {
	w.t.Helper()
	txn, heads, err := s.Begin(w.t.Context(), []ledger.ID{ws})
	w.ok(err)
	return txn, heads[ws]
}

// write commits one commit, filled up with what a commit must have, and what else is in
// writes.
func (w *world) write(ws ledger.ID, c ledger.Commit, rest ledger.Writes) ledger.Commit {
	w.t.Helper()
	txn, head := w.begin(w.Store, ws)
	c, rest = fill(ws, head, c, rest)
	w.ok(txn.Commit(w.t.Context(), []ledger.Writes{rest}))
	return c
}

// fill makes c the commit that follows head, and rest the writes that hold it.
func fill(ws ledger.ID, head ledger.Head, c ledger.Commit, rest ledger.Writes) (ledger.Commit, ledger.Writes) {
	c.Workspace, c.Seq = ws, head.Seq+1
	if c.At == 0 {
		c.At = head.LastAt + 1
	}
	if c.Actor.ID.IsZero() {
		c.Actor.ID = ann
	}
	if c.Verb == "" {
		c.Verb = "test"
	}
	for i := range c.Salt {
		c.Salt[i] = byte(int(c.Seq) + i)
	}
	copy(c.Digest[:], bytes.Repeat([]byte{byte(c.Seq), 0}, 16))
	copy(c.Hash[:], bytes.Repeat([]byte{byte(c.Seq), 255}, 16))
	for i := range c.Entries {
		c.Entries[i].N = i
		if c.Entries[i].At == 0 {
			c.Entries[i].At = c.At
		}
		if c.Entries[i].Schema == 0 {
			c.Entries[i].Schema = 1
		}
	}
	rest.Workspace = ws
	rest.Commits = append(rest.Commits, c)
	rest.Head = head
	rest.Head.Seq, rest.Head.LastAt, rest.Head.Hash = c.Seq, c.At, c.Hash
	return c, rest
}

// doc is a live document of the kind "thing".
func doc(n int, born ledger.Seq, json string) ledger.Doc {
	return ledger.Doc{
		Kind: "thing",
		Meta: ledger.Meta{
			ID: id(n), Version: 1, Born: born,
			CreatedAt: 100, CreatedBy: ann, UpdatedAt: 200, UpdatedBy: bob,
		},
		Schema: 1,
		JSON:   []byte(json),
	}
}

// entry is an entry about that document.
func entry(n int) ledger.Entry {
	return ledger.Entry{
		Op: ledger.OpEdit, Kind: "thing", ID: id(n), WasAt: 3, WasBy: bob,
		Changes: ledger.Changes{{Field: "title", Old: []byte(`"a"`), New: []byte(`"b"`)}},
	}
}

// load returns everything that Load delivers, in canonical order.
func (w *world) load(s ledger.Store, ws ledger.ID) ([]ledger.Doc, ledger.Head) {
	w.t.Helper()
	var all []ledger.Doc
	head, err := s.Load(w.t.Context(), ws, func(block []ledger.Doc) error {
		all = append(all, block...)
		return nil
	})
	w.ok(err)
	sortDocs(all)
	return all, head
}

// sortDocs brings documents into the order of their kinds, births and identifiers.
func sortDocs(docs []ledger.Doc) {
	slices.SortFunc(docs, func(a, b ledger.Doc) int {
		return cmp.Or(
			strings.Compare(a.Kind, b.Kind), cmp.Compare(a.Meta.Born, b.Meta.Born), bytes.Compare(a.Meta.ID[:], b.Meta.ID[:]),
		)
	})
}

// commits returns what a query yields.
func (w *world) commits(ws ledger.ID, q ledger.CommitQuery) []ledger.Commit {
	w.t.Helper()
	var all []ledger.Commit
	for c, err := range w.Commits(w.t.Context(), ws, q) {
		w.ok(err)
		all = append(all, c)
	}
	return all
}

// places lists documents as kind/number@born.
func places(docs []ledger.Doc) []string {
	out := []string{}
	for _, d := range docs {
		n := int(d.Meta.ID[13])<<16 | int(d.Meta.ID[14])<<8 | int(d.Meta.ID[15])
		out = append(out, fmt.Sprintf("%s/%d@%d", d.Kind, n, d.Meta.Born))
	}
	return out
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	// What these keep to themselves serves the kernel in memory.
	if diff := gocmp.Diff(want, got, cmpopts.IgnoreUnexported(ledger.Meta{}, ledger.Entry{})); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}
