//go:build linux

package torturetest

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/throughline-pm/throughline/internal/ledger"
	lt "github.com/throughline-pm/throughline/internal/ledger/ledgertest"
)

// books is what an audit found in a database.
type books struct {
	head     ledger.Seq
	features map[string]*lt.Feature // by title
	docs     map[string]string      // every document by kind and identifier
}

// audit opens a database that nobody else writes to and checks all that must hold
// whatever happened before: the file is sound, the journal is whole, its fold is what
// the entities say, keys are consecutive, and no commit is there by half.
func audit(t testing.TB, dsn string, later time.Duration) *books {
	t.Helper()
	ctx := t.Context()
	if isPostgres(dsn) {
		awaitQuiet(t, dsn)
	} else {
		checkFile(t, dsn)
	}
	store, err := openStore(ctx, dsn)
	if err != nil {
		t.Fatalf("audit: %v", err)
	}
	l, err := ledger.Open(ctx, store, options(later))
	if err != nil {
		t.Fatalf("audit: %v", err)
	}
	defer func() {
		if err := l.Close(); err != nil {
			t.Errorf("audit: close: %v", err)
		}
	}()
	return inspect(t, l, store)
}

// inspect is the audit of an open ledger that is not written to.
func inspect(t testing.TB, l *ledger.Ledger, store ledger.Store) *books {
	t.Helper()
	ctx := t.Context()
	w, err := find(ctx, l)
	if err != nil {
		t.Fatalf("audit: %v", err)
	}
	s, err := l.At(ctx, w.ws, lt.Ann, 0)
	if err != nil {
		t.Fatalf("audit: %v", err)
	}
	n, err := l.Verify(ctx, w.ws)
	if err != nil {
		t.Fatalf("audit: after %d commits: %v", n, err)
	}
	if ledger.Seq(n) != s.Seq() {
		t.Fatalf("audit: %d commits, the newest position is %d", n, s.Seq())
	}
	if open, err := store.Batches(ctx, ledger.BatchOpen); err != nil || len(open) > 0 {
		t.Errorf("audit: imports %v stay open, %v", open, err)
	}
	b := &books{head: s.Seq(), features: map[string]*lt.Feature{}, docs: map[string]string{}}
	live := checkFold(t, ctx, l, store, w.ws, b)
	checkMemory(t, s, live)
	checkFeatures(t, ctx, s, b)
	if t.Failed() {
		t.FailNow()
	}
	return b
}

// awaitQuiet waits until the server has noticed that its clients are gone: until then it
// may still commit what they sent last.
func awaitQuiet(t testing.TB, dsn string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatalf("audit: %v", err)
	}
	defer conn.Close(t.Context())
	for late := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		var n int
		if err := conn.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`).Scan(&n); err != nil {
			t.Fatalf("audit: %v", err)
		}
		if n == 0 {
			return
		}
		if time.Now().After(late) {
			t.Fatalf("audit: %d others are still at the database", n)
		}
	}
}

func checkFile(t testing.TB, path string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var verdict string
	if err := db.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		t.Fatalf("audit: integrity_check says %q, %v", verdict, err)
	}
}

// folded is an entity as the journal tells it.
type folded struct {
	fields  map[string]any
	version int64
	deleted bool
}

// checkFold replays the exported journal, by code that is not the kernel's, and compares
// the outcome with the stored documents, of which it returns the live ones.
func checkFold(t testing.TB, ctx context.Context, l *ledger.Ledger, store ledger.Store, ws ledger.ID, b *books) (live map[ledger.ID]stored) {
	t.Helper()
	live = map[ledger.ID]stored{}
	var out bytes.Buffer
	if err := l.ExportJournal(ctx, ws, &out); err != nil {
		t.Fatalf("audit: %v", err)
	}
	told := map[string]*folded{}
	lines := bufio.NewScanner(&out)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var c ledger.ExportedCommit
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatalf("audit: %v", err)
		}
		for _, e := range c.Entries {
			at := e.Kind + " " + e.ID.String()
			f := told[at]
			if f == nil {
				f = &folded{deleted: true}
				told[at] = f
			}
			if wants := e.Op == ledger.OpCreate; wants != f.deleted {
				t.Errorf("audit: commit %d: %s of %s, deleted: %t", c.Seq, e.Op, at, f.deleted)
			}
			f.version++
			f.deleted = e.Op == ledger.OpDelete
			if e.Op != ledger.OpEdit {
				f.fields = map[string]any{}
			}
			if f.deleted {
				continue
			}
			for _, ch := range e.Changes {
				if was := value(t, ch.Old); !reflect.DeepEqual(was, f.fields[ch.Field]) {
					t.Errorf("audit: commit %d: %s of %s was %v, not %v", c.Seq, ch.Field, at, f.fields[ch.Field], was)
				}
				if v := value(t, ch.New); v != nil {
					f.fields[ch.Field] = v
				} else {
					delete(f.fields, ch.Field)
				}
			}
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	head, err := store.Load(ctx, ws, func(docs []ledger.Doc) error {
		for _, d := range docs {
			at := d.Kind + " " + d.Meta.ID.String()
			f := told[at]
			if f == nil {
				t.Errorf("audit: %s stands in no journal", at)
				continue
			}
			delete(told, at)
			b.docs[at] = fmt.Sprintf("%d %s", d.Meta.Version, d.JSON)
			if f.version != d.Meta.Version || f.deleted != (d.JSON == nil) {
				t.Errorf("audit: %s has version %d and %t, the journal says %d and %t", at, d.Meta.Version, d.JSON == nil, f.version, f.deleted)
			}
			if d.JSON == nil {
				continue
			}
			have := map[string]any{}
			if err := json.Unmarshal(d.JSON, &have); err != nil {
				t.Errorf("audit: %s: %v", at, err)
			}
			if !reflect.DeepEqual(have, f.fields) {
				t.Errorf("audit: %s is %v, the journal says %v", at, have, f.fields)
			}
			live[d.Meta.ID] = stored{d.Meta.Version, d.Meta.Born, have}
		}
		return nil
	})
	if err != nil || head.Seq != b.head {
		t.Errorf("audit: documents of position %d, want %d: %v", head.Seq, b.head, err)
	}
	if len(told) > 0 {
		t.Errorf("audit: %d entities stand in the journal only, like %v", len(told), slices.Collect(maps.Keys(told))[0])
	}
	return live
}

// stored is an entity as the database has it.
type stored struct {
	version int64
	born    ledger.Seq
	fields  map[string]any
}

// checkMemory compares what a ledger holds in memory with what is stored.
func checkMemory(t testing.TB, s *ledger.Snapshot, live map[ledger.ID]stored) {
	t.Helper()
	for _, e := range entities(s) {
		m := ledger.MetaOf(e)
		have := stored{m.Version, m.Born, map[string]any{}}
		if err := json.Unmarshal([]byte(lt.Document(e)), &have.fields); err != nil {
			t.Errorf("audit: %s: %v", m.ID, err)
		}
		if want, ok := live[m.ID]; !ok || !reflect.DeepEqual(have, want) {
			t.Errorf("audit: %s is %v in memory, %v in the database", m.ID, have, want)
		}
		delete(live, m.ID)
	}
	if len(live) > 0 {
		t.Errorf("audit: %d entities are not in memory, like %v", len(live), slices.Collect(maps.Keys(live))[0])
	}
}

// entities returns all that the tests make, by kind in canonical order.
func entities(s *ledger.Snapshot) (all []ledger.Entity) {
	for e := range lt.Products.All(s) {
		all = append(all, e)
	}
	for e := range lt.Features.All(s) {
		all = append(all, e)
	}
	for e := range lt.Comments.All(s) {
		all = append(all, e)
	}
	for e := range lt.Metrics.All(s) {
		all = append(all, e)
	}
	for e := range ledger.Proposals.All(s) {
		all = append(all, e)
	}
	return all
}

func value(t testing.TB, raw json.RawMessage) (v any) {
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &v); err != nil {
			t.Errorf("audit: %v", err)
		}
	}
	return v
}

// checkFeatures checks keys and the parts of every write.
func checkFeatures(t testing.TB, ctx context.Context, s *ledger.Snapshot, b *books) {
	t.Helper()
	prefixes := map[ledger.ID]string{}
	for p := range lt.Products.All(s) {
		prefixes[p.ID] = p.Prefix
	}
	comments := map[ledger.ID]*lt.Comment{}
	for c := range lt.Comments.All(s) {
		if comments[c.On.ID] != nil {
			t.Errorf("audit: two comments on %s", c.On.ID)
		}
		comments[c.On.ID] = c
	}
	numbers, highest := map[string]int{}, map[string]int{}
	keys := map[string]bool{}
	groups := map[string]int{} // entities by import or proposal
	wrote := 0
	for f := range lt.Features.All(s) {
		if b.features[f.Title] != nil {
			t.Errorf("audit: %s is there twice", f.Title)
		}
		b.features[f.Title] = f
		prefix := prefixes[f.Product.ID()]
		numbers[prefix]++
		if keys[f.Key] {
			t.Errorf("audit: the key %s was given twice", f.Key)
		}
		keys[f.Key] = true
		number := 0
		if _, err := fmt.Sscanf(f.Key, prefix+"-%d", &number); err != nil {
			t.Errorf("audit: %s has the key %s: %v", f.Title, f.Key, err)
		}
		highest[prefix] = max(highest[prefix], number)
		if prefix == written && number != numbers[prefix] {
			t.Errorf("audit: %s has the key %s, want the number %d", f.Title, f.Key, numbers[prefix])
		}
		if prefix != written {
			groups[f.Title[:strings.LastIndexByte(f.Title, '/')]]++
			continue
		}
		wrote++
		c := comments[f.ID]
		if c == nil || c.Born != f.Born {
			t.Errorf("audit: %s is there by half: comment %+v", f.Title, c)
			continue
		}
		var n int
		if _, err := fmt.Sscanf(f.Title[strings.LastIndexByte(f.Title, '/'):], "/%d", &n); err != nil {
			t.Errorf("audit: title %q: %v", f.Title, err)
		}
		if text, err := ledger.Text(ctx, s, c.Body); err != nil || text != body(f.Title, n) {
			t.Errorf("audit: the comment on %s is %q, %v", f.Title, text, err)
		}
	}
	// one commit may give several, in another order than that of identifiers; a dropped
	// import leaves its numbers unused
	if numbers[proposed] != highest[proposed] {
		t.Errorf("audit: %d features of proposals have keys up to %d", numbers[proposed], highest[proposed])
	}
	for name, n := range groups {
		want := proposalSize
		switch {
		case strings.Contains(name, ".im/"):
			want = importSize
		case strings.Contains(name, ".is/"):
			want = smallImport
		}
		if n != want {
			t.Errorf("audit: of %s %d of %d entities are there", name, n, want)
		}
	}
	for m := range lt.Metrics.All(s) {
		if m.Name == "tally" && m.Goal != float64(wrote) {
			t.Errorf("audit: %d features were written, the tally says %v", wrote, m.Goal)
		}
	}
	if len(comments) != wrote {
		t.Errorf("audit: %d comments on %d features", len(comments), wrote)
	}
}

// compare checks what children were told against what is there. The last write of a
// killed writer may be there or not.
func (b *books) compare(t testing.TB, said []line) {
	t.Helper()
	acked := map[string]int{} // highest acknowledged number by writer
	for _, l := range said {
		switch l.Kind {
		case "ack":
			f := b.features[l.title()]
			if f == nil {
				t.Errorf("%s was acknowledged at %d and is lost", l.title(), l.Seq)
				continue
			}
			if f.ID != l.ID || f.Born != l.Seq || (l.Key != "" && f.Key != l.Key) {
				t.Errorf("%s was acknowledged as %s %s at %d, it is %s %s at %d", l.title(), l.ID, l.Key, l.Seq, f.ID, f.Key, f.Born)
			}
			acked[l.Writer] = l.N
		case "import", "merge":
			if b.features[l.title()+"/0"] == nil {
				t.Errorf("%s was acknowledged at %d and is lost", l.title(), l.Seq)
			}
			acked[l.Writer] = l.N
		case "err":
			if l.N == 0 {
				t.Errorf("%s: %s", l.Writer, l.Text)
				continue
			}
			if (b.features[l.title()] != nil || b.features[l.title()+"/0"] != nil) && !l.Unsure {
				t.Errorf("%s was answered %q and is there", l.title(), l.Text)
			}
			acked[l.Writer] = l.N
		}
	}
	// what nobody was told of is at most one write a writer
	for title := range b.features {
		by, _, _ := strings.Cut(title, "/")
		var n int
		if _, err := fmt.Sscanf(title[len(by):], "/%d", &n); err != nil {
			t.Fatalf("title %q: %v", title, err)
		}
		if told, ok := acked[by]; ok && n > told+1 {
			t.Errorf("%s is there, but its writer was answered up to %d only", title, told)
		}
	}
	if b.features["never/1"] != nil {
		t.Error("a refused write is there")
	}
	if t.Failed() {
		t.FailNow()
	}
}
