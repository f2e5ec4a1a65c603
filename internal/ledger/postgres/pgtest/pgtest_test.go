package pgtest_test

import (
	"net"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/throughline-pm/throughline/internal/ledger/postgres/pgtest"
)

func exec(t *testing.T, dsn, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	rows, err := conn.Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		return ""
	}
	return all[0]
}

func TestDatabasesAreSeparate(t *testing.T) {
	a, b := pgtest.DSN(t), pgtest.DSN(t)
	exec(t, a, `CREATE TABLE x(n int)`)
	if got := exec(t, b, `SELECT coalesce(to_regclass('x')::text, 'none')`); got != "none" {
		t.Errorf("the table of one database is seen in another: %s", got)
	}
}

func TestServerComesBackWithWhatWasCommitted(t *testing.T) {
	s := pgtest.Server(t, pgtest.TCP())
	if got := exec(t, s.DSN(), `SHOW fsync`); got != "on" {
		t.Errorf("fsync is %s", got)
	}
	exec(t, s.DSN(), `CREATE TABLE x AS SELECT 'kept' AS word`)
	s.Stop(t)
	if _, err := pgx.Connect(t.Context(), s.DSN()); err == nil {
		t.Error("a stopped server takes connections")
	}
	s.Start(t)
	if got := exec(t, s.DSN(), `SELECT word FROM x`); got != "kept" {
		t.Errorf("after the crash: %q", got)
	}
	host, port, err := net.SplitHostPort(s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	if got := exec(t, "host="+host+" port="+port+" user=postgres", `SELECT word FROM x`); got != "kept" {
		t.Errorf("over TCP: %q", got)
	}
}
