package postgres_test

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/ledger/postgres"
	"github.com/throughline-pm/throughline/internal/ledger/postgres/pgtest"
	"github.com/throughline-pm/throughline/internal/ledger/storetest"
)

func open(t *testing.T, dsn string, opts ...postgres.Option) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), dsn, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) func() ledger.Store {
		dsn := pgtest.DSN(t)
		return func() ledger.Store { return open(t, dsn) }
	})
}

// TestStoreBehindAPooler uses neither prepared statements nor more connections than it
// must.
func TestStoreBehindAPooler(t *testing.T) {
	storetest.Run(t, func(t *testing.T) func() ledger.Store {
		dsn := pgtest.DSN(t) + " default_query_exec_mode=exec pool_max_conns=2"
		return func() ledger.Store { return open(t, dsn) }
	})
}

func TestViews(t *testing.T) {
	dsn := pgtest.DSN(t)
	s := open(t, dsn)
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	storetest.Views(t, s, func(columns ...string) [][]string {
		sql := "SELECT ARRAY["
		for i, c := range columns {
			if i > 0 {
				sql += ", "
			}
			sql += "coalesce(" + c + "::text, '-')"
		}
		rows, err := conn.Query(t.Context(), sql+"] FROM reporting.view_thing ORDER BY title")
		if err != nil {
			t.Fatal(err)
		}
		all, err := pgx.CollectRows(rows, pgx.RowTo[[]string])
		if err != nil {
			t.Fatal(err)
		}
		return all
	})
}

// TestReportingRole holds that the views are open to the role alone, and that what
// analysts build upon them outlives a new column.
func TestReportingRole(t *testing.T) {
	dsn := pgtest.DSN(t)
	s := open(t, dsn)
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	view := ledger.SQLView{Kind: "thing", Columns: []ledger.SQLColumn{{Name: "title"}}}
	if err := s.CreateViews(t.Context(), []ledger.SQLView{view}); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), `CREATE VIEW mine AS SELECT title FROM reporting.view_thing`); err != nil {
		t.Fatal(err)
	}
	view.Columns = append(view.Columns, ledger.SQLColumn{Name: "n", Type: ledger.SQLInteger})
	if err := s.CreateViews(t.Context(), []ledger.SQLView{view}); err != nil {
		t.Errorf("a further column: %v", err)
	}
	view.Columns = view.Columns[1:]
	if err := s.CreateViews(t.Context(), []ledger.SQLView{view}); err == nil {
		t.Error("a column that an analyst uses was taken away")
	}
	for question, want := range map[string]bool{
		`SELECT has_table_privilege('throughline_reporting', 'reporting.view_thing', 'SELECT')`:       true,
		`SELECT has_table_privilege('throughline_reporting', 'reporting.view_thing', 'UPDATE')`:       false,
		`SELECT has_table_privilege('throughline_reporting', 'entities', 'SELECT')`:                   false,
		`SELECT has_schema_privilege('public', 'reporting', 'USAGE')`:                                 false,
		`SELECT rolcanlogin FROM pg_roles WHERE rolname = 'throughline_reporting'`:                    false,
		`SELECT EXISTS (SELECT FROM pg_auth_members WHERE roleid = 'throughline_reporting'::regrole)`: false,
	} {
		var got bool
		if err := conn.QueryRow(t.Context(), question).Scan(&got); err != nil || got != want {
			t.Errorf("%s = %v, %v", question, got, err)
		}
	}
}

// TestWithoutPrivileges runs as the plain owner of a database, without a right to make
// roles.
func TestWithoutPrivileges(t *testing.T) {
	server := pgtest.Server(t)
	conn, err := pgx.Connect(t.Context(), server.DSN())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	for _, sql := range []string{`CREATE ROLE plain LOGIN`, `CREATE DATABASE theirs OWNER plain`} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, server.DSN()+" dbname=theirs user=plain")
	for range 2 {
		if err := s.CreateViews(t.Context(), []ledger.SQLView{{Kind: "thing"}}); err != nil {
			t.Error(err)
		}
	}
}

// TestFewConnections has more lanes at work than there are connections, each reading
// while it holds its lock.
func TestFewConnections(t *testing.T) {
	const lanes = 32
	s := open(t, pgtest.DSN(t)+" pool_max_conns=4")
	var running sync.WaitGroup
	for n := range lanes {
		ws := newWorkspace(t, s, byte(n))
		running.Go(func() {
			for range 5 {
				txn, heads, err := s.Begin(t.Context(), []ledger.ID{ws})
				if err != nil {
					t.Error(err)
					return
				}
				for _, err := range s.Commits(t.Context(), ws, ledger.CommitQuery{}) {
					if err != nil {
						t.Error(err)
					}
				}
				head := heads[ws]
				head.Seq++
				err = txn.Commit(t.Context(), []ledger.Writes{{
					Workspace: ws, Head: head, Commits: []ledger.Commit{{Workspace: ws, Seq: head.Seq}},
				}})
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	running.Wait()
}

func TestOpen(t *testing.T) {
	if _, err := postgres.Open(t.Context(), "host=/nowhere connect_timeout=1"); err == nil {
		t.Error("a server that is not there was opened")
	}
	if _, err := postgres.Open(t.Context(), "nonsense"); err == nil {
		t.Error("nonsense was taken as a connection string")
	}
	// Several processes start on a new database at once.
	dsn := pgtest.DSN(t)
	var starting sync.WaitGroup
	for range 8 {
		starting.Go(func() {
			s, err := postgres.Open(t.Context(), dsn+" pool_max_conns=2")
			if err != nil {
				t.Error(err)
				return
			}
			s.Close()
		})
	}
	starting.Wait()
	// A newer release has been here.
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), `INSERT INTO schema_migrations VALUES (9999, 'of the future', 0)`); err != nil {
		t.Fatal(err)
	}
	s := open(t, dsn)
	if _, err := commitOne(t, s, newWorkspace(t, s, 1), 1); err != nil {
		t.Error(err)
	}
	var applied string
	if err := conn.QueryRow(t.Context(), `SELECT string_agg(number::text || ' ' || name, ', ' ORDER BY number) FROM schema_migrations`).Scan(&applied); err != nil {
		t.Fatal(err)
	}
	if want := "1 kernel, 2 records, 9999 of the future"; applied != want {
		t.Errorf("migrations: %s, want %s", applied, want)
	}
}

func TestCloseLeavesNothing(t *testing.T) {
	dsn := pgtest.DSN(t)
	before := runtime.NumGoroutine()
	s := open(t, dsn)
	ws := newWorkspace(t, s, 1)
	if _, err := commitOne(t, s, ws, 1); err != nil {
		t.Fatal(err)
	}
	for range s.Commits(t.Context(), ws, ledger.CommitQuery{}) {
		break
	}
	s.Close()
	for range 100 { // the driver closes connections in the background
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d goroutines, %d before the Store was opened", runtime.NumGoroutine(), before)
}

func BenchmarkCommit(b *testing.B) {
	for _, size := range []int{1, 32} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			s, err := postgres.Open(b.Context(), pgtest.DSN(b))
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			ws := ledger.ID{9}
			if err := s.CreateWorkspace(b.Context(), ledger.WorkspaceRow{ID: ws, Slug: "w"}); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				txn, heads, err := s.Begin(b.Context(), []ledger.ID{ws})
				if err != nil {
					b.Fatal(err)
				}
				writes := ledger.Writes{Workspace: ws, Head: heads[ws]}
				for n := range size {
					writes.Head.Seq++
					id := ledger.ID{1, byte(writes.Head.Seq >> 8), byte(n)}
					writes.Docs = append(writes.Docs, ledger.Doc{Kind: "thing", Meta: ledger.Meta{ID: id}, JSON: []byte(`{"title": "A title", "status": "open"}`)})
					writes.Commits = append(writes.Commits, ledger.Commit{
						Seq: writes.Head.Seq, Verb: "edit",
						Entries: []ledger.Entry{{Op: ledger.OpEdit, Kind: "thing", ID: id, Changes: ledger.Changes{{Field: "title", Old: []byte(`"a"`), New: []byte(`"b"`)}}}},
					})
				}
				if err := txn.Commit(b.Context(), []ledger.Writes{writes}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
