package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/throughline-pm/throughline/internal/config"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/ledger/backup"
	"github.com/throughline-pm/throughline/internal/ledger/postgres"
	"github.com/throughline-pm/throughline/internal/ledger/sqlite"
)

// Backup writes the whole database, as it is at one moment, to a new file.
func (a *App) Backup(ctx context.Context, path string) (backup.Manifest, error) {
	return backup.Create(ctx, path, backup.Manifest{
		Engine: engineName(a.Config), MadeAt: a.clock().UTC(), MadeBy: Version(),
	}, a.engine)
}

func engineName(c *config.Config) string {
	if c.DatabaseURL != "" {
		return "postgres"
	}
	return "sqlite"
}

// Restore fills the empty installation that c describes with the backup at path, and
// compares what is there then with what the backup says.
//
// Errors: fault.Invalid for a file that is no whole backup, or one of another engine;
// fault.Conflict for an installation that is in use or not empty.
func Restore(ctx context.Context, c *config.Config, path string, o Options) (backup.Manifest, error) {
	f, err := backup.Open(path)
	if err != nil {
		return backup.Manifest{}, err
	}
	defer f.Close()
	if have, want := engineName(c), f.Manifest.Engine; have != want {
		return f.Manifest, fault.New(fault.Invalid, "this is a backup of %s, and the installation is one of %s", want, have)
	}
	o.Create = true
	if err := checkEmpty(ctx, c, o); err != nil {
		return f.Manifest, err
	}
	if c.DatabaseURL != "" {
		err = postgres.Restore(ctx, c.DatabaseURL, f.Content)
	} else {
		err = sqlite.Restore(ctx, c.Database(), f.Content)
	}
	if err != nil {
		return f.Manifest, fmt.Errorf("restore %s: %w", path, err)
	}
	return f.Manifest, compare(ctx, c, f.Manifest)
}

// checkEmpty makes the installation if there is none, and refuses one with accounts;
// workspaces are looked for once more when nobody else can make one.
func checkEmpty(ctx context.Context, c *config.Config, o Options) error {
	a, err := Open(ctx, c, o)
	if err != nil {
		return err
	}
	all, err := a.Accounts.All(ctx)
	if err == nil && len(all) > 0 {
		err = fault.New(fault.Conflict, "the database holds %d accounts; restore into an empty one", len(all))
	}
	return errors.Join(err, a.Close())
}

// compare verifies the hashes of every workspace and holds them against the manifest. The
// key need not be there yet, so the installation is not opened.
func compare(ctx context.Context, c *config.Config, m backup.Manifest) error {
	engine, err := openEngine(ctx, c)
	if err != nil {
		return err
	}
	l, err := ledger.Open(ctx, engine, ledger.Options{Registry: newRegistry()})
	if err != nil {
		return errors.Join(err, engine.Close())
	}
	defer l.Close()
	rows, err := engine.Workspaces(ctx)
	if err != nil {
		return err
	}
	have := map[backup.Workspace]bool{}
	for _, w := range backup.Describe(rows) {
		have[w] = true
	}
	for _, w := range m.Workspaces {
		if !have[w] {
			return fmt.Errorf("workspace %s was not restored as it was backed up", w.Slug)
		}
		if n, err := l.Verify(ctx, w.ID); err != nil {
			return fmt.Errorf("workspace %s, after %d commits: %w", w.Slug, n, err)
		}
	}
	return nil
}
