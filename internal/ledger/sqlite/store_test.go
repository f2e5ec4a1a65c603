package sqlite_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/ledger/sqlite"
	"github.com/throughline-pm/throughline/internal/ledger/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) func() ledger.Store {
		path := filepath.Join(t.TempDir(), "data", "ledger.db")
		return func() ledger.Store {
			s, err := sqlite.Open(context.Background(), path)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
	})
}

func TestViews(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	storetest.Views(t, s, func(columns ...string) [][]string {
		text := "SELECT "
		for i, c := range columns {
			if i > 0 {
				text += ", "
			}
			text += "coalesce(CAST(" + c + " AS TEXT), '-')"
		}
		rows, err := db.QueryContext(t.Context(), text+" FROM view_thing ORDER BY title")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		var all [][]string
		for rows.Next() {
			row := make([]string, len(columns))
			into := make([]any, len(columns))
			for i := range row {
				into[i] = &row[i]
			}
			if err := rows.Scan(into...); err != nil {
				t.Fatal(err)
			}
			all = append(all, row)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		return all
	})
}
