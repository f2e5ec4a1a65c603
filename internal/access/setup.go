package access

import (
	"context"
	"crypto/rand"
	"database/sql"
	"strings"
	"time"

	"github.com/throughline-pm/throughline/internal/fault"
)

// setupLasts is how long a setup code may be used.
const setupLasts = 24 * time.Hour

// SetupCode returns a new code that lets whoever reads the console make the first account,
// or "" if there has been an account. It is good for one use within a day; only its hash
// is kept.
func (a *Accounts) SetupCode(ctx context.Context) (string, error) {
	if needs, err := a.NeedsSetup(ctx); err != nil || !needs {
		return "", err
	}
	code := rand.Text()[:20] // 100 bits, to be typed
	code = strings.Join([]string{code[:5], code[5:10], code[10:15], code[15:]}, "-")
	return code, a.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO setup_codes(hash, expires_at) VALUES ($1, $2)`, setupHash(code), a.now()+micros(setupLasts))
		return err
	})
}

// setupHash hashes a code as typed.
func setupHash(code string) string {
	return hashOf(strings.NewReplacer("-", "", " ", "").Replace(strings.ToUpper(code)))
}

// NeedsSetup reports whether there has never been an account.
func (a *Accounts) NeedsSetup(ctx context.Context) (bool, error) {
	if a.isSetUp.Load() {
		return false, nil
	}
	var setUp int
	err := query(ctx, a.db, func(rows *sql.Rows) error { return rows.Scan(&setUp) }, `SELECT set_up FROM access_state`)
	if err == nil && setUp != 0 {
		a.isSetUp.Store(true)
	}
	return setUp == 0, err
}

// Setup makes the first account, an administrator, for whoever knows a setup code. Errors:
// Invalid; Conflict if there is an account already.
func (a *Accounts) Setup(ctx context.Context, code string, n NewAccount) (Account, error) {
	known := 0
	err := query(ctx, a.db, func(rows *sql.Rows) error { return rows.Scan(&known) },
		`SELECT count(*) FROM setup_codes WHERE hash = $1 AND expires_at > $2`, setupHash(code), a.now())
	if err != nil {
		return Account{}, err
	}
	if known == 0 { // before any work is done for a stranger
		return Account{}, wrongCode()
	}
	made, hash, err := a.prepare(ctx, n)
	if err != nil {
		return Account{}, err
	}
	made.Admin = true
	return made, a.insert(ctx, Principal{Account: made}, "set up", made, hash, func(ctx context.Context, tx *sql.Tx) error {
		var setUp int
		if err := tx.QueryRowContext(ctx, `SELECT set_up FROM access_state`).Scan(&setUp); err != nil {
			return err
		}
		if setUp != 0 {
			return fault.New(fault.Conflict, "the server has been set up already; sign in")
		}
		used, err := affected(tx.ExecContext(ctx, `DELETE FROM setup_codes WHERE hash = $1 AND expires_at > $2`, setupHash(code), a.now()))
		if err == nil && used == 0 {
			err = wrongCode()
		}
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM setup_codes`)
		return err
	})
}

func wrongCode() error {
	var f fault.Fields
	f.Add("code", "is not the code that the server has printed on its console; start it again for a new one")
	return f.Err()
}
