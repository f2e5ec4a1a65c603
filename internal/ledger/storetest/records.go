package storetest

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/throughline-pm/throughline/internal/ledger"
)

// What the plain tables of slices promise: one text for both engines.

func file(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }

var firstRecords = fstest.MapFS{"migrations/0001_counts.sql": file(`
-- Two statements; the comment; is no end.
CREATE TABLE counts(id text NOT NULL PRIMARY KEY, n bigint NOT NULL);
INSERT INTO counts(id, n) VALUES ('', 7);
`)}

func (w *world) migrateRecords(s ledger.Store, owner string, files fstest.MapFS) {
	w.t.Helper()
	w.ok(ledger.MigrateRecords(w.t.Context(), s.DB(), owner, files))
}

// count reads a row of the table of firstRecords.
func (w *world) count(s ledger.Store, id ledger.ID) int {
	w.t.Helper()
	var n int
	w.ok(s.DB().QueryRowContext(w.t.Context(), `SELECT n FROM counts WHERE id = $1`, id).Scan(&n))
	return n
}

func recordMigrations(t *testing.T, w *world) {
	// processes that start at once: each file runs once
	var starting sync.WaitGroup
	for range 8 {
		s := w.another()
		starting.Go(func() {
			if err := ledger.MigrateRecords(t.Context(), s.DB(), "counts", firstRecords); err != nil {
				t.Error(err)
			}
		})
	}
	starting.Wait()
	same(t, "a row of the first migration", w.count(w, ledger.ID{}), 7)

	// a later release adds, and the earlier one still starts
	second := fstest.MapFS{
		"migrations/0002_more.sql": file("UPDATE counts SET n = n + 1;\n"),
	}
	for name, f := range firstRecords {
		second[name] = f
	}
	for range 2 {
		w.migrateRecords(w, "counts", second)
		w.migrateRecords(w, "counts", firstRecords)
	}
	same(t, "after the second migration, run once", w.count(w, ledger.ID{}), 8)

	// the numbers of another owner are its own
	w.migrateRecords(w, "tallies", fstest.MapFS{"migrations/0001_tallies.sql": file("CREATE TABLE tallies(id text);\n")})
	w.ok(w.DB().QueryRowContext(t.Context(), `SELECT count(*) FROM tallies`).Scan(new(int)))
}

func recordMigrationFails(t *testing.T, w *world) {
	ctx := t.Context()
	broken := fstest.MapFS{"migrations/0001_half.sql": file("CREATE TABLE half(id text);\nINSERT INTO nowhere VALUES (1);\n")}
	if err := ledger.MigrateRecords(ctx, w.DB(), "half", broken); err == nil {
		t.Fatal("a migration that fails is taken")
	}
	// nothing of it stays, so that the mended one runs
	mended := fstest.MapFS{"migrations/0001_half.sql": file("CREATE TABLE half(id text);\n")}
	w.migrateRecords(w, "half", mended)
	w.ok(w.DB().QueryRowContext(ctx, `SELECT count(*) FROM half`).Scan(new(int)))
}

func records(t *testing.T, w *world) {
	ctx := t.Context()
	w.migrateRecords(w, "counts", firstRecords)
	db := w.DB()

	// identifiers and times, also none
	if _, err := db.ExecContext(ctx, `INSERT INTO counts(id, n) VALUES ($1, $2)`, ann, ledger.Time(1<<53+1)); err != nil {
		t.Fatal(err)
	}
	var who ledger.ID
	var at ledger.Time
	w.ok(db.QueryRowContext(ctx, `SELECT id, n FROM counts WHERE id = $1`, ann).Scan(&who, &at))
	same(t, "identifier", who, ann)
	same(t, "time", at, ledger.Time(1<<53+1))
	w.ok(db.QueryRowContext(ctx, `SELECT id FROM counts WHERE n = $1`, 7).Scan(&who))
	same(t, "no identifier", who, ledger.ID{})

	// a transaction is all or nothing, and its end is a context's too
	ending, end := context.WithCancel(ctx)
	for name, undo := range map[string]func(*sql.Tx){
		"rolled back":             func(tx *sql.Tx) { w.ok(tx.Rollback()) },
		"its context has ended":   func(*sql.Tx) { end() },
		"a statement has failed":  func(tx *sql.Tx) { tx.ExecContext(ctx, `UPDATE nowhere SET n = 1`); tx.Rollback() },
		"it takes what is taken":  func(tx *sql.Tx) { tx.ExecContext(ctx, `INSERT INTO counts VALUES ($1, 1)`, ann); tx.Rollback() },
		"it ends with a mistaken": func(tx *sql.Tx) { tx.Rollback(); tx.Commit() },
	} {
		of := ctx
		if name == "its context has ended" {
			of = ending
		}
		tx, err := db.BeginTx(of, nil)
		w.ok(err)
		_, err = tx.ExecContext(ctx, `UPDATE counts SET n = 0`)
		w.ok(err)
		undo(tx)
		if err := tx.Commit(); err == nil {
			t.Errorf("%s: and yet it commits", name)
		}
		if n := w.count(w, ledger.ID{}); n != 7 {
			t.Errorf("%s: n is %d", name, n)
		}
	}

	// one moment, read twice
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelDefault})
	w.ok(err)
	w.ok(tx.QueryRowContext(ctx, `SELECT count(*) FROM counts`).Scan(new(int)))
	w.ok(tx.Rollback())
	if _, err := db.ExecContext(ctx, `DELETE FROM counts WHERE id = $1`, ann); err != nil {
		t.Fatal(err)
	}
	if err := db.QueryRowContext(ctx, `SELECT n FROM counts WHERE id = $1`, ann).Scan(new(int)); !errors.Is(err, sql.ErrNoRows) {
		t.Errorf("a deleted row: %v", err)
	}
}

// countInRecords has two processes with 32 clients each read, add and write.
func countInRecords(t *testing.T, w *world) {
	ctx := t.Context()
	w.migrateRecords(w, "counts", firstRecords)
	var all sync.WaitGroup
	for _, s := range []ledger.Store{w, w.another()} {
		for range 32 {
			all.Go(func() {
				if _, err := s.DB().ExecContext(ctx, `UPDATE counts SET n = n + 1 WHERE id = $1`, ledger.ID{}); err != nil {
					t.Error(err)
				}
				tx, err := s.DB().BeginTx(ctx, nil)
				if err != nil {
					t.Error(err)
					return
				}
				defer tx.Rollback()
				if _, err := tx.ExecContext(ctx, `UPDATE counts SET n = n + 1 WHERE id = $1`, ledger.ID{}); err != nil {
					t.Error(err)
				}
				if err := tx.Commit(); err != nil {
					t.Error(err)
				}
			})
		}
	}
	all.Wait()
	same(t, "counted", w.count(w, ledger.ID{}), 7+2*2*32)
}

// recordsBesideCommits: neither slices nor the kernel keep the other from writing, in one
// process and in two.
func recordsBesideCommits(t *testing.T, w *world) {
	ctx := t.Context()
	w.migrateRecords(w, "counts", firstRecords)
	ws := w.workspace()
	const rounds = 50
	var all sync.WaitGroup
	for _, s := range []ledger.Store{w, w.another()} {
		all.Go(func() {
			for range rounds {
				if _, err := s.DB().ExecContext(ctx, `UPDATE counts SET n = n + 1 WHERE id = $1`, ledger.ID{}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range rounds {
		w.write(ws, ledger.Commit{}, ledger.Writes{})
	}
	all.Wait()
	same(t, "counted", w.count(w, ledger.ID{}), 7+2*rounds)
	_, head := w.load(w, ws)
	same(t, "position", head.Seq, ledger.Seq(rounds))
}

func recordsReopened(t *testing.T, w *world) {
	w.migrateRecords(w, "counts", firstRecords)
	if _, err := w.DB().ExecContext(t.Context(), `UPDATE counts SET n = 9`); err != nil {
		t.Fatal(err)
	}
	w.ok(w.Close())
	same(t, "after the process has ended", w.count(w.another(), ledger.ID{}), 9)
}
