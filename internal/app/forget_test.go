package app_test

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/throughline-pm/throughline/internal/ledger"
)

// keyed returns the tables of records that have a column workspace, each with all of its
// columns and their types, as the database has them.
func keyed(t *testing.T, db *sql.DB) map[string]map[string]string {
	t.Helper()
	list := `SELECT m.name, p.name, p.type FROM sqlite_schema m JOIN pragma_table_info(m.name) p WHERE m.type = 'table'`
	if _, err := db.ExecContext(t.Context(), `SELECT 1 FROM sqlite_schema LIMIT 1`); err != nil {
		list = `SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = current_schema()`
	}
	all := map[string]map[string]string{}
	rows, err := db.QueryContext(t.Context(), list)
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var table, column, kind string
		must(t, rows.Scan(&table, &column, &kind))
		if all[table] == nil {
			all[table] = map[string]string{}
		}
		all[table][column] = strings.ToLower(kind)
	}
	must(t, rows.Err())
	for table, columns := range all {
		if columns["workspace"] != "text" { // the kernel's own keep identifiers as bytes
			delete(all, table)
		}
	}
	return all
}

// TestAWorkspaceIsForgotten puts a row for a workspace into every table of records that
// has workspaces, whatever rooms made them, and looks for what is left of it.
func TestAWorkspaceIsForgotten(t *testing.T) {
	each(t, func(t *testing.T, options map[string]string) {
		w := newWorld(t, options)
		db, ctx := w.Ledger.DB(), context.Background()
		all := keyed(t, db)
		for _, known := range []string{"favourites", "notify_items", "files", "web_imports", "api_requests", "tokens"} {
			if all[known] == nil {
				t.Fatalf("%s is not among the tables that have workspaces: %v", known, all)
			}
		}
		other := ledger.NewID(ledger.TimeOf(w.clock.Now()))
		count := func(table string, workspace ledger.ID) (n int) {
			t.Helper()
			must(t, db.QueryRowContext(ctx, `SELECT count(*) FROM `+table+` WHERE workspace = $1`, workspace.String()).Scan(&n))
			return n
		}
		for table, columns := range all {
			for _, workspace := range []ledger.ID{w.ws, other} {
				var names, marks []string
				var values []any
				for name, kind := range columns {
					var value any = fmt.Sprint(table, " ", workspace)
					switch {
					case name == "workspace":
						value = workspace.String()
					case name == "id":
						value = ledger.NewID(ledger.TimeOf(w.clock.Now())).String()
					case kind == "bigint":
						value = 1
					case kind == "bytea":
						value = []byte{1}
					}
					names, marks, values = append(names, name), append(marks, fmt.Sprintf("$%d", len(marks)+1)), append(values, value)
				}
				_, err := db.ExecContext(ctx, fmt.Sprintf(`INSERT INTO %s(%s) VALUES (%s)`, table, strings.Join(names, ", "), strings.Join(marks, ", ")), values...)
				must(t, err)
			}
		}
		must(t, w.RemoveWorkspace(ctx, w.ws))
		var left []string
		for table := range all {
			if count(table, w.ws) > 0 {
				left = append(left, table)
			}
			if count(table, other) == 0 {
				t.Errorf("%s has forgotten another workspace too", table)
			}
		}
		slices.Sort(left)
		if len(left) > 0 {
			t.Errorf("a workspace that is gone is still in %s", strings.Join(left, ", "))
		}
	})
}
