package backup_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/ledger/backup"
	"github.com/throughline-pm/throughline/internal/ledger/ledgertest"
	"github.com/throughline-pm/throughline/internal/ledger/postgres"
	"github.com/throughline-pm/throughline/internal/ledger/postgres/pgtest"
	"github.com/throughline-pm/throughline/internal/ledger/sqlite"
)

// store is what a backup is made of.
type store interface {
	ledger.Store
	backup.Source
}

// engine makes databases; where says which.
type engine struct {
	name    string
	where   func(t *testing.T) string
	open    func(ctx context.Context, where string) (store, error)
	restore func(ctx context.Context, where string, from io.Reader) error
}

var engines = []engine{
	{
		"sqlite",
		func(t *testing.T) string { return filepath.Join(t.TempDir(), "throughline.db") },
		func(ctx context.Context, where string) (store, error) { return sqlite.Open(ctx, where) },
		sqlite.Restore,
	},
	{
		"postgres",
		func(t *testing.T) string {
			dsn := pgtest.DSN(t)
			openStore(t, dsn, func(ctx context.Context, where string) (store, error) { return postgres.Open(ctx, where) }).Close()
			return dsn
		},
		func(ctx context.Context, where string) (store, error) { return postgres.Open(ctx, where) },
		postgres.Restore,
	},
}

func each(t *testing.T, f func(t *testing.T, e engine)) {
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) { f(t, e) })
	}
}

func openStore(t *testing.T, where string, open func(context.Context, string) (store, error)) store {
	t.Helper()
	s, err := open(context.Background(), where)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (e engine) store(t *testing.T, where string) store { return openStore(t, where, e.open) }

// addProduct writes one commit.
func addProduct(t *testing.T, l *ledger.Ledger, ws ledger.ID, name string) {
	t.Helper()
	_, err := l.Update(context.Background(), ws, ledgertest.Ann, "add", func(tx *ledger.Tx) error {
		_, err := ledgertest.Products.Create(tx, ledgertest.Product{Name: name, Prefix: prefix(name)})
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// prefix makes a prefix of a number in words.
func prefix(name string) string {
	var b strings.Builder
	for _, r := range name {
		switch {
		case r >= '0' && r <= '9':
			b.WriteByte(byte('A' + r - '0'))
		case r >= 'a' && r <= 'z':
			b.WriteRune(r - 'a' + 'A')
		}
	}
	return b.String()
}

// TestABackupUnderLoadIsOneMomentWithAllItsHashes backs up while several write, and holds
// what was restored against the journal.
func TestABackupUnderLoadIsOneMomentWithAllItsHashes(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		from := e.store(t, e.where(t))
		l := ledgertest.Open(t, from, ledger.Options{})
		var spaces []ledger.ID
		for _, slug := range []string{"first", "second"} {
			ws, err := l.CreateWorkspace(t.Context(), slug)
			if err != nil {
				t.Fatal(err)
			}
			addProduct(t, l, ws, "before")
			spaces = append(spaces, ws)
		}
		if _, err := from.DB().ExecContext(t.Context(), `INSERT INTO record_migrations(owner, number, name, applied_at) VALUES ('test', 1, 'x', 1)`); err != nil {
			t.Fatal(err)
		}
		stop := make(chan struct{})
		var writers sync.WaitGroup
		for i, ws := range spaces {
			writers.Go(func() {
				for n := 0; ; n++ {
					select {
					case <-stop:
						return
					default:
						addProduct(t, l, ws, fmt.Sprintf("p%dx%d", i, n))
					}
				}
			})
		}
		file := filepath.Join(t.TempDir(), "first.backup")
		m, err := backup.Create(t.Context(), file, backup.Manifest{Engine: e.name, MadeBy: "a test"}, from)
		close(stop)
		writers.Wait()
		if err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the file is %v, %v", info.Mode(), err)
		}

		f, err := backup.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if diff := cmp.Diff(m, f.Manifest); diff != "" {
			t.Error(diff)
		}
		where := e.where(t)
		if err := e.restore(t.Context(), where, f.Content); err != nil {
			t.Fatal(err)
		}
		to := e.store(t, where)
		restored := ledgertest.Open(t, to, ledger.Options{})
		rows, err := to.Workspaces(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(m.Workspaces, backup.Describe(rows)); diff != "" || len(rows) != 2 {
			t.Errorf("the restored workspaces: %s", diff)
		}
		for _, w := range m.Workspaces {
			n, err := restored.Verify(t.Context(), w.ID)
			if err != nil || ledger.Seq(n) != w.Seq {
				t.Errorf("%s: %d commits of %d, %v", w.Slug, n, w.Seq, err)
			}
			s, err := restored.At(t.Context(), w.ID, ledgertest.Ann, 0)
			if err != nil {
				t.Fatal(err)
			}
			if got := ledgertest.Products.Len(s); got != n {
				t.Errorf("%s: %d products by %d commits", w.Slug, got, n)
			}
			addProduct(t, restored, w.ID, "after")
		}
	})
}

// small makes a backup of a database with one workspace.
func small(t *testing.T, e engine) (file string) {
	t.Helper()
	s := e.store(t, e.where(t))
	l := ledgertest.Open(t, s, ledger.Options{})
	ws, err := l.CreateWorkspace(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	addProduct(t, l, ws, "fieldbook")
	file = filepath.Join(t.TempDir(), "a.backup")
	if _, err := backup.Create(t.Context(), file, backup.Manifest{Engine: e.name}, s); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestEveryChangedByteIsFound changes bytes all over the file: each of the first and last
// ones, and some of those between.
func TestEveryChangedByteIsFound(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		file := small(t, e)
		good, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		damaged := filepath.Join(t.TempDir(), "damaged")
		dice := rand.New(rand.NewPCG(1, 2))
		try := func(what string, b []byte) {
			t.Helper()
			if err := os.WriteFile(damaged, b, 0o600); err != nil {
				t.Fatal(err)
			}
			if f, err := backup.Open(damaged); !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: Open = %v, %v", what, f, err)
			}
		}
		for n := range 1000 {
			at := n
			switch {
			case n >= 600:
				at = dice.IntN(len(good))
			case n >= 300:
				at = len(good) - 1 - (n - 300)
			}
			bad := bytes.Clone(good)
			bad[at] ^= byte(1 << dice.IntN(8))
			try(fmt.Sprintf("byte %d of %d", at, len(good)), bad)
		}
		for _, n := range []int{0, 1, 20, 21, 90, len(good) / 2, len(good) - 1} {
			try(fmt.Sprintf("the first %d bytes", n), good[:n])
		}
		try("another byte", append(bytes.Clone(good), '\n'))
	})
}

func TestRestoreWantsADatabaseThatIsEmptyAndUnused(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		file := small(t, e)
		restore := func(where string) error {
			f, err := backup.Open(file)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			return e.restore(t.Context(), where, f.Content)
		}
		where := e.where(t)
		s := e.store(t, where)
		if err := restore(where); !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "in use") {
			t.Errorf("while it is open: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := restore(where); err != nil {
			t.Fatalf("when it is closed: %v", err)
		}
		if err := restore(where); !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "holds 1 workspaces") {
			t.Errorf("when it is filled: %v", err)
		}
		l := ledgertest.Open(t, e.store(t, where), ledger.Options{})
		all, err := l.Workspaces(t.Context())
		if err != nil || len(all) != 1 {
			t.Errorf("afterwards there are %v, %v", all, err)
		}
	})
}

// TestARestoreThatFailsLeavesTheDatabaseEmpty gives each engine half of what it wants.
func TestARestoreThatFailsLeavesTheDatabaseEmpty(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		f, err := backup.Open(small(t, e))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		content, err := io.ReadAll(f.Content)
		if err != nil {
			t.Fatal(err)
		}
		where := e.where(t)
		for _, n := range []int{1, 100, len(content) / 3, len(content) / 2} {
			if err := e.restore(t.Context(), where, bytes.NewReader(content[:n])); err == nil {
				t.Errorf("%d bytes of %d were restored", n, len(content))
			}
		}
		l := ledgertest.Open(t, e.store(t, where), ledger.Options{})
		if all, err := l.Workspaces(t.Context()); err != nil || len(all) != 0 {
			t.Errorf("afterwards there are %v, %v", all, err)
		}
	})
}

// TestABackupThatFailsLeavesNoFile lets the source fail before and after it has begun.
func TestABackupThatFailsLeavesNoFile(t *testing.T) {
	dir := t.TempDir()
	broken := errors.New("the database broke")
	for name, s := range map[string]source{
		"at the start": func(func([]ledger.WorkspaceRow) (io.Writer, error)) error { return broken },
		"in the middle": func(begin func([]ledger.WorkspaceRow) (io.Writer, error)) error {
			w, err := begin(nil)
			if err != nil {
				return err
			}
			if _, err := io.WriteString(w, "half"); err != nil {
				return err
			}
			return broken
		},
	} {
		if _, err := backup.Create(t.Context(), filepath.Join(dir, "b"), backup.Manifest{}, s); !errors.Is(err, broken) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

type source func(func([]ledger.WorkspaceRow) (io.Writer, error)) error

func (s source) Dump(_ context.Context, begin func([]ledger.WorkspaceRow) (io.Writer, error)) error {
	return s(begin)
}

func TestABackupReplacesNoFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "b")
	if err := os.WriteFile(file, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := backup.Create(t.Context(), file, backup.Manifest{}, source(nil)); !fault.Is(err, fault.Conflict) {
		t.Errorf("Create = %v", err)
	}
}

// TestTheTextOfPostgresIsNotTrusted: a file may have a right sum and wrong content.
func TestTheTextOfPostgresIsNotTrusted(t *testing.T) {
	where := engines[1].where(t)
	for _, text := range []string{
		"DROP TABLE workspaces;\n",
		"COPY \"workspaces\" (\"id\") FROM PROGRAM 'date';\n\\.\n",
		"COPY \"pg_authid\" (\"rolname\") FROM stdin;\nx\n\\.\n",
		"COPY \"workspaces\" (\"id\", \"colour\") FROM stdin;\n\\.\n",
	} {
		if err := postgres.Restore(t.Context(), where, strings.NewReader(text)); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestPostgresHasNothingThatATextCannotHold: numbers from a sequence would start anew.
func TestPostgresHasNothingThatATextCannotHold(t *testing.T) {
	conn, err := pgx.Connect(t.Context(), engines[1].where(t))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	var sequences int
	if err := conn.QueryRow(t.Context(), `SELECT count(*) FROM pg_sequences`).Scan(&sequences); err != nil || sequences != 0 {
		t.Errorf("%d sequences, %v", sequences, err)
	}
}

// FuzzOpen: no file makes the reader fail otherwise than with an answer.
func FuzzOpen(f *testing.F) {
	f.Add([]byte("throughline-backup 1\n{}\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		file := filepath.Join(t.TempDir(), "b")
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := backup.Open(file); !fault.Is(err, fault.Invalid) {
			t.Errorf("Open = %v", err)
		}
	})
}
