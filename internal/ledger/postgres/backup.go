package postgres

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
)

// This file builds SQL, because no driver binds the name of a table or a column. Names
// come from the server's catalogue or are compared with it, and anything that is not a
// plain word is refused.

const (
	// The tables that a backup holds: all of ours but for the notes of migrations, which
	// belong to the program that made the tables, and leases, which end with a process.
	sqlTables = `SELECT c.relname, array_agg(a.attname ORDER BY a.attnum)
		FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = current_schema()::regnamespace
			AND c.relname NOT IN ('schema_migrations', 'record_migrations', 'leases')
		GROUP BY c.relname ORDER BY c.relname`

	sqlAllWorkspaces = `SELECT id, slug, seq, hash FROM workspaces ORDER BY slug`

	// Who else is on this database, but for the server's own processes.
	sqlOthers = `SELECT count(*) FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid() AND usename IS NOT NULL`

	sqlFilled = `SELECT count(*) FROM workspaces`
)

// endOfTable is the line after the rows of a table.
const endOfTable = "\\.\n"

// Dump writes the tables, as they are at one moment, as text that psql can read. Before
// it can be read the tables are made by a program of this release or a newer one.
func (s *Store) Dump(ctx context.Context, begin func([]ledger.WorkspaceRow) (io.Writer, error)) error {
	return s.pool.AcquireFunc(ctx, func(c *pgxpool.Conn) error {
		return pgx.BeginTxFunc(ctx, c.Conn(), pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, sqlLoadTime); err != nil {
				return err
			}
			rows, err := allWorkspaces(ctx, tx)
			if err != nil {
				return err
			}
			tables, err := readTables(ctx, tx)
			if err != nil {
				return err
			}
			w, err := begin(rows)
			if err != nil {
				return err
			}
			for _, t := range tables {
				if err := t.dump(ctx, tx, w); err != nil {
					return fmt.Errorf("table %s: %w", t.name, err)
				}
			}
			return nil
		})
	})
}

func allWorkspaces(ctx context.Context, tx pgx.Tx) ([]ledger.WorkspaceRow, error) {
	rows, err := tx.Query(ctx, sqlAllWorkspaces)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (w ledger.WorkspaceRow, err error) {
		var id pgtype.UUID
		var seq int64
		var hash []byte
		err = row.Scan(&id, &w.Slug, &seq, &hash)
		w.ID, w.Head.Seq = id.Bytes, ledger.Seq(seq)
		copy(w.Head.Hash[:], hash)
		return w, err
	})
}

// table is a table with its columns.
type table struct {
	name    string
	columns []string
}

func readTables(ctx context.Context, tx pgx.Tx) ([]table, error) {
	rows, err := tx.Query(ctx, sqlTables)
	if err != nil {
		return nil, err
	}
	tables, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (t table, err error) {
		err = row.Scan(&t.name, &t.columns)
		return t, err
	})
	for _, t := range tables {
		for _, name := range append(slices.Clone(t.columns), t.name) {
			if !sqlName.MatchString(name) {
				return nil, fmt.Errorf("%q is no name of ours", name)
			}
		}
	}
	return tables, err
}

// target is the table with its columns as COPY wants them.
func (t table) target() string {
	return `"` + t.name + `" ("` + strings.Join(t.columns, `", "`) + `")`
}

func (t table) dump(ctx context.Context, tx pgx.Tx, w io.Writer) error {
	if _, err := fmt.Fprintf(w, "COPY %s FROM stdin;\n", t.target()); err != nil {
		return err
	}
	if _, err := tx.Conn().PgConn().CopyTo(ctx, w, "COPY "+t.target()+" TO STDOUT"); err != nil {
		return err
	}
	_, err := io.WriteString(w, endOfTable)
	return err
}

// Check has nothing to look through: PostgreSQL checks its pages when it reads them.
func (s *Store) Check(context.Context) error { return nil }

// Restore fills the database that dsn names, whose tables are there and hold no workspace,
// with what Dump wrote: whole or not at all.
//
// Errors: fault.Conflict if anybody else is connected to the database, or if it holds a
// workspace; fault.Invalid if from holds what this program does not know.
func Restore(ctx context.Context, dsn string, from io.Reader) error {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	conn, err := pgx.ConnectConfig(ctx, config.ConnConfig)
	if err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if err := alone(ctx, conn); err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, sqlLoadTime); err != nil {
			return err
		}
		tables, err := readTables(ctx, tx)
		if err != nil {
			return err
		}
		if err := empty(ctx, tx, tables); err != nil {
			return err
		}
		return fill(ctx, tx, tables, bufio.NewReaderSize(from, 1<<20))
	})
}

// alone returns a Conflict if somebody else is connected. The server takes a moment to
// forget a connection that has just been closed.
func alone(ctx context.Context, conn *pgx.Conn) error {
	var others int
	for range 40 {
		if err := conn.QueryRow(ctx, sqlOthers).Scan(&others); err != nil || others == 0 {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
	return fault.New(fault.Conflict, "the database is in use by %d connections; stop the servers and other programs first", others)
}

// empty takes hold of the tables, makes sure that they hold no workspace and empties them.
func empty(ctx context.Context, tx pgx.Tx, tables []table) error {
	names := make([]string, len(tables))
	for i, t := range tables {
		names[i] = `"` + t.name + `"`
	}
	if _, err := tx.Exec(ctx, "LOCK TABLE "+strings.Join(names, ", ")+" IN ACCESS EXCLUSIVE MODE"); err != nil {
		return err
	}
	var filled int
	if err := tx.QueryRow(ctx, sqlFilled).Scan(&filled); err != nil {
		return err
	}
	if filled > 0 {
		return fault.New(fault.Conflict, "the database holds %d workspaces; restore into an empty one", filled)
	}
	_, err := tx.Exec(ctx, "TRUNCATE "+strings.Join(names, ", "))
	return err
}

var copyLine = regexp.MustCompile(`^COPY "([a-z0-9_]+)" \("([a-z0-9_", ]+)"\) FROM stdin;\n$`)

// fill reads one COPY after the other.
func fill(ctx context.Context, tx pgx.Tx, tables []table, from *bufio.Reader) error {
	for {
		line, err := from.ReadString('\n')
		if err == io.EOF && line == "" {
			return nil
		}
		if err != nil {
			return err
		}
		m := copyLine.FindStringSubmatch(line)
		if m == nil {
			return fault.New(fault.Invalid, "the backup has a line that is no COPY: %.100q", line)
		}
		t := table{m[1], strings.Split(m[2], `", "`)}
		if !t.among(tables) {
			return fault.New(fault.Invalid, "the backup holds the table %s (%s), which this release does not know: restore it with the release that made it, or a newer one",
				t.name, strings.Join(t.columns, ", "))
		}
		if _, err := tx.Conn().PgConn().CopyFrom(ctx, &tableReader{r: from, start: true}, "COPY "+t.target()+" FROM STDIN"); err != nil {
			return fmt.Errorf("table %s: %w", t.name, err)
		}
	}
}

// among reports whether the table is one of those, with the same columns or more.
func (t table) among(tables []table) bool {
	return slices.ContainsFunc(tables, func(o table) bool {
		return o.name == t.name && !slices.ContainsFunc(t.columns, func(c string) bool { return !slices.Contains(o.columns, c) })
	})
}

// tableReader reads the rows of one table, up to the line that ends it.
type tableReader struct {
	r     *bufio.Reader
	part  []byte // of what was read, the rest
	start bool   // the next part begins a line
	done  bool
}

// Read implements io.Reader.
func (t *tableReader) Read(p []byte) (int, error) {
	for len(t.part) == 0 {
		if t.done {
			return 0, io.EOF
		}
		part, err := t.r.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return 0, io.ErrUnexpectedEOF
		}
		if t.start && bytes.Equal(part, []byte(endOfTable)) {
			t.done = true
			continue
		}
		t.start = err == nil
		t.part = part
	}
	n := copy(p, t.part)
	t.part = t.part[n:]
	return n, nil
}
