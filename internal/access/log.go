package access

import (
	"context"
	"database/sql"
	"strings"
	"time"
	"unicode"

	"github.com/throughline-pm/throughline/internal/ledger"
)

// logLasts is how long the access log is kept.
const logLasts = 400 * 24 * time.Hour

// LogEntry is something that was done, or tried, with accounts.
type LogEntry struct {
	ID      ledger.ID
	At      ledger.Time
	Verb    string    // "sign in", "password refused", "make token", …
	Account ledger.ID // who did it; zero: nobody known
	Token   ledger.ID // by which token, if by one
	Subject ledger.ID // the account, session, token or invitation that it was done to
	Detail  string    // an address, a name
	From    Client
}

// LogQuery chooses entries of the log.
type LogQuery struct {
	Account ledger.ID // who did it or had it done to it; zero: all
	Verb    string    // "": all
	Before  ledger.ID // entries older than this one, for the next page
	Limit   int       // 0: 100
}

// Log returns what was done with accounts, the newest first. Errors: Forbidden unless the
// principal may manage the account, or administers the server.
func (a *Accounts) Log(ctx context.Context, p Principal, q LogQuery) (all []LogEntry, err error) {
	if q.Account.IsZero() {
		err = p.mayAdminister()
	} else {
		err = p.mayManage(q.Account)
	}
	if err != nil {
		return nil, err
	}
	if q.Limit == 0 {
		q.Limit = 100
	}
	err = query(ctx, a.db, func(rows *sql.Rows) error {
		var e LogEntry
		defer func() { all = append(all, e) }()
		return rows.Scan(&e.ID, &e.At, &e.Verb, &e.Account, &e.Token, &e.Subject, &e.Detail, &e.From.Addr, &e.From.Agent)
	}, `SELECT id, at, verb, account, token, subject, detail, addr, agent FROM access_log
		WHERE ($1 = '' OR account = $1 OR subject = $1) AND ($2 = '' OR verb = $2) AND ($3 = '' OR id < $3)
		ORDER BY id DESC LIMIT $4`, q.Account, printable(q.Verb), q.Before, q.Limit)
	return all, err
}

// note writes an entry within the transaction that it tells of.
func (a *Accounts) note(ctx context.Context, tx *sql.Tx, by Principal, verb string, subject ledger.ID, detail string) error {
	now := a.now()
	_, err := tx.ExecContext(ctx, `INSERT INTO access_log(id, at, verb, account, token, subject, detail, addr, agent)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		ledger.NewID(now), now, verb, by.Account.ID, by.Token, subject, printable(detail), printable(by.From.Addr), printable(by.From.Agent))
	return err
}

// remark writes an entry of something that changes nothing.
func (a *Accounts) remark(ctx context.Context, by Principal, verb string, subject ledger.ID, detail string) error {
	return a.tx(ctx, func(ctx context.Context, tx *sql.Tx) error { return a.note(ctx, tx, by, verb, subject, detail) })
}

// printable makes a stranger's text fit for a line of a log: nothing in it breaks the
// line, moves the cursor or changes the direction of writing, and it has an end.
func printable(s string) string {
	const most = 200
	n := 0
	return strings.Map(func(r rune) rune {
		if n++; n > most {
			return -1
		}
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// Sweep deletes what is over: sessions, resets, invitations and setup codes that have
// ended, and entries of the log and visits that are older than 400 days. A background
// loop calls it once a day.
func (a *Accounts) Sweep(ctx context.Context) error {
	now := a.now()
	return a.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM sessions WHERE created_at <= $1 OR seen_at <= $2`,
			now-micros(a.set.Absolute), now-micros(a.set.Idle)); err != nil {
			return err
		}
		for _, text := range []string{
			`DELETE FROM resets WHERE expires_at <= $1`, `DELETE FROM invitations WHERE expires_at <= $1`, `DELETE FROM setup_codes WHERE expires_at <= $1`,
		} {
			if _, err := tx.ExecContext(ctx, text, now); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM visits WHERE seen_at <= $1`, now-micros(visitLasts)); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM access_log WHERE at <= $1`, now-micros(logLasts))
		return err
	})
}
