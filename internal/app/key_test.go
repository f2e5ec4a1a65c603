package app

import (
	"os"
	"strings"
	"testing"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger/postgres/pgtest"
)

// TestANodeWithAnotherKeyDoesNotStart: two nodes on one database, each with a data folder.
func TestANodeWithAnotherKeyDoesNotStart(t *testing.T) {
	url := pgtest.DSN(t)
	first := load(t, map[string]string{"database-url": url})
	open(t, first, Options{Create: true})
	second := load(t, map[string]string{"database-url": url})
	if _, err := Open(t.Context(), second, Options{Create: true, Log: quiet}); !fault.Is(err, fault.Conflict) {
		t.Fatalf("Open with a key of its own = %v, want a Conflict", err)
	}
	key, err := os.ReadFile(first.KeyFile())
	if err != nil {
		t.Fatal(err)
	}
	told := load(t, map[string]string{"database-url": url, "secret-key": strings.TrimSpace(string(key))})
	open(t, told, Options{})

	if err := AdoptKey(t.Context(), second, quiet); err != nil {
		t.Fatal(err)
	}
	open(t, second, Options{})
	if _, err := Open(t.Context(), first, Options{Log: quiet}); !fault.Is(err, fault.Conflict) {
		t.Errorf("Open with the former key = %v, want a Conflict", err)
	}
}

func TestTheDatabaseDoesNotHoldTheKey(t *testing.T) {
	c := load(t, nil)
	a := open(t, c, Options{Create: true})
	key, err := secretKey(c, quiet)
	if err != nil {
		t.Fatal(err)
	}
	var mark string
	if err := a.engine.DB().QueryRowContext(t.Context(), `SELECT value FROM installation`).Scan(&mark); err != nil {
		t.Fatal(err)
	}
	if mark == "" || strings.Contains(mark, string(key)) {
		t.Errorf("the mark is %q", mark)
	}
}
