package app

import (
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/throughline-pm/throughline/internal/config"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger/postgres/pgtest"
)

// quiet is a log that nobody reads.
var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// configs make a configuration of a new installation on each engine.
var configs = map[string]func(t *testing.T) *config.Config{
	"sqlite":   func(t *testing.T) *config.Config { return load(t, nil) },
	"postgres": func(t *testing.T) *config.Config { return load(t, map[string]string{"database-url": pgtest.DSN(t)}) },
}

// load returns the configuration with some options, in a data folder that does not exist.
func load(t *testing.T, options map[string]string) *config.Config {
	t.Helper()
	flags := map[string]string{"data": filepath.Join(t.TempDir(), "data"), "addr": "127.0.0.1:0"}
	for name, value := range options {
		flags[name] = value
	}
	c, err := config.Load(flags, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// open opens an installation, and closes it with the test.
func open(t *testing.T, c *config.Config, o Options) *App {
	t.Helper()
	if o.Log == nil {
		o.Log = quiet
	}
	a, err := Open(context.Background(), c, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return a
}

func TestThereIsNoInstallationUnlessOneIsMade(t *testing.T) {
	c := load(t, nil)
	if _, err := Open(t.Context(), c, Options{Log: quiet}); !fault.Is(err, fault.NotFound) {
		t.Errorf("Open = %v, want a NotFound", err)
	}
	if err := os.Mkdir(c.Data, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), c, Options{Log: quiet}); !fault.Is(err, fault.NotFound) {
		t.Errorf("Open of an empty folder = %v, want a NotFound", err)
	}
	open(t, c, Options{Create: true})
	open(t, c, Options{})
}

func TestTheDataFolderIsItsOwnersAlone(t *testing.T) {
	c := load(t, nil)
	if err := os.Mkdir(c.Data, 0o755); err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	open(t, c, Options{Create: true, Log: slog.New(slog.NewTextHandler(&log, nil))})
	for path, want := range map[string]os.FileMode{c.Data: 0o700, c.KeyFile(): 0o600} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, want %v", path, info.Mode().Perm(), want)
		}
	}
	if !strings.Contains(log.String(), "others had rights") {
		t.Errorf("the log does not warn: %s", log.String())
	}
}

func TestEveryInstallationHasAKeyOfItsOwn(t *testing.T) {
	var keys []string
	for range 2 {
		c := load(t, nil)
		for range 2 { // the second start finds the key of the first
			a, err := Open(t.Context(), c, Options{Create: true, Log: quiet})
			if err != nil {
				t.Fatal(err)
			}
			if err := a.Close(); err != nil {
				t.Fatal(err)
			}
			key, err := secretKey(c, quiet)
			if err != nil {
				t.Fatal(err)
			}
			keys = append(keys, string(key))
		}
	}
	if keys[0] != keys[1] || keys[2] != keys[3] || keys[0] == keys[2] || len(keys[0]) < 32 {
		t.Errorf("keys = %q", keys)
	}
}

func TestAKeyThatWasToldIsTaken(t *testing.T) {
	const told = "0123456789abcdef0123456789abcdef"
	c := load(t, map[string]string{"secret-key": told})
	open(t, c, Options{Create: true})
	if key, err := secretKey(c, quiet); err != nil || string(key) != told {
		t.Errorf("key = %q, %v", key, err)
	}
	if _, err := os.Stat(c.KeyFile()); !os.IsNotExist(err) {
		t.Errorf("a key file was made all the same: %v", err)
	}
}

func TestADamagedKeyIsRefused(t *testing.T) {
	c := load(t, nil)
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(c.KeyFile(), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), c, Options{Create: true, Log: quiet}); err == nil || !strings.Contains(err.Error(), "put back") {
		t.Errorf("Open = %v", err)
	}
}

func TestAWorkspaceIsFoundByItsSlugOrAlone(t *testing.T) {
	for name, fresh := range configs {
		t.Run(name, func(t *testing.T) {
			a := open(t, fresh(t), Options{Create: true})
			if _, err := a.Workspace(t.Context(), ""); !fault.Is(err, fault.NotFound) {
				t.Errorf("without one: %v", err)
			}
			one, err := a.Ledger.CreateWorkspace(t.Context(), "one")
			if err != nil {
				t.Fatal(err)
			}
			if id, err := a.Workspace(t.Context(), ""); err != nil || id != one {
				t.Errorf("the only one: %v, %v", id, err)
			}
			if _, err := a.Workspace(t.Context(), "two"); !fault.Is(err, fault.NotFound) {
				t.Errorf("another one: %v", err)
			}
			two, err := a.Ledger.CreateWorkspace(t.Context(), "two")
			if err != nil {
				t.Fatal(err)
			}
			if id, err := a.Workspace(t.Context(), "two"); err != nil || id != two {
				t.Errorf("by slug: %v, %v", id, err)
			}
			if _, err := a.Workspace(t.Context(), ""); !fault.Is(err, fault.Invalid) {
				t.Errorf("one of two: %v", err)
			}
		})
	}
}
