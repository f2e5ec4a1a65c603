// Package access knows who may come in and what they may do there.
//
// Accounts, sessions, API tokens, invitations and resets stand outside any workspace, in
// plain tables: Accounts. Workspaces, products and memberships are entities inside, so
// that changes of roles stand in history; the policy table says what a role may do and is
// asked by the kernel.
package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/mail"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Account is a person who can sign in.
type Account struct {
	ID         ledger.ID
	Email      string // in its normal form
	Name       string
	Admin      bool // administers the server
	Disabled   bool
	CreatedAt  ledger.Time
	LastSeenAt ledger.Time // to the minute; 0: never
}

// NewAccount is what an account is made of.
type NewAccount struct{ Email, Name, Password string }

// Settings are what Accounts are made of.
type Settings struct {
	Clock     func() time.Time // nil: time.Now
	Mail      Mailer           // nil: links are handed over by people
	PublicURL string           // where the server is reached, for links, without a final slash
	Idle      time.Duration    // after which an unused session ends; zero: 14 days
	Absolute  time.Duration    // after which any session ends; zero: 90 days
	Log       *slog.Logger     // nil: slog.Default()
}

// Mailer sends the letters with links; package mail has one.
type Mailer interface {
	SendInvitation(ctx context.Context, l InvitationLetter) error
	SendReset(ctx context.Context, l ResetLetter) error
}

// InvitationLetter is a letter that asks somebody to join a workspace.
type InvitationLetter struct {
	To        string
	By        string // the name of who invites
	Workspace string // its name
	Link      string
	Until     time.Time
}

// ResetLetter is a letter with a link that sets a new password.
type ResetLetter struct {
	To    string
	Name  string
	Link  string
	Until time.Time
}

// Accounts are the accounts of a server with their sessions, tokens, invitations and
// resets. The methods may be called at once from any number of goroutines, and several
// processes may share one database.
//
// Errors are faults; besides those that a method names, any may be Unavailable.
type Accounts struct {
	db       *sql.DB
	set      Settings
	hasher   *hasher
	limits   *Limiter
	isSetUp  atomic.Bool
	memory   memory
	visits   visits
	stop     context.CancelFunc
	children sync.WaitGroup
}

// OpenAccounts returns the accounts that are kept in db, and brings their tables up to
// date. Close ends what it starts.
func OpenAccounts(ctx context.Context, db *sql.DB, s Settings) (*Accounts, error) {
	if s.Clock == nil {
		s.Clock = time.Now
	}
	if s.Idle == 0 {
		s.Idle = 14 * 24 * time.Hour
	}
	if s.Absolute == 0 {
		s.Absolute = 90 * 24 * time.Hour
	}
	if s.Log == nil {
		s.Log = slog.Default()
	}
	s.PublicURL = strings.TrimRight(s.PublicURL, "/")
	if err := ledger.MigrateRecords(ctx, db, "access", migrations); err != nil {
		return nil, err
	}
	a := &Accounts{db: db, set: s, hasher: newHasher(), limits: NewLimiter(s.Clock)}
	if err := a.memory.load(ctx, a); err != nil {
		return nil, fmt.Errorf("read accounts: %w", err)
	}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	a.stop = stop
	a.children.Go(func() { a.watch(background) })
	return a, nil
}

// Close ends the background work; letters that are being sent are waited for.
func (a *Accounts) Close() error {
	a.stop()
	a.children.Wait()
	return nil
}

func (a *Accounts) now() ledger.Time { return ledger.TimeOf(a.set.Clock()) }

// patience bounds every use of the database.
const patience = 10 * time.Second

// tx runs f in a transaction.
func (a *Accounts) tx(ctx context.Context, f func(context.Context, *sql.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tx, err := a.db.BeginTx(ctx, nil)
	if err != nil {
		return explain(err)
	}
	defer tx.Rollback()
	if err := f(ctx, tx); err != nil {
		return explain(err)
	}
	return explain(tx.Commit())
}

// querier is a database or a transaction.
type querier interface {
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
}

// query hands each row to scan, which copies what it keeps.
func query(ctx context.Context, q querier, scan func(*sql.Rows) error, text string, args ...any) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	rows, err := q.QueryContext(ctx, text, args...)
	if err != nil {
		return explain(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return explain(err)
		}
	}
	return explain(rows.Err())
}

// explain makes Unavailable what is the database's state and nobody's mistake.
func explain(err error) error {
	var cut net.Error
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ledger.ErrFull) || errors.Is(err, ledger.ErrBroken) || errors.As(err, &cut) {
		return &fault.Error{Kind: fault.Unavailable, Message: "accounts cannot be reached at the moment", After: 5 * time.Second, Cause: err}
	}
	return err
}

// affected returns how many rows a statement has changed.
func affected(r sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// newSecret makes a secret of 256 bits that says what it is.
func newSecret(prefix string) string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return prefix + base64.RawURLEncoding.EncodeToString(b[:])
}

// hashOf is the form in which a secret is kept. It needs neither salt nor slowness: nobody
// guesses 256 bits.
func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

const (
	accountColumns = `a.id, a.email, a.name, a.admin, a.disabled, a.created_at, a.seen_at`
	selectAccounts = `SELECT ` + accountColumns + ` FROM accounts a`
)

// into are the targets of Scan for accountColumns.
func (a *Account) into() []any {
	return []any{&a.ID, &a.Email, &a.Name, &a.Admin, &a.Disabled, &a.CreatedAt, &a.LastSeenAt}
}

func (a *Accounts) accounts(ctx context.Context, text string, args ...any) (all []Account, err error) {
	err = query(ctx, a.db, func(rows *sql.Rows) error {
		var one Account
		defer func() { all = append(all, one) }()
		return rows.Scan(one.into()...)
	}, text, args...)
	return all, err
}

func (a *Accounts) account(ctx context.Context, text string, args ...any) (Account, error) {
	all, err := a.accounts(ctx, text, args...)
	if err == nil && len(all) == 0 {
		err = fault.New(fault.NotFound, "there is no such account")
	}
	if err != nil {
		return Account{}, err
	}
	return all[0], nil
}

// ByID returns an account, or NotFound.
func (a *Accounts) ByID(ctx context.Context, id ledger.ID) (Account, error) {
	return a.account(ctx, selectAccounts+` WHERE a.id = $1`, id)
}

// ByEmail returns an account by its address in any spelling of case, or NotFound.
func (a *Accounts) ByEmail(ctx context.Context, email string) (Account, error) {
	return a.account(ctx, selectAccounts+` WHERE a.email = $1`, knownForm(email))
}

// All returns all accounts by their names.
func (a *Accounts) All(ctx context.Context) ([]Account, error) {
	return a.accounts(ctx, selectAccounts+` ORDER BY lower(a.name), a.id`)
}

// Create makes an account, as the command line does. Errors: Invalid.
func (a *Accounts) Create(ctx context.Context, n NewAccount, admin bool) (Account, error) {
	made, hash, err := a.prepare(ctx, n)
	if err != nil {
		return Account{}, err
	}
	made.Admin = admin
	return made, a.insert(ctx, Operator, "create account", made, hash, nil)
}

// prepare checks what an account is to be made of and hashes its password.
func (a *Accounts) prepare(ctx context.Context, n NewAccount) (Account, string, error) {
	var f fault.Fields
	made := Account{
		ID: ledger.NewID(a.now()), CreatedAt: a.now(),
		Email: checkEmail(n.Email, &f), Name: checkName(n.Name, &f),
	}
	checkPassword("password", n.Password, []string{made.Email, made.Name}, &f)
	if err := f.Err(); err != nil {
		return Account{}, "", err
	}
	hash, err := a.hasher.hash(ctx, n.Password)
	return made, hash, err
}

// insert writes an account; from now on there is no setup. first runs before, in the same
// transaction.
func (a *Accounts) insert(ctx context.Context, by Principal, verb string, n Account, password string, first func(context.Context, *sql.Tx) error) error {
	return a.change(ctx, []ledger.ID{n.ID}, func(ctx context.Context, tx *sql.Tx) error {
		if first != nil {
			if err := first(ctx, tx); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, `UPDATE access_state SET set_up = 1`); err != nil {
			return err
		}
		made, err := affected(tx.ExecContext(ctx, `INSERT INTO accounts(id, email, name, password, admin, disabled, created_at, seen_at)
			VALUES ($1, $2, $3, $4, $5, 0, $6, 0) ON CONFLICT DO NOTHING`, n.ID, n.Email, n.Name, password, flag(n.Admin), n.CreatedAt))
		if err == nil && made == 0 {
			err = takenEmail()
		}
		if err != nil {
			return err
		}
		return a.note(ctx, tx, by, verb, n.ID, n.Email)
	})
}

func takenEmail() error {
	var f fault.Fields
	f.Add("email", "is the address of another account; take a different one, or sign in")
	return f.Err()
}

// alter changes one account by a statement and tells every process.
func (a *Accounts) alter(ctx context.Context, by Principal, verb string, id ledger.ID, detail, text string, args ...any) error {
	return a.change(ctx, []ledger.ID{id}, func(ctx context.Context, tx *sql.Tx) error {
		n, err := affected(tx.ExecContext(ctx, text, append([]any{id}, args...)...))
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.NotFound, "there is no such account")
		}
		return a.note(ctx, tx, by, verb, id, detail)
	})
}

// SetName changes the name of an account. Errors: Invalid, Forbidden, NotFound.
func (a *Accounts) SetName(ctx context.Context, by Principal, id ledger.ID, name string) error {
	var f fault.Fields
	name = checkName(name, &f)
	if err := by.mayManage(id); err != nil {
		return err
	}
	if err := f.Err(); err != nil {
		return err
	}
	return a.alter(ctx, by, "rename account", id, name, `UPDATE accounts SET name = $2 WHERE id = $1`, name)
}

// SetEmail changes the address of an account, by which it signs in and gets letters; the
// caller has had the person Reauthenticate. Resets on their way to the old address are
// void. Errors: Invalid, Forbidden, NotFound.
func (a *Accounts) SetEmail(ctx context.Context, by Principal, id ledger.ID, email string) error {
	var f fault.Fields
	email = checkEmail(email, &f)
	if err := by.mayManage(id); err != nil {
		return err
	}
	if err := f.Err(); err != nil {
		return err
	}
	return a.change(ctx, []ledger.ID{id}, func(ctx context.Context, tx *sql.Tx) error {
		var taken, exists int
		if err := tx.QueryRowContext(ctx, `SELECT count(CASE WHEN email = $2 AND id <> $1 THEN 1 END), count(CASE WHEN id = $1 THEN 1 END)
			FROM accounts`, id, email).Scan(&taken, &exists); err != nil {
			return err
		}
		if exists == 0 {
			return fault.New(fault.NotFound, "there is no such account")
		}
		if taken > 0 {
			return takenEmail()
		}
		if _, err := tx.ExecContext(ctx, `UPDATE accounts SET email = $2 WHERE id = $1`, id, email); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM resets WHERE account = $1`, id); err != nil {
			return err
		}
		return a.note(ctx, tx, by, "change address", id, email)
	})
}

// SetAdmin makes an account an administrator of the server, or takes that from it. The
// last one stays: Conflict. Errors: Forbidden, NotFound.
func (a *Accounts) SetAdmin(ctx context.Context, by Principal, id ledger.ID, admin bool) error {
	if err := by.mayAdminister(); err != nil {
		return err
	}
	verb := "make administrator"
	if !admin {
		verb = "end administrator"
	}
	return a.change(ctx, []ledger.ID{id}, func(ctx context.Context, tx *sql.Tx) error {
		if err := updateUnlessLastAdmin(ctx, tx, id, !admin, `UPDATE accounts SET admin = $2 WHERE id = $1`, flag(admin)); err != nil {
			return err
		}
		return a.note(ctx, tx, by, verb, id, "")
	})
}

// updateUnlessLastAdmin runs a statement about an account. If it takes an administrator
// away, there must be another one. Changes come one after the other, so that two cannot
// take each other away.
func updateUnlessLastAdmin(ctx context.Context, tx *sql.Tx, id ledger.ID, takes bool, text string, args ...any) error {
	var isOne, others int
	if err := tx.QueryRowContext(ctx, `SELECT count(CASE WHEN id = $1 THEN 1 END), count(CASE WHEN id <> $1 THEN 1 END)
		FROM accounts WHERE admin = 1 AND disabled = 0`, id).Scan(&isOne, &others); err != nil {
		return err
	}
	if takes && isOne > 0 && others == 0 {
		return fault.New(fault.Conflict, "this is the last administrator of the server; make another one first")
	}
	n, err := affected(tx.ExecContext(ctx, text, append([]any{id}, args...)...))
	if err == nil && n == 0 {
		err = fault.New(fault.NotFound, "there is no such account")
	}
	return err
}

// Disable shuts an account out: its sessions end, its tokens are good for nothing until it
// is enabled again, and its resets and the invitations it has sent are void. Errors:
// Forbidden, NotFound, Conflict for the last administrator.
func (a *Accounts) Disable(ctx context.Context, by Principal, id ledger.ID) error {
	if err := by.mayAdminister(); err != nil {
		return err
	}
	return a.change(ctx, []ledger.ID{id}, func(ctx context.Context, tx *sql.Tx) error {
		if err := updateUnlessLastAdmin(ctx, tx, id, true, `UPDATE accounts SET disabled = 1 WHERE id = $1`); err != nil {
			return err
		}
		for _, text := range []string{
			`DELETE FROM sessions WHERE account = $1`, `DELETE FROM resets WHERE account = $1`, `DELETE FROM invitations WHERE invited_by = $1`,
		} {
			if _, err := tx.ExecContext(ctx, text, id); err != nil {
				return err
			}
		}
		return a.note(ctx, tx, by, "disable account", id, "")
	})
}

// Enable lets a disabled account in again. Errors: Forbidden, NotFound.
func (a *Accounts) Enable(ctx context.Context, by Principal, id ledger.ID) error {
	if err := by.mayAdminister(); err != nil {
		return err
	}
	return a.alter(ctx, by, "enable account", id, "", `UPDATE accounts SET disabled = 0 WHERE id = $1`)
}

// foldEmail is the form in which addresses are compared and kept.
func foldEmail(s string) string { return strings.ToLower(norm.NFKC.String(strings.TrimSpace(s))) }

func checkEmail(s string, f *fault.Fields) string {
	s = foldEmail(s)
	if parsed, err := mail.ParseAddress(s); err != nil || parsed.Address != s || len(s) > 254 {
		f.Add("email", "write an e-mail address like ann@example.com")
	}
	return s
}

// knownForm is the normal form of what is typed for an address, or nothing if it is none:
// people type passwords into the wrong field, and that must not stand in a log.
func knownForm(s string) string {
	var f fault.Fields
	if s = checkEmail(s, &f); f != nil {
		return ""
	}
	return s
}

func checkName(s string, f *fault.Fields) string {
	s = norm.NFC.String(strings.TrimSpace(s))
	if n := utf8.RuneCountInString(s); n == 0 || n > 100 || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		f.Add("name", "write a name of 1 to 100 characters")
	}
	return s
}
