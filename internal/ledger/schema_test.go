package ledger_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/throughline-pm/throughline/internal/ledger"
	lt "github.com/throughline-pm/throughline/internal/ledger/ledgertest"
	"github.com/throughline-pm/throughline/internal/ledger/postgres"
	"github.com/throughline-pm/throughline/internal/ledger/postgres/pgtest"
	"github.com/throughline-pm/throughline/internal/ledger/sqlite"
)

// Two releases of a program know one kind in two ways. The newer one has renamed a
// field, made a number of a text and added fields, in a nested object too.
type (
	goalV1 struct {
		ledger.Meta
		Name   string `json:"name,omitzero"`
		Effort string `json:"effort,omitzero"`
		Where  spotV1 `json:"where,omitzero"`
	}
	spotV1 struct {
		X int `json:"x,omitzero"`
	}
	goalV2 struct {
		ledger.Meta
		Title string            `json:"title,omitzero"`
		Days  int               `json:"days,omitzero"`
		Where spotV2            `json:"where,omitzero"`
		More  map[string]string `json:"more,omitzero"`
	}
	spotV2 struct {
		X    int    `json:"x,omitzero"`
		Z    int    `json:"z,omitzero"`
		Deep deepV2 `json:"deep,omitzero"`
	}
	deepV2 struct {
		Q string `json:"q,omitzero"`
	}
	// goalOld is schema 2 without the fields that came with it: a binary that was built
	// before them but writes the same number.
	goalOld struct {
		ledger.Meta
		Title string  `json:"title,omitzero"`
		Where spotOld `json:"where,omitzero"`
	}
	spotOld struct {
		X    int     `json:"x,omitzero"`
		Deep deepOld `json:"deep,omitzero"`
	}
	deepOld struct {
		P string `json:"p,omitzero"`
	}
)

func upcastGoal(doc map[string]json.RawMessage) error {
	if v, ok := doc["name"]; ok {
		doc["title"] = v
		delete(doc, "name")
	}
	if v, ok := doc["effort"]; ok {
		delete(doc, "effort")
		var text string
		if err := json.Unmarshal(v, &text); err != nil || text == "" {
			return err
		}
		doc["days"] = json.RawMessage(strings.TrimSuffix(text, " days"))
	}
	return nil
}

var (
	goalsV1  = ledger.NewKind[goalV1]("goal")
	goalsV2  = ledger.NewKind("goal", ledger.Schema[goalV2](2, upcastGoal))
	goalsOld = ledger.NewKind("goal", ledger.Schema[goalOld](2, func(map[string]json.RawMessage) error { return nil }))
)

func TestOlderDocumentsAndJournalsAreBroughtForward(t *testing.T) {
	lt.Each(t, func(t *testing.T, open func() ledger.Store) {
		w := newWorld(t, open, ledger.Options{Registry: ledger.NewRegistry(goalsV1)})
		var id, deleted ledger.ID
		made := w.do(lt.Ann, "make", func(tx *ledger.Tx) (err error) {
			if deleted, err = goalsV1.Create(tx, goalV1{Name: "gone", Effort: "9 days"}); err != nil {
				return err
			}
			id, err = goalsV1.Create(tx, goalV1{Name: "one", Effort: "3 days", Where: spotV1{X: 1}})
			return err
		})
		old := w.do(lt.Ann, "edit", func(tx *ledger.Tx) error {
			return goalsV1.Edit(tx, id, func(g *goalV1) error { g.Name, g.Effort = "two", "5 days"; return nil })
		})
		away := w.do(lt.Ann, "delete", func(tx *ledger.Tx) error { return goalsV1.Delete(tx, deleted) })
		newer := lt.Open(t, w.open(), ledger.Options{Registry: ledger.NewRegistry(goalsV2), Clock: w.clock.Now})
		look := func(m ledger.Moment) *goalV2 {
			t.Helper()
			v, err := newer.AsOf(t.Context(), w.ws, lt.Ann, m)
			if err != nil {
				t.Fatal(err)
			}
			g, ok := goalsV2.Get(v, id)
			if !ok {
				t.Fatal("no goal")
			}
			return g
		}
		if g := look(ledger.AtSeq(away)); g.Title != "two" || g.Days != 5 || g.Where.X != 1 {
			t.Errorf("now: %s", lt.Document(g))
		}
		if _, err := newer.Update(t.Context(), w.ws, lt.Ann, "edit", func(tx *ledger.Tx) error {
			return goalsV2.Edit(tx, id, func(g *goalV2) error { g.Title, g.Days, g.Where.Z = "three", 8, 4; return nil })
		}); err != nil {
			t.Fatal(err)
		}
		if g := look(ledger.AtSeq(made)); g.Title != "one" || g.Days != 3 || g.Where.Z != 0 {
			t.Errorf("through old and new entries: %s", lt.Document(g))
		}
		if g := look(ledger.AtSeq(old)); g.Title != "two" || g.Days != 5 {
			t.Errorf("before the new entry: %s", lt.Document(g))
		}
		u, err := newer.Undo(t.Context(), w.ws, lt.Ann, old, ledger.Settlement{Otherwise: ledger.TakeYours})
		if err != nil || len(u.Kept) > 0 {
			t.Fatalf("undo of an old entry: %+v, %v", u, err)
		}
		if _, err := newer.Undo(t.Context(), w.ws, lt.Ann, away, ledger.Settlement{}); err != nil {
			t.Fatal(err)
		}
		v, err := newer.At(t.Context(), w.ws, lt.Ann, 0)
		if err != nil {
			t.Fatal(err)
		}
		if g, _ := goalsV2.Get(v, id); g.Title != "one" || g.Days != 3 || g.Where.Z != 4 {
			t.Errorf("undone: %s", lt.Document(g))
		}
		if g, ok := goalsV2.Get(v, deleted); !ok || g.Title != "gone" || g.Days != 9 {
			t.Errorf("brought back: %v", g)
		}
	})
}

func TestUnknownFieldsSurviveAnOlderBinary(t *testing.T) {
	lt.Each(t, func(t *testing.T, open func() ledger.Store) {
		w := newWorld(t, open, ledger.Options{Registry: ledger.NewRegistry(goalsV2)})
		var id ledger.ID
		w.do(lt.Ann, "make", func(tx *ledger.Tx) (err error) {
			id, err = goalsV2.Create(tx, goalV2{Title: "one", Days: 3, Where: spotV2{X: 1, Z: 2, Deep: deepV2{Q: "q"}}, More: map[string]string{"a": "b"}})
			return err
		})
		made := w.now().Seq()
		older := lt.Open(t, w.open(), ledger.Options{Registry: ledger.NewRegistry(goalsOld), Clock: w.clock.Now})
		var seqs []ledger.Seq
		change := func(fn func(g *goalOld)) {
			t.Helper()
			w.clock.Add(time.Second)
			seq, err := older.Update(t.Context(), w.ws, lt.Ann, "edit", func(tx *ledger.Tx) error {
				return goalsOld.Edit(tx, id, func(g *goalOld) error { fn(g); return nil })
			})
			if err != nil {
				t.Fatal(err)
			}
			seqs = append(seqs, seq)
		}
		check := func(what, want string) {
			t.Helper()
			v, err := w.At(t.Context(), w.ws, lt.Ann, seqs[len(seqs)-1])
			if err != nil {
				t.Fatal(err)
			}
			if g, ok := goalsV2.Get(v, id); !ok || lt.Document(g) != want {
				t.Errorf("%s: %v, want %s", what, g, want)
			}
			fresh := lt.Open(t, w.open(), ledger.Options{Registry: ledger.NewRegistry(goalsV2), Clock: w.clock.Now})
			if v, err = fresh.At(t.Context(), w.ws, lt.Ann, 0); err != nil {
				t.Fatal(err)
			}
			if g, ok := goalsV2.Get(v, id); !ok || lt.Document(g) != want {
				t.Errorf("%s, read anew: %v, want %s", what, g, want)
			}
		}
		change(func(g *goalOld) { g.Title = "two" })
		check("an edit beside", `{"title":"two","days":3,"where":{"x":1,"z":2,"deep":{"q":"q"}},"more":{"a":"b"}}`)
		change(func(g *goalOld) { g.Where.X = 9 })
		check("an edit of the object", `{"title":"two","days":3,"where":{"x":9,"z":2,"deep":{"q":"q"}},"more":{"a":"b"}}`)
		for _, seq := range []ledger.Seq{seqs[1], seqs[0]} {
			u, err := older.Undo(t.Context(), w.ws, lt.Ann, seq, ledger.Settlement{})
			if err != nil || len(u.Kept) > 0 {
				t.Fatalf("undo: %+v, %v", u, err)
			}
			seqs = append(seqs, u.Seq)
		}
		check("undone", `{"title":"one","days":3,"where":{"x":1,"z":2,"deep":{"q":"q"}},"more":{"a":"b"}}`)
		seq, err := older.Update(t.Context(), w.ws, lt.Ann, "delete", func(tx *ledger.Tx) error { return goalsOld.Delete(tx, id) })
		if err != nil {
			t.Fatal(err)
		}
		u, err := older.Undo(t.Context(), w.ws, lt.Ann, seq, ledger.Settlement{})
		if err != nil {
			t.Fatal(err)
		}
		seqs = append(seqs, u.Seq)
		check("deleted and brought back", `{"title":"one","days":3,"where":{"x":1,"z":2,"deep":{"q":"q"}},"more":{"a":"b"}}`)
		// the older binary takes back what the newer one did to fields it does not know
		var edited ledger.Seq
		if edited, err = w.Update(t.Context(), w.ws, lt.Ann, "edit", func(tx *ledger.Tx) error {
			return goalsV2.Edit(tx, id, func(g *goalV2) error { g.Days, g.Where.Deep.Q, g.More = 77, "new", nil; return nil })
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := older.At(t.Context(), w.ws, lt.Ann, edited); err != nil {
			t.Fatal(err)
		}
		if u, err = older.Undo(t.Context(), w.ws, lt.Ann, edited, ledger.Settlement{}); err != nil || len(u.Kept) > 0 {
			t.Fatalf("undo of unknown fields: %+v, %v", u, err)
		}
		seqs = append(seqs, u.Seq)
		check("unknown fields taken back", `{"title":"one","days":3,"where":{"x":1,"z":2,"deep":{"q":"q"}},"more":{"a":"b"}}`)
		past, err := older.AsOf(t.Context(), w.ws, lt.Ann, ledger.AtSeq(made))
		if err != nil {
			t.Fatal(err)
		}
		if g, ok := goalsOld.Get(past, id); !ok || g.Title != "one" || g.Where.X != 1 {
			t.Errorf("the older binary's past: %v", g)
		}
	})
}

// TestNoSecretLeavesInTheOpen types secrets in and looks for them in everything that the
// database holds.
func TestNoSecretLeavesInTheOpen(t *testing.T) {
	secrets := []string{"correct-horse-1", "battery-staple-2", "in-a-proposal-3"}
	fill := func(t *testing.T, open func() ledger.Store) *world {
		w := newWorld(t, open, ledger.Options{})
		b := w.another()
		if _, err := b.At(t.Context(), w.ws, lt.Ann, 0); err != nil {
			t.Fatal(err)
		}
		p := w.propose()
		var id ledger.ID
		seal := func(s string, opts ...ledger.UpdateOption) ledger.Seq {
			return w.do(lt.Ann, "seal", func(tx *ledger.Tx) error {
				token, err := tx.Seal(s)
				if err != nil {
					return err
				}
				if id.IsZero() {
					id, err = lt.Hooks.Create(tx, lt.Hook{URL: "u", Token: token})
					return err
				}
				return lt.Hooks.Edit(tx, id, func(h *lt.Hook) error { h.Token = token; return nil })
			}, opts...)
		}
		seal(secrets[0])
		last := seal(secrets[1])
		seal(secrets[2], ledger.In(p))
		if _, err := w.Rebase(t.Context(), w.ws, lt.Ann, p, ledger.Settlement{Otherwise: ledger.TakeYours}); err != nil {
			t.Error(err)
		}
		var sealed string
		for c, err := range w.History(t.Context(), w.now(), lt.Hooks, id) {
			if err != nil {
				t.Fatal(err)
			}
			if ch, ok := c.Entries[0].Changes.Get("token"); !ok || string(ch.New) != `"changed"` {
				t.Errorf("the journal at %d has %s", c.Seq, ch.New)
			}
		}
		w.reopen()
		for name, l := range map[string]*ledger.Ledger{"reopened": w.Ledger, "caught up": b} {
			v, err := l.At(t.Context(), w.ws, lt.Ann, last)
			if err != nil {
				t.Fatal(err)
			}
			h, ok := lt.Hooks.Get(v, id)
			if !ok {
				t.Fatalf("%s: no hook", name)
			}
			if s, err := l.Reveal(h.Token); s != secrets[1] || err != nil {
				t.Errorf("%s: revealed %q, %v", name, s, err)
			}
			if s := fmt.Sprintf("%v %+v %#v %s", h.Token, h, h.Token, h.Token); strings.Contains(s, secrets[1]) {
				t.Errorf("it prints itself: %s", s)
			}
			raw, _ := json.Marshal(h.Token)
			sealed = strings.Trim(string(raw), `"`)
		}
		var out bytes.Buffer
		if err := w.ExportJournal(t.Context(), w.ws, &out); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(out.String(), sealed) {
			t.Error("the exported journal holds a sealed secret")
		}
		return w
	}
	find := func(t *testing.T, where string, raw []byte) {
		t.Helper()
		if !bytes.Contains(raw, []byte("token")) {
			t.Errorf("%s does not even hold the field: nothing was looked at", where)
		}
		for _, s := range secrets {
			if bytes.Contains(raw, []byte(s)) {
				t.Errorf("%s holds %q", where, s)
			}
		}
	}
	t.Run("sqlite", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "ledger.db")
		fill(t, func() ledger.Store {
			s, err := sqlite.Open(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			return s
		})
		var all []byte
		for _, suffix := range []string{"", "-wal", "-shm"} {
			raw, err := os.ReadFile(path + suffix)
			if err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
			all = append(all, raw...)
		}
		find(t, "the database file", all)
	})
	t.Run("postgres", func(t *testing.T) {
		dsn := pgtest.DSN(t)
		fill(t, func() ledger.Store {
			s, err := postgres.Open(t.Context(), dsn)
			if err != nil {
				t.Fatal(err)
			}
			return s
		})
		find(t, "the database", dumpPostgres(t, dsn))
	})
}

// dumpPostgres returns the rows of all tables as text.
func dumpPostgres(t *testing.T, dsn string) []byte {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, `SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`)
	if err != nil {
		t.Fatal(err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for _, name := range names {
		if _, err := conn.PgConn().CopyTo(ctx, &out, "COPY "+name+" TO STDOUT"); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}
