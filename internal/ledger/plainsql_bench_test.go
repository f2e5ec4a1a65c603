package ledger_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/ledger/postgres/pgtest"
)

// BenchmarkPlainSQL is what the kernel is compared with: a program without one, which
// in a transaction a write updates a document and inserts a history row with the old and
// the new one. No checks, rights, snapshots, hashes, groups.
func BenchmarkPlainSQL(b *testing.B) {
	const rows = 5000
	r := rand.New(rand.NewPCG(1, 2))
	doc := func() string {
		raw, err := json.Marshal(sample(r, ledger.ID{}, nil))
		if err != nil {
			b.Fatal(err)
		}
		return string(raw)
	}
	run := func(b *testing.B, writers int, write func(n int, doc string) error) {
		b.Run(fmt.Sprint("writers=", writers), func(b *testing.B) {
			docs := make([]string, 64)
			for i := range docs {
				docs[i] = doc()
			}
			var next atomic.Int64
			b.ResetTimer()
			var all sync.WaitGroup
			for range writers {
				all.Go(func() {
					for n := int(next.Add(1)); n <= b.N; n = int(next.Add(1)) {
						if err := write(n, docs[n%len(docs)]); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			all.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "writes/s")
		})
	}
	b.Run("sqlite", func(b *testing.B) {
		db, err := sql.Open("sqlite", "file:"+filepath.Join(b.TempDir(), "plain.db")+
			"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(10000)&_txlock=immediate")
		if err != nil {
			b.Fatal(err)
		}
		defer db.Close()
		db.SetMaxOpenConns(1) // the best of it: SQLite has one writer
		if _, err := db.Exec(`CREATE TABLE docs(id INTEGER PRIMARY KEY, doc TEXT); CREATE TABLE history(id INTEGER PRIMARY KEY, doc_id INTEGER, old TEXT, new TEXT);
			CREATE INDEX history_doc ON history(doc_id)`); err != nil {
			b.Fatal(err)
		}
		for i := range rows {
			if _, err := db.Exec(`INSERT INTO docs VALUES(?, ?)`, i, doc()); err != nil {
				b.Fatal(err)
			}
		}
		for _, w := range []int{1, 8, 64} {
			run(b, w, func(n int, doc string) error {
				tx, err := db.Begin()
				if err != nil {
					return err
				}
				defer tx.Rollback()
				id := n * 7919 % rows
				if _, err := tx.Exec(`INSERT INTO history(doc_id, old, new) SELECT id, doc, ? FROM docs WHERE id = ?`, doc, id); err != nil {
					return err
				}
				if _, err := tx.Exec(`UPDATE docs SET doc = ? WHERE id = ?`, doc, id); err != nil {
					return err
				}
				return tx.Commit()
			})
		}
	})
	b.Run("postgres", func(b *testing.B) {
		ctx := b.Context()
		config, err := pgxpool.ParseConfig(pgtest.Server(b).DSN())
		if err != nil {
			b.Fatal(err)
		}
		config.MaxConns = 16
		db, err := pgxpool.NewWithConfig(ctx, config)
		if err != nil {
			b.Fatal(err)
		}
		defer db.Close()
		if _, err := db.Exec(ctx, `CREATE TABLE docs(id bigint PRIMARY KEY, doc jsonb); CREATE TABLE history(id bigserial PRIMARY KEY, doc_id bigint, old jsonb, new jsonb);
			CREATE INDEX history_doc ON history(doc_id)`); err != nil {
			b.Fatal(err)
		}
		for i := range rows {
			if _, err := db.Exec(ctx, `INSERT INTO docs VALUES($1, $2)`, i, doc()); err != nil {
				b.Fatal(err)
			}
		}
		for _, w := range []int{1, 8, 64} {
			run(b, w, func(n int, doc string) error {
				tx, err := db.Begin(ctx)
				if err != nil {
					return err
				}
				defer tx.Rollback(ctx)
				id := n * 7919 % rows
				if _, err := tx.Exec(ctx, `INSERT INTO history(doc_id, old, new) SELECT id, doc, $1::jsonb FROM docs WHERE id = $2`, doc, id); err != nil {
					return err
				}
				if _, err := tx.Exec(ctx, `UPDATE docs SET doc = $1 WHERE id = $2`, doc, id); err != nil {
					return err
				}
				return tx.Commit(ctx)
			})
		}
	})
}
