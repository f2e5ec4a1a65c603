package ledger_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/ledger"
	lt "github.com/throughline-pm/throughline/internal/ledger/ledgertest"
)

var update = flag.Bool("update", false, "write the golden files of the current release anew")

// goldenDoc is a stored document with everything that the kernel keeps beside it.
type goldenDoc struct {
	Kind                 string          `json:"kind"`
	ID                   ledger.ID       `json:"id"`
	Version              int64           `json:"version"`
	Born                 ledger.Seq      `json:"born"`
	CreatedAt, UpdatedAt ledger.Time     `json:",omitzero"`
	CreatedBy, UpdatedBy ledger.ID       `json:",omitzero"`
	Schema               int             `json:"schema"`
	JSON                 json.RawMessage `json:"doc,omitzero"`
}

// goldenFile is a workspace as one release stored it, free of the engine's tables.
type goldenFile struct {
	Head    ledger.Head       `json:"head"`
	Docs    []goldenDoc       `json:"docs"`
	Commits []ledger.Commit   `json:"commits"`
	Blobs   map[string]string `json:"blobs"`
	ID      ledger.ID         `json:"workspace"`
}

// TestGoldenWorkspace reads what release 1 stored: its documents, its journal and its
// past must mean today what they meant then. The folder is kept for ever; a new release
// adds one.
func TestGoldenWorkspace(t *testing.T) {
	dir := filepath.Join("testdata", "golden", "v1")
	if *update {
		writeGolden(t, dir)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "stored.json"))
	if err != nil {
		t.Fatal(err)
	}
	lt.Each(t, func(t *testing.T, open func() ledger.Store) {
		var g goldenFile
		if err := json.Unmarshal(raw, &g); err != nil {
			t.Fatal(err)
		}
		restore(t, open(), g)
		clock := lt.NewClock()
		l := lt.Open(t, open(), ledger.Options{Clock: clock.Now})
		if n, err := l.Verify(t.Context(), g.ID); err != nil || n != len(g.Commits) {
			t.Errorf("%d of %d commits, %v", n, len(g.Commits), err)
		}
		v, err := l.At(t.Context(), g.ID, lt.Ann, 0)
		if err != nil {
			t.Fatal(err)
		}
		docs := docCache{}
		var out bytes.Buffer
		if err := l.ExportJournal(t.Context(), g.ID, &out); err != nil {
			t.Fatal(err)
		}
		compare(t, filepath.Join(dir, "documents.txt"), docs.dump(v).String()+"\n")
		compare(t, filepath.Join(dir, "journal.jsonl"), out.String())
		lines := journal(t, out.Bytes())
		for seq := range v.Seq() + 1 {
			past, err := l.AsOf(t.Context(), g.ID, lt.Ann, ledger.AtSeq(seq))
			if err != nil {
				t.Fatal(err)
			}
			if d := differ(docs.dump(past), fold(t, lines, upTo(seq))); d != "" {
				t.Errorf("position %d: %s", seq, d)
			}
		}
		for h := range lt.Hooks.All(v) {
			if s, err := l.Reveal(h.Token); err != nil || !strings.HasPrefix(s, "hunter") {
				t.Errorf("a secret: %q, %v", s, err)
			}
		}
		for f := range lt.Features.All(v) {
			if s, err := ledger.Text(t.Context(), v, f.Description); err != nil || len(s) != f.Description.Len() {
				t.Errorf("a text of %d bytes has %d, %v", f.Description.Len(), len(s), err)
			}
		}
	})
}

// restore puts a workspace into an empty store, through the contract of stores alone.
func restore(t *testing.T, s ledger.Store, g goldenFile) {
	t.Helper()
	defer s.Close()
	if err := s.CreateWorkspace(t.Context(), ledger.WorkspaceRow{ID: g.ID, Slug: "golden"}); err != nil {
		t.Fatal(err)
	}
	txn, _, err := s.Begin(t.Context(), []ledger.ID{g.ID})
	if err != nil {
		t.Fatal(err)
	}
	w := ledger.Writes{Workspace: g.ID, Head: g.Head, Commits: g.Commits}
	for i := range w.Commits {
		w.Commits[i].Workspace = g.ID
	}
	for _, d := range g.Docs {
		m := ledger.Meta{ID: d.ID, Version: d.Version, Born: d.Born, CreatedAt: d.CreatedAt, UpdatedAt: d.UpdatedAt, CreatedBy: d.CreatedBy, UpdatedBy: d.UpdatedBy}
		w.Docs = append(w.Docs, ledger.Doc{Kind: d.Kind, Meta: m, Schema: d.Schema, JSON: d.JSON})
	}
	for hash, body := range g.Blobs {
		w.Blobs = append(w.Blobs, ledger.Blob{Hash: hash, Body: []byte(body)})
	}
	if err := txn.Commit(t.Context(), []ledger.Writes{w}); err != nil {
		t.Fatal(err)
	}
}

// writeGolden stores a workspace with a bit of everything but imports, whose pending
// documents are the store's own business.
func writeGolden(t *testing.T, dir string) {
	open := lt.Engines[0].Open(t)
	x := newArena(t, open)
	s := newSim(t, x.a, x.clock, "golden", 18)
	s.setUp()
	for range 8 {
		x.clock.Add(time.Minute)
		s.update()
	}
	if _, err := s.l.Update(t.Context(), s.ws, lt.Bob, "describe", func(tx *ledger.Tx) error {
		body := strings.Repeat("a text that is kept beside its document\n", 30)
		ref := tx.Text(body)
		s.long[ref] = body
		_, err := lt.Features.Create(tx, lt.Feature{Meta: ledger.Meta{ID: s.newID("feature")}, Title: "long", Description: ref})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	p := s.newID("proposal")
	if _, err := s.l.Update(t.Context(), s.ws, lt.Ann, "propose", func(tx *ledger.Tx) error {
		_, err := ledger.Proposals.Create(tx, ledger.Proposal{Meta: ledger.Meta{ID: p}, Title: "p", State: ledger.ProposalOpen})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		s.update(ledger.In(p))
	}
	for range 4 {
		s.undoAndRedo()
	}
	store := open()
	defer store.Close()
	g := goldenFile{ID: s.ws, Blobs: map[string]string{}}
	var err error
	if g.Head, err = store.Load(t.Context(), s.ws, func(docs []ledger.Doc) error {
		for _, d := range docs {
			g.Docs = append(g.Docs, goldenDoc{
				d.Kind, d.Meta.ID, d.Meta.Version, d.Meta.Born, d.Meta.CreatedAt, d.Meta.UpdatedAt, d.Meta.CreatedBy, d.Meta.UpdatedBy,
				d.Schema, bytes.Clone(d.JSON),
			})
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for c, err := range store.Commits(t.Context(), s.ws, ledger.CommitQuery{}) {
		if err != nil {
			t.Fatal(err)
		}
		g.Commits = append(g.Commits, c)
	}
	var texts struct {
		Hash string `json:"sha256"`
	}
	for ref, body := range s.long {
		raw, err := json.Marshal(ref)
		if err != nil {
			t.Fatal(err)
		}
		if _, inline := ref.Inline(); inline {
			continue
		}
		if err := json.Unmarshal(raw, &texts); err != nil {
			t.Fatal(err)
		}
		g.Blobs[texts.Hash] = body
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(g); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "stored.json"), out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func compare(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; got\n%s", path, got)
	}
}
