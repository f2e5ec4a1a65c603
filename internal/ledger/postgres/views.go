package postgres

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/throughline-pm/throughline/internal/ledger"
)

// This file is the only one of the package that builds SQL. No driver binds the name of a
// view or a column; the names are those of kinds and fields in our source, and anything
// that is not a plain word is refused.

const (
	sqlReportingSchema = `CREATE SCHEMA IF NOT EXISTS reporting`
	sqlReportingRole   = `SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'throughline_reporting')`
	sqlCreateRole      = `CREATE ROLE throughline_reporting NOLOGIN`
	sqlGrantSchema     = `GRANT USAGE ON SCHEMA reporting TO throughline_reporting`
	sqlGrantViews      = `GRANT SELECT ON ALL TABLES IN SCHEMA reporting TO throughline_reporting`

	// The definition stands with the view as a comment, since what the server stores is a
	// parsed form that cannot be compared.
	sqlViewDefinition = `SELECT coalesce(obj_description(to_regclass('reporting.' || $1), 'pg_class'), '')`

	viewHead = `workspace_id, id, version,
	timestamptz 'epoch' + created_at * interval '1 microsecond' AS created_at,
	timestamptz 'epoch' + updated_at * interval '1 microsecond' AS updated_at,
	created_by, updated_by`
)

// own are the columns that every view has.
var own = map[string]bool{
	"workspace_id": true, "id": true, "version": true, "created_at": true, "updated_at": true, "created_by": true, "updated_by": true,
}

// sqlName is what may become part of an SQL text.
var sqlName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,50}$`)

// CreateViews implements ledger.Store. The views lie in the schema reporting and are open
// to the role throughline_reporting, which has no members until an administrator gives it
// some. Where this account may not create roles, the administrator does that as well.
func (s *Store) CreateViews(ctx context.Context, views []ledger.SQLView) error {
	definitions := make([]string, len(views))
	for i, v := range views {
		var err error
		if definitions[i], err = definition(v); err != nil {
			return err
		}
	}
	return s.do(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		role, err := reportingRole(ctx, conn)
		if err != nil {
			return err
		}
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, sqlMigrationLock); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, sqlReportingSchema); err != nil {
				return err
			}
			for i, v := range views {
				if err := replaceView(ctx, tx, "view_"+v.Kind, definitions[i]); err != nil {
					return fmt.Errorf("postgres: view of %s: %w", v.Kind, err)
				}
			}
			if !role {
				return nil
			}
			if _, err := tx.Exec(ctx, sqlGrantSchema); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, sqlGrantViews)
			return err
		})
	})
}

// reportingRole makes the role if it can and reports whether there is one. Roles belong to
// the server, not to the database, so another database's process may be faster.
func reportingRole(ctx context.Context, conn *pgx.Conn) (bool, error) {
	var there bool
	if err := conn.QueryRow(ctx, sqlReportingRole).Scan(&there); err != nil || there {
		return there, err
	}
	_, err := conn.Exec(ctx, sqlCreateRole)
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return err == nil, err
	}
	switch e.Code {
	case "42710", "23505": // duplicate_object, unique_violation: it is there now
		return true, nil
	default: // not allowed, or a server that is managed in another way
		return false, nil
	}
}

// definition returns the SELECT of a view.
func definition(v ledger.SQLView) (string, error) {
	if !sqlName.MatchString(v.Kind) {
		return "", fmt.Errorf("postgres: %q is no name for a view", v.Kind)
	}
	var b strings.Builder
	b.WriteString("SELECT " + viewHead)
	seen := map[string]bool{}
	for _, c := range v.Columns {
		if !sqlName.MatchString(c.Name) || own[c.Name] || seen[c.Name] {
			return "", fmt.Errorf("postgres: %q is no name for a column of the view of %s", c.Name, v.Kind)
		}
		seen[c.Name] = true
		expression, err := member(c)
		if err != nil {
			return "", err
		}
		b.WriteString(",\n\t" + expression + " AS " + pgx.Identifier{c.Name}.Sanitize())
	}
	b.WriteString("\nFROM entities\nWHERE kind = '" + v.Kind + `' AND doc IS NOT NULL AND (batch IS NULL OR EXISTS (
	SELECT FROM batches b WHERE b.workspace_id = entities.workspace_id AND b.id = entities.batch AND b.state = 'merged'))`)
	return b.String(), nil
}

// member returns a member of the document as a value of its type. What is of another type,
// as in a document of an older schema, is NULL rather than an error for the whole view.
func member(c ledger.SQLColumn) (string, error) {
	value, text := "doc->'"+c.Name+"'", "doc->>'"+c.Name+"'"
	typed := func(json, sql string) string {
		return "CASE jsonb_typeof(" + value + ") WHEN '" + json + "' THEN (" + text + ")" + sql + " END"
	}
	switch c.Type {
	case ledger.SQLText:
		return text, nil
	case ledger.SQLInteger:
		return typed("number", "::numeric::bigint"), nil
	case ledger.SQLReal:
		return typed("number", "::double precision"), nil
	case ledger.SQLBool:
		return typed("boolean", "::boolean"), nil
	case ledger.SQLJSON:
		return "nullif(" + value + ", 'null'::jsonb)", nil
	}
	return "", fmt.Errorf("postgres: column %s has the unknown type %d", c.Name, c.Type)
}

// replaceView makes the view unless it is there as defined. Replacing keeps what analysts
// have built upon it; where the columns do not allow that, the view is made anew.
func replaceView(ctx context.Context, tx pgx.Tx, name, definition string) error {
	var stands string
	if err := tx.QueryRow(ctx, sqlViewDefinition, name).Scan(&stands); err != nil || stands == definition {
		return err
	}
	view := pgx.Identifier{"reporting", name}.Sanitize()
	create := "CREATE OR REPLACE VIEW " + view + " AS " + definition
	err := pgx.BeginFunc(ctx, tx, func(sp pgx.Tx) error {
		_, err := sp.Exec(ctx, create)
		return err
	})
	var e *pgconn.PgError
	if errors.As(err, &e) && e.Code == "42P16" { // invalid_table_definition
		if _, err = tx.Exec(ctx, "DROP VIEW "+view); err == nil {
			_, err = tx.Exec(ctx, create)
		}
	}
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "COMMENT ON VIEW "+view+" IS '"+strings.ReplaceAll(definition, "'", "''")+"'")
	return err
}
