package access

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
)

// Token is an API token, without its secret, which is shown once and not kept.
type Token struct {
	ID        ledger.ID
	Account   ledger.ID
	Name      string
	Scope     Scope
	Workspace ledger.ID // the only one that it is good for; zero: all of the account's
	CreatedAt ledger.Time
	SeenAt    ledger.Time // to the minute; 0: never used
	ExpiresAt ledger.Time // 0: never
	RevokedAt ledger.Time // 0: in force
}

// NewToken is what a token is made of.
type NewToken struct {
	Name      string
	Scope     Scope
	Workspace ledger.ID
	ExpiresAt ledger.Time // 0: never
}

// ByToken returns who a token's secret stands for, as it was at most 500 ms ago.
// Unauthenticated: it is unknown, revoked or expired, or its account is disabled.
func (a *Accounts) ByToken(ctx context.Context, secret string) (Principal, error) {
	return a.by(ctx, credential{true, hashOf(secret)}, selectTokenByHash)
}

// NewToken makes a token for the principal's account and returns its secret. A token never
// makes one that reaches further than itself: not in scope, nor in workspaces, nor in
// time; and one that may only read makes none. After a sign-in the caller has had the
// person Reauthenticate. Errors: Invalid, Forbidden.
func (a *Accounts) NewToken(ctx context.Context, p Principal, n NewToken) (Token, string, error) {
	now := a.now()
	t := Token{
		ID: ledger.NewID(now), Account: p.Account.ID, Name: strings.TrimSpace(n.Name), Scope: n.Scope,
		Workspace: n.Workspace, CreatedAt: now, ExpiresAt: n.ExpiresAt,
	}
	var f fault.Fields
	if c := utf8.RuneCountInString(t.Name); c == 0 || c > 100 || !utf8.ValidString(t.Name) || strings.ContainsFunc(t.Name, unicode.IsControl) {
		f.Add("name", "write a name of 1 to 100 characters that says what the token is for")
	}
	if !ScopeAdmin.Covers(t.Scope) {
		f.Add("scope", "choose read, write or admin")
	}
	if t.ExpiresAt != 0 && t.ExpiresAt <= now {
		f.Add("expires_at", "choose a moment to come, or none")
	}
	if err := f.Err(); err != nil {
		return Token{}, "", err
	}
	if p.Scope == ScopeRead || !p.Scope.Covers(t.Scope) || !p.Workspace.IsZero() && t.Workspace != p.Workspace {
		return Token{}, "", fault.New(fault.Forbidden, "a token makes no token that may do more than itself")
	}
	secret := newSecret("tl_")
	err := a.change(ctx, []ledger.ID{t.ID}, func(ctx context.Context, tx *sql.Tx) error {
		if !p.Token.IsZero() {
			var until ledger.Time
			if err := tx.QueryRowContext(ctx, `SELECT expires_at FROM tokens WHERE id = $1`, p.Token).Scan(&until); err != nil {
				return err
			}
			if until != 0 && (t.ExpiresAt == 0 || t.ExpiresAt > until) {
				return fault.New(fault.Forbidden, "a token makes no token that lasts longer than itself")
			}
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO tokens(id, hash, account, name, scope, workspace, created_at, seen_at, expires_at, revoked_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, 0)`,
			t.ID, hashOf(secret), t.Account, t.Name, string(t.Scope), t.Workspace, t.CreatedAt, t.ExpiresAt); err != nil {
			return err
		}
		return a.note(ctx, tx, p, "make token", t.ID, t.Name+" ("+string(t.Scope)+")")
	})
	if err != nil {
		return Token{}, "", err
	}
	return t, secret, nil
}

// Tokens returns the tokens of an account that are in force or have expired, the newest
// first. Errors: Forbidden unless the principal may manage the account.
func (a *Accounts) Tokens(ctx context.Context, p Principal, account ledger.ID) (all []Token, err error) {
	if err := p.mayManage(account); err != nil {
		return nil, err
	}
	err = query(ctx, a.db, func(rows *sql.Rows) error {
		var t Token
		defer func() { all = append(all, t) }()
		return rows.Scan(&t.ID, &t.Account, &t.Name, &t.Scope, &t.Workspace, &t.CreatedAt, &t.SeenAt, &t.ExpiresAt, &t.RevokedAt)
	}, `SELECT id, account, name, scope, workspace, created_at, seen_at, expires_at, revoked_at FROM tokens
		WHERE account = $1 AND revoked_at = 0 ORDER BY created_at DESC, id DESC`, account)
	return all, err
}

// RevokeToken ends a token, for ever. A token may revoke itself; else the principal must
// be able to manage the account it belongs to. Errors: NotFound, also for what it may not.
func (a *Accounts) RevokeToken(ctx context.Context, p Principal, id ledger.ID) error {
	none := fault.New(fault.NotFound, "there is no such token")
	return a.change(ctx, []ledger.ID{id}, func(ctx context.Context, tx *sql.Tx) error {
		var of ledger.ID
		var name string
		err := query(ctx, tx, func(rows *sql.Rows) error { return rows.Scan(&of, &name) },
			`SELECT account, name FROM tokens WHERE id = $1 AND revoked_at = 0`, id)
		if err != nil {
			return err
		}
		if of.IsZero() || p.Token != id && p.mayManage(of) != nil {
			return none
		}
		if _, err := tx.ExecContext(ctx, `UPDATE tokens SET revoked_at = $2 WHERE id = $1`, id, a.now()); err != nil {
			return err
		}
		return a.note(ctx, tx, p, "revoke token", id, name)
	})
}

// TokensIn returns the tokens in force by which one of the accounts acts in a workspace:
// those for it alone and those for all of an account's, the newest first. That the caller
// may know of them is for the caller to know.
func (a *Accounts) TokensIn(ctx context.Context, workspace ledger.ID, accounts []ledger.ID) (all []Token, err error) {
	err = query(ctx, a.db, func(rows *sql.Rows) error {
		var t Token
		if err := rows.Scan(&t.ID, &t.Account, &t.Name, &t.Scope, &t.Workspace, &t.CreatedAt, &t.SeenAt, &t.ExpiresAt, &t.RevokedAt); err != nil {
			return err
		}
		if slices.Contains(accounts, t.Account) {
			all = append(all, t)
		}
		return nil
	}, `SELECT id, account, name, scope, workspace, created_at, seen_at, expires_at, revoked_at FROM tokens
		WHERE revoked_at = 0 AND (expires_at = 0 OR expires_at > $2) AND (workspace = $1 OR workspace = '') ORDER BY created_at DESC, id DESC`, workspace, a.now())
	return all, err
}

// RevokeTokenIn ends a token that is good for one workspace alone, in the name of who
// manages that: the caller knows that they do. A token for all of an account's workspaces
// is not one workspace's to end. Errors: NotFound; Forbidden for narrow tokens.
func (a *Accounts) RevokeTokenIn(ctx context.Context, by Principal, workspace, id ledger.ID) error {
	if by.Scope != ScopeAdmin || !by.Workspace.IsZero() && by.Workspace != workspace {
		return fault.New(fault.Forbidden, "the token may not end another")
	}
	return a.change(ctx, []ledger.ID{id}, func(ctx context.Context, tx *sql.Tx) error {
		n, err := affected(tx.ExecContext(ctx, `UPDATE tokens SET revoked_at = $3 WHERE id = $1 AND workspace = $2 AND revoked_at = 0`, id, workspace, a.now()))
		if err == nil && n == 0 {
			err = fault.New(fault.NotFound, "there is no such token for this workspace alone")
		}
		if err != nil {
			return err
		}
		return a.note(ctx, tx, by, "revoke token", id, "as admin of the workspace")
	})
}
