package access

import (
	"context"
	"database/sql"
	"sync"
	"time"

	"github.com/throughline-pm/throughline/internal/ledger"
)

// visitEnds is how long after the last page a visit is over.
const visitEnds = ledger.Time(30 * time.Minute / time.Microsecond)

// visitLasts is how long a visit is remembered.
const visitLasts = logLasts

// Visit is the end of a visit of an account to a workspace.
type Visit struct {
	At  ledger.Time
	Seq ledger.Seq // the newest position that could be seen
}

// IsZero reports whether there was no visit.
func (v Visit) IsZero() bool { return v.At == 0 }

// visits are what this process knows of the visits that go on.
type visits struct {
	mu  sync.Mutex
	all map[visitor]visiting
}

type visitor struct{ account, workspace ledger.ID }

// visiting is a visit that goes on.
type visiting struct {
	seen, written ledger.Time
	before        Visit
}

// keptVisits bounds the memory of visits; what is dropped is read again.
const keptVisits = 20_000

// Visit notes that an account sees a workspace at a position, and returns the end of its
// visit before. A visit ends after half an hour in which nothing was noted. It is written
// at most once a minute, so an end is known to the minute.
func (a *Accounts) Visit(ctx context.Context, account, workspace ledger.ID, at ledger.Seq) (Visit, error) {
	who, now := visitor{account, workspace}, a.now()
	a.visits.mu.Lock()
	v, known := a.visits.all[who]
	fresh := known && now-v.seen < visitEnds && now-v.written < useWritten
	if fresh {
		v.seen = now
		a.visits.all[who] = v
	}
	a.visits.mu.Unlock()
	if fresh {
		return v.before, nil
	}
	// one statement, because several processes may serve one person
	err := a.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO visits(account, workspace, seen_at, seen_seq, before_at, before_seq)
			VALUES ($1, $2, $3, $4, 0, 0) ON CONFLICT(account, workspace) DO UPDATE SET
			before_at = CASE WHEN visits.seen_at <= $5 THEN visits.seen_at ELSE visits.before_at END,
			before_seq = CASE WHEN visits.seen_at <= $5 THEN visits.seen_seq ELSE visits.before_seq END,
			seen_at = $3, seen_seq = $4`,
			account, workspace, now, at, now-visitEnds); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, `SELECT before_at, before_seq FROM visits WHERE account = $1 AND workspace = $2`, account, workspace).
			Scan(&v.before.At, &v.before.Seq)
	})
	if err != nil {
		return Visit{}, err
	}
	v.seen, v.written = now, now
	a.visits.mu.Lock()
	defer a.visits.mu.Unlock()
	if a.visits.all == nil || len(a.visits.all) >= keptVisits {
		a.visits.all = map[visitor]visiting{}
	}
	a.visits.all[who] = v
	return v.before, nil
}

// LastVisit returns the end of the visit before the one that goes on, without noting
// anything: for programs. It is zero if there was none.
func (a *Accounts) LastVisit(ctx context.Context, account, workspace ledger.ID) (v Visit, err error) {
	err = query(ctx, a.db, func(rows *sql.Rows) error { return rows.Scan(&v.At, &v.Seq) },
		`SELECT CASE WHEN seen_at <= $3 THEN seen_at ELSE before_at END, CASE WHEN seen_at <= $3 THEN seen_seq ELSE before_seq END
		FROM visits WHERE account = $1 AND workspace = $2`, account, workspace, a.now()-visitEnds)
	return v, err
}

// Seen returns when each account was in a workspace last, to the minute.
func (a *Accounts) Seen(ctx context.Context, workspace ledger.ID) (map[ledger.ID]ledger.Time, error) {
	seen := map[ledger.ID]ledger.Time{}
	err := query(ctx, a.db, func(rows *sql.Rows) error {
		var id ledger.ID
		var at ledger.Time
		err := rows.Scan(&id, &at)
		seen[id] = at
		return err
	}, `SELECT account, seen_at FROM visits WHERE workspace = $1`, workspace)
	return seen, err
}
