package sqlite

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/throughline-pm/throughline/internal/ledger"
)

var plainName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// CreateViews implements ledger.Store: view_<kind> for each kind, with the members of
// the document as columns. It is the one place where SQL is built; every name in it is
// checked.
func (s *Store) CreateViews(ctx context.Context, views []ledger.SQLView) error {
	return s.write(ctx, func() error {
		for _, v := range views {
			text, err := viewText(v)
			if err != nil {
				return err
			}
			var have string
			_ = s.conn.QueryRowContext(ctx, `SELECT sql FROM sqlite_schema WHERE type = 'view' AND name = ?`, "view_"+v.Kind).Scan(&have)
			if have == text {
				continue
			}
			if _, err := s.conn.ExecContext(ctx, `DROP VIEW IF EXISTS "view_`+v.Kind+`"`); err != nil {
				return err
			}
			if _, err := s.conn.ExecContext(ctx, text); err != nil {
				return err
			}
		}
		return nil
	})
}

func viewText(v ledger.SQLView) (string, error) {
	if !plainName.MatchString(v.Kind) {
		return "", fmt.Errorf("%q is no name for a view", v.Kind)
	}
	var b strings.Builder
	fmt.Fprintf(&b, `CREATE VIEW "view_%s" AS SELECT %s AS workspace_id, %s AS id, e.version,
 strftime('%%Y-%%m-%%dT%%H:%%M:%%fZ', e.created_at / 1000000.0, 'unixepoch') AS created_at,
 strftime('%%Y-%%m-%%dT%%H:%%M:%%fZ', e.updated_at / 1000000.0, 'unixepoch') AS updated_at,
 %s AS created_by, %s AS updated_by`, v.Kind, uuidText("e.workspace_id"), uuidText("e.id"), uuidText("e.created_by"), uuidText("e.updated_by"))
	taken := []string{"workspace_id", "id", "version", "created_at", "updated_at", "created_by", "updated_by"}
	for _, c := range v.Columns {
		if !plainName.MatchString(c.Name) || slices.Contains(taken, c.Name) {
			return "", fmt.Errorf("%q is no name for a column, or a taken one", c.Name)
		}
		taken = append(taken, c.Name)
		at := fmt.Sprintf(`'$.%s'`, c.Name)
		value := `e.doc ->> ` + at
		switch c.Type { // a value of another type, as of an older schema, is shown as none
		case ledger.SQLInteger:
			value = `CASE json_type(e.doc, ` + at + `) WHEN 'integer' THEN ` + value + ` END`
		case ledger.SQLReal:
			value = `CASE WHEN json_type(e.doc, ` + at + `) IN ('integer', 'real') THEN CAST(` + value + ` AS REAL) END`
		case ledger.SQLBool:
			value = `coalesce(json_type(e.doc, ` + at + `) = 'true', 0)`
		case ledger.SQLJSON:
			value = `nullif(e.doc -> ` + at + `, 'null')`
		}
		fmt.Fprintf(&b, ",\n %s AS %q", value, c.Name)
	}
	fmt.Fprintf(&b, `
 FROM entities e LEFT JOIN batches b ON b.workspace_id = e.workspace_id AND b.id = e.batch
 WHERE e.kind = '%s' AND e.doc IS NOT NULL AND (e.batch IS NULL OR b.state = 'merged')`, v.Kind)
	return b.String(), nil
}

// uuidText writes the bytes of an identifier in its canonical form.
func uuidText(column string) string {
	parts := [][2]int{{1, 8}, {9, 4}, {13, 4}, {17, 4}, {21, 12}}
	out := make([]string, len(parts))
	for i, p := range parts {
		out[i] = fmt.Sprintf("substr(lower(hex(%s)), %d, %d)", column, p[0], p[1])
	}
	return strings.Join(out, " || '-' || ")
}
