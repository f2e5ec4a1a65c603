package postgres

import (
	"cmp"
	"context"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Migrations only add: a binary of the release before runs on the tables of this one, so
// that nodes can be replaced one after the other. Hence also a database with numbers that
// this binary does not know is fine.
//
//go:embed migrations/*.sql
var migrations embed.FS

type migration struct {
	number int
	name   string
	sql    string
}

// readMigrations returns the migrations in their order. A file is named by its number, an
// underscore and what it brings.
func readMigrations(from fs.FS) ([]migration, error) {
	names, err := fs.Glob(from, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	var all []migration
	for _, name := range names {
		number, what, _ := strings.Cut(strings.TrimSuffix(path.Base(name), ".sql"), "_")
		n, err := strconv.Atoi(number)
		if err != nil {
			return nil, fmt.Errorf("migration %s has no number", name)
		}
		text, err := fs.ReadFile(from, name)
		if err != nil {
			return nil, err
		}
		all = append(all, migration{n, what, string(text)})
	}
	slices.SortFunc(all, func(a, b migration) int { return cmp.Compare(a.number, b.number) })
	return all, nil
}

const (
	// The lock is a number that nobody else is likely to use; processes that start at
	// once take turns.
	sqlMigrationLock   = `SELECT pg_advisory_xact_lock(7311046092316)`
	sqlMigrationsThere = `SELECT to_regclass('schema_migrations') IS NOT NULL`
	sqlMigrationsTable = `CREATE TABLE schema_migrations(
		number integer PRIMARY KEY, name text NOT NULL, applied_at bigint NOT NULL)`
	sqlMigrationDone = `SELECT EXISTS (SELECT FROM schema_migrations WHERE number = $1)`
	sqlMigrationNote = `INSERT INTO schema_migrations(number, name, applied_at)
		VALUES ($1, $2, (extract(epoch FROM now()) * 1000000)::bigint)`
)

// migrate applies what the database lacks, each migration in a transaction of its own. The
// lock belongs to the transaction, so it holds behind a pooler too.
func migrate(ctx context.Context, conn *pgx.Conn) error {
	all, err := readMigrations(migrations)
	if err != nil {
		return err
	}
	for _, m := range all {
		err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, sqlMigrationLock); err != nil {
				return err
			}
			var there, done bool
			if err := tx.QueryRow(ctx, sqlMigrationsThere).Scan(&there); err != nil {
				return err
			}
			if !there {
				if _, err := tx.Exec(ctx, sqlMigrationsTable); err != nil {
					return err
				}
			}
			if err := tx.QueryRow(ctx, sqlMigrationDone, m.number).Scan(&done); err != nil || done {
				return err
			}
			// The simple protocol is the one that takes several statements.
			if _, err := conn.PgConn().Exec(ctx, m.sql).ReadAll(); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, sqlMigrationNote, m.number, m.name)
			return err
		})
		if err != nil {
			return fmt.Errorf("migration %04d_%s: %w", m.number, m.name, err)
		}
	}
	return nil
}
