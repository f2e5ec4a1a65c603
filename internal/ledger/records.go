package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"
)

// MigrateRecords brings the plain tables of one owner, usually a slice, up to date. The
// file system holds them as migrations/0001_name.sql and so on, one text for both engines
// (docs/adr/0012 has the common subset). A statement ends with a semicolon at the end of
// its line. Each file runs once, in a transaction; processes that start at once take turns.
// Migrations only add, so numbers above this program's are left alone.
func MigrateRecords(ctx context.Context, db *sql.DB, owner string, migrations fs.FS) error {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	// the usual case takes no lock, so a second process opens while the first one writes
	var have int
	if err := db.QueryRowContext(ctx, `SELECT count(*) FROM record_migrations WHERE owner = $1`, owner).Scan(&have); err != nil {
		return fmt.Errorf("migrations of %s: %w", owner, err)
	}
	if have >= len(names) {
		return nil
	}
	for _, name := range names {
		if err := migrateRecord(ctx, db, owner, name, migrations); err != nil {
			return fmt.Errorf("migration %s of %s: %w", path.Base(name), owner, err)
		}
	}
	return nil
}

// The row is written before the file runs: another process that does the same waits for
// this transaction and then finds it done.
const noteMigration = `INSERT INTO record_migrations(owner, number, name, applied_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`

func migrateRecord(ctx context.Context, db *sql.DB, owner, name string, migrations fs.FS) error {
	digits, what, _ := strings.Cut(strings.TrimSuffix(path.Base(name), ".sql"), "_")
	number, err := strconv.Atoi(digits)
	if err != nil {
		return err
	}
	text, err := fs.ReadFile(migrations, name)
	if err != nil {
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	noted, err := tx.ExecContext(ctx, noteMigration, owner, number, what, time.Now().UnixMicro())
	if err != nil {
		return err
	}
	if n, err := noted.RowsAffected(); err != nil || n == 0 {
		return err
	}
	for statement := range strings.SplitSeq(string(text), ";\n") {
		if statement = strings.TrimSpace(statement); statement == "" {
			continue
		}
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// ForgetRecords runs statements that empty plain tables of what they keep of a workspace
// that is no more, each with its identifier as $1, in one transaction. Who has a table with
// a column workspace has such a statement: the program's tests look for rows that nobody
// forgets.
func ForgetRecords(ctx context.Context, db *sql.DB, workspace ID, statements ...string) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := ForgetRecordsIn(ctx, tx, workspace, statements...); err != nil {
		return err
	}
	return tx.Commit()
}

// ForgetRecordsIn is ForgetRecords in a transaction of the caller's.
func ForgetRecordsIn(ctx context.Context, tx *sql.Tx, workspace ID, statements ...string) error {
	for _, statement := range statements {
		if _, err := tx.ExecContext(ctx, statement, workspace.String()); err != nil {
			return fmt.Errorf("forget a workspace: %w", err)
		}
	}
	return nil
}
