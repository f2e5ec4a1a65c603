package access

import (
	"context"
	"database/sql"
	"math"
	"time"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
)

// Session is one sign-in of an account, as its owner sees it.
type Session struct {
	ID        ledger.ID
	CreatedAt ledger.Time
	SeenAt    ledger.Time // to the minute
	From      Client      // at sign-in
}

// The principals by session and by token, in the same columns.
const (
	selectSession = `SELECT s.id, '', 'admin', '', s.created_at, s.seen_at, 0, ` + accountColumns + `
		FROM sessions s JOIN accounts a ON a.id = s.account WHERE a.disabled = 0`
	selectToken = `SELECT '', t.id, t.scope, t.workspace, t.created_at, t.seen_at, t.expires_at, ` + accountColumns + `
		FROM tokens t JOIN accounts a ON a.id = t.account WHERE a.disabled = 0 AND t.revoked_at = 0`

	selectSessionByHash = selectSession + ` AND s.hash = $1`
	selectTokenByHash   = selectToken + ` AND t.hash = $1`
)

// selectKnownOf finds the session or token that p came by.
func selectKnownOf(p Principal) string {
	if p.Token.IsZero() {
		return selectSession + ` AND s.id = $1`
	}
	return selectToken + ` AND t.id = $1`
}

// id is that of the session or token that p came by.
func (p Principal) id() ledger.ID {
	if p.Token.IsZero() {
		return p.Session
	}
	return p.Token
}

// SignIn starts a session and returns its secret, which is new whatever the browser held
// before. Who has no account, a wrong password or a disabled account gets the same answer,
// Unauthenticated, after the same work. Errors: TooMany beyond SignInLimit.
func (a *Accounts) SignIn(ctx context.Context, email, password string, from Client) (Principal, string, error) {
	email = foldEmail(email)
	p := Principal{From: from}
	if err := a.throttle(ctx, p, email); err != nil {
		return Principal{}, "", err
	}
	var kept string
	if err := query(ctx, a.db, func(rows *sql.Rows) error {
		return rows.Scan(append(p.Account.into(), &kept)...)
	}, `SELECT `+accountColumns+`, a.password FROM accounts a WHERE a.email = $1`, knownForm(email)); err != nil {
		return Principal{}, "", err
	}
	right, err := a.hasher.verify(ctx, kept, password)
	if err != nil {
		return Principal{}, "", err
	}
	if !right || p.Account.Disabled {
		return Principal{}, "", a.refuse(ctx, p, email)
	}
	if a.hasher.weaker(kept) {
		if kept, err = a.rehash(ctx, p.Account.ID, kept, password); err != nil {
			return Principal{}, "", err
		}
	}
	now := a.now()
	secret := newSecret("tls_")
	p.Session, p.Scope = ledger.NewID(now), ScopeAdmin
	entered := false
	err = a.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		// the password and the account still stand as they were checked
		n, err := affected(tx.ExecContext(ctx, `INSERT INTO sessions(id, hash, account, created_at, seen_at, addr, agent)
			SELECT CAST($1 AS text), CAST($2 AS text), id, CAST($3 AS bigint), CAST($3 AS bigint), CAST($4 AS text), CAST($5 AS text)
			FROM accounts WHERE id = $6 AND password = $7 AND disabled = 0`,
			p.Session, hashOf(secret), now, printable(from.Addr), printable(from.Agent), p.Account.ID, kept))
		if err != nil || n == 0 {
			return err
		}
		entered = true
		if _, err := tx.ExecContext(ctx, `UPDATE accounts SET seen_at = $2 WHERE id = $1`, p.Account.ID, now); err != nil {
			return err
		}
		return a.note(ctx, tx, p, "sign in", p.Session, "")
	})
	if err == nil && !entered {
		err = a.refuse(ctx, p, email)
	}
	if err != nil {
		return Principal{}, "", err
	}
	a.limits.Forget(SignInLimit, signInKey(email, from))
	return p, secret, nil
}

// signInKey is short, however long what is typed.
func signInKey(email string, from Client) string { return hashOf(email + " " + place(from.Addr)) }

// throttle counts a try of a password and refuses too many of them.
func (a *Accounts) throttle(ctx context.Context, p Principal, email string) error {
	err := a.limits.Take(SignInLimit, signInKey(email, p.From))
	if err != nil && a.limits.Take(throttleNoteLimit, signInKey(email, p.From)) == nil {
		if err := a.remark(ctx, p, "password tries throttled", p.Account.ID, knownForm(email)); err != nil {
			return err
		}
	}
	return err
}

// refuse notes a wrong password and returns the answer to it.
func (a *Accounts) refuse(ctx context.Context, p Principal, email string) error {
	if err := a.remark(ctx, p, "password refused", p.Account.ID, knownForm(email)); err != nil {
		return err
	}
	return fault.New(fault.Unauthenticated, "the e-mail address or the password is wrong")
}

// rehash keeps a right password under today's parameters and returns what is kept now.
func (a *Accounts) rehash(ctx context.Context, id ledger.ID, kept, password string) (string, error) {
	hash, err := a.hasher.hash(ctx, password)
	if err != nil {
		return "", err
	}
	err = a.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE accounts SET password = $3 WHERE id = $1 AND password = $2`, id, kept, hash)
		return err
	})
	return hash, err
}

// Reauthenticate checks the password of a principal's account once more, before what must
// not be done at a screen that was left open: a new address, password or token. Errors:
// Unauthenticated, TooMany beyond SignInLimit, counted together with sign-ins.
func (a *Accounts) Reauthenticate(ctx context.Context, p Principal, password string) error {
	if p.Session.IsZero() {
		return fault.New(fault.Forbidden, "a token has no password; sign in")
	}
	if err := a.throttle(ctx, p, p.Account.Email); err != nil {
		return err
	}
	var kept string
	if err := query(ctx, a.db, func(rows *sql.Rows) error { return rows.Scan(&kept) },
		`SELECT password FROM accounts WHERE id = $1`, p.Account.ID); err != nil {
		return err
	}
	right, err := a.hasher.verify(ctx, kept, password)
	if err != nil {
		return err
	}
	if !right {
		return a.refuse(ctx, p, p.Account.Email)
	}
	a.limits.Forget(SignInLimit, signInKey(p.Account.Email, p.From))
	return nil
}

// ChangePassword sets a new password and ends all other sessions and all tokens of the
// account: somebody else may have made them. Errors: Invalid for fields "old" and "new",
// TooMany, Forbidden for a token.
func (a *Accounts) ChangePassword(ctx context.Context, p Principal, old, password string) error {
	if err := a.Reauthenticate(ctx, p, old); fault.Is(err, fault.Unauthenticated) {
		var f fault.Fields
		f.Add("old", "is not your password")
		return f.Err()
	} else if err != nil {
		return err
	}
	return a.setPassword(ctx, p, "change password", "new", p.Account, p.Session, password, nil)
}

// setPassword gives an account a new password and ends what the old one has opened, but
// for one session. first runs before, in the same transaction.
func (a *Accounts) setPassword(ctx context.Context, by Principal, verb, field string, of Account, keep ledger.ID, password string,
	first func(context.Context, *sql.Tx) error,
) error {
	var f fault.Fields
	checkPassword(field, password, []string{of.Email, of.Name}, &f)
	if err := f.Err(); err != nil {
		return err
	}
	hash, err := a.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	return a.change(ctx, []ledger.ID{of.ID}, func(ctx context.Context, tx *sql.Tx) error {
		if first != nil {
			if err := first(ctx, tx); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, `UPDATE accounts SET password = $2 WHERE id = $1`, of.ID, hash); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM sessions WHERE account = $1 AND id <> $2`, of.ID, keep); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE tokens SET revoked_at = $2 WHERE account = $1 AND revoked_at = 0`, of.ID, a.now()); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM resets WHERE account = $1`, of.ID); err != nil {
			return err
		}
		return a.note(ctx, tx, by, verb, of.ID, "")
	})
}

// BySession returns who a session's secret stands for, as it was at most 500 ms ago.
// Unauthenticated: it is unknown, has ended, or its account is disabled.
func (a *Accounts) BySession(ctx context.Context, secret string) (Principal, error) {
	return a.by(ctx, credential{hash: hashOf(secret)}, selectSessionByHash)
}

// by returns the principal of a credential, from memory if it is there.
func (a *Accounts) by(ctx context.Context, c credential, text string) (Principal, error) {
	if err := a.refresh(ctx, maxAge); err != nil {
		return Principal{}, err
	}
	now := a.now()
	k, epoch := a.memory.recall(c)
	// another process may have seen it used since
	for kept := a.ends(k) > now; !kept; _, epoch = a.memory.recall(c) {
		var err error
		if k, err = a.read(ctx, text, c.hash); err != nil {
			return Principal{}, err
		}
		if a.ends(k) <= now {
			return Principal{}, ended()
		}
		kept = a.memory.keep(c, k, epoch)
	}
	if a.memory.use(c, k, now) {
		a.writeUse(ctx, k.p, now)
	}
	return k.p, nil
}

func ended() error {
	return fault.New(fault.Unauthenticated, "the session or token has ended; sign in again")
}

// read returns a principal as it stands in the database.
func (a *Accounts) read(ctx context.Context, text string, arg any) (k known, err error) {
	k.expires = -1
	err = query(ctx, a.db, func(rows *sql.Rows) error {
		p := &k.p
		return rows.Scan(append([]any{&p.Session, &p.Token, &p.Scope, &p.Workspace, &k.created, &k.seen, &k.expires}, p.Account.into()...)...)
	}, text, arg)
	if err == nil && k.expires < 0 {
		err = ended()
	}
	k.written = k.seen
	return k, err
}

// ends returns when a principal ends by itself.
func (a *Accounts) ends(k known) ledger.Time {
	switch {
	case k.p.id().IsZero():
		return 0
	case !k.p.Session.IsZero():
		return min(k.created+micros(a.set.Absolute), k.seen+micros(a.set.Idle))
	case k.expires == 0:
		return math.MaxInt64
	}
	return k.expires
}

func micros(d time.Duration) ledger.Time { return ledger.Time(d.Microseconds()) }

// writeUse writes that a principal is in use. Who reads is let in even if nothing can be
// written, so a failure is only told.
func (a *Accounts) writeUse(ctx context.Context, p Principal, now ledger.Time) {
	text := `UPDATE sessions SET seen_at = $2 WHERE id = $1 AND seen_at < $2`
	if p.Session.IsZero() {
		text = `UPDATE tokens SET seen_at = $2 WHERE id = $1 AND seen_at < $2`
	}
	if err := a.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, text, p.id(), now); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE accounts SET seen_at = $2 WHERE id = $1 AND seen_at < $2`, p.Account.ID, now)
		return err
	}); err != nil {
		a.set.Log.Warn("cannot write when a session or token was last used", "id", p.id(), "error", err)
	}
}

// SignOut ends the session of a principal. It is no error if it has ended.
func (a *Accounts) SignOut(ctx context.Context, p Principal) error {
	return a.endSessions(ctx, p, "sign out", p.Session, `DELETE FROM sessions WHERE account = $1 AND id = $2`)
}

// Sessions returns the sessions of a principal's account, the latest used first. Errors:
// Forbidden for narrow tokens.
func (a *Accounts) Sessions(ctx context.Context, p Principal) (all []Session, err error) {
	if err := p.mayManage(p.Account.ID); err != nil {
		return nil, err
	}
	now := a.now()
	err = query(ctx, a.db, func(rows *sql.Rows) error {
		var s Session
		defer func() { all = append(all, s) }()
		return rows.Scan(&s.ID, &s.CreatedAt, &s.SeenAt, &s.From.Addr, &s.From.Agent)
	}, `SELECT id, created_at, seen_at, addr, agent FROM sessions WHERE account = $1 AND created_at > $2 AND seen_at > $3
		ORDER BY seen_at DESC, id`, p.Account.ID, now-micros(a.set.Absolute), now-micros(a.set.Idle))
	return all, err
}

// EndSession ends one session of the principal's account; of another account there is
// none. Errors: Forbidden.
func (a *Accounts) EndSession(ctx context.Context, p Principal, id ledger.ID) error {
	if err := p.mayManage(p.Account.ID); err != nil {
		return err
	}
	return a.endSessions(ctx, p, "end session", id, `DELETE FROM sessions WHERE account = $1 AND id = $2`)
}

// EndOtherSessions ends all sessions of the principal's account but its own. Errors:
// Forbidden.
func (a *Accounts) EndOtherSessions(ctx context.Context, p Principal) error {
	if err := p.mayManage(p.Account.ID); err != nil {
		return err
	}
	return a.endSessions(ctx, p, "end other sessions", p.Session, `DELETE FROM sessions WHERE account = $1 AND id <> $2`)
}

// endSessions runs a statement that ends sessions of the principal's account.
func (a *Accounts) endSessions(ctx context.Context, p Principal, verb string, id ledger.ID, text string) error {
	return a.change(ctx, []ledger.ID{p.Account.ID}, func(ctx context.Context, tx *sql.Tx) error {
		n, err := affected(tx.ExecContext(ctx, text, p.Account.ID, id))
		if err != nil || n == 0 {
			return err
		}
		return a.note(ctx, tx, p, verb, id, "")
	})
}
