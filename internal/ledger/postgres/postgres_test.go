package postgres

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/throughline-pm/throughline/internal/ledger"
)

func TestRefine(t *testing.T) {
	for _, test := range []struct {
		severity, code string
		want           error
	}{
		{"ERROR", "22P05", ledger.ErrData},
		{"ERROR", "22021", ledger.ErrData},
		{"ERROR", "23505", ledger.ErrData},
		{"ERROR", "54000", ledger.ErrData},
		{"ERROR", "21000", ledger.ErrData},
		{"ERROR", "53100", ledger.ErrFull},
		{"PANIC", "53100", ledger.ErrBroken},
		{"PANIC", "58030", ledger.ErrBroken},
		{"ERROR", "58030", ledger.ErrBroken},
		{"ERROR", "40001", nil},
		{"ERROR", "40P01", nil},
		{"ERROR", "55P03", nil},
		{"ERROR", "57014", nil},
		{"FATAL", "57P01", nil},
		{"FATAL", "53100", nil}, // the connection is gone, so nobody knows
		{"ERROR", "", nil},
	} {
		err := refine(&pgconn.PgError{SeverityUnlocalized: test.severity, Code: test.code})
		var have error
		for _, known := range []error{ledger.ErrData, ledger.ErrFull, ledger.ErrBroken} {
			if errors.Is(err, known) {
				have = known
			}
		}
		if have != test.want {
			t.Errorf("%s %s means %v, want %v", test.severity, test.code, have, test.want)
		}
	}
	other := errors.New("connection lost")
	if got := refine(other); got != other {
		t.Errorf("an error that is not the server's became %v", got)
	}
}

func TestSupported(t *testing.T) {
	if err := supported(150000, "15.0", "UTF8"); err != nil {
		t.Error(err)
	}
	if err := supported(140009, "14.9", "UTF8"); err == nil || !strings.Contains(err.Error(), "PostgreSQL 14.9") {
		t.Errorf("an old server: %v", err)
	}
	if err := supported(160000, "16.0", "SQL_ASCII"); err == nil || !strings.Contains(err.Error(), "UTF8") {
		t.Errorf("another encoding: %v", err)
	}
}

func TestReadMigrations(t *testing.T) {
	all, err := readMigrations(fstest.MapFS{
		"migrations/0010_later.sql":  {Data: []byte("SELECT 10")},
		"migrations/0002_second.sql": {Data: []byte("SELECT 2")},
		"migrations/readme.md":       {},
	})
	if err != nil || len(all) != 2 || all[0] != (migration{2, "second", "SELECT 2"}) || all[1].number != 10 {
		t.Errorf("migrations = %v, %v", all, err)
	}
	if _, err := readMigrations(fstest.MapFS{"migrations/first.sql": {}}); err == nil {
		t.Error("a migration without a number was taken")
	}
	ours, err := readMigrations(migrations)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range ours {
		if m.number != i+1 {
			t.Errorf("migration %d_%s is in place %d: numbers leave no gap", m.number, m.name, i+1)
		}
		for _, word := range []string{"DROP TABLE", "DROP COLUMN", "TRUNCATE"} {
			if strings.Contains(strings.ToUpper(m.sql), word) {
				t.Errorf("migration %d_%s has %s: a binary of the release before runs on these tables", m.number, m.name, word)
			}
		}
	}
}
