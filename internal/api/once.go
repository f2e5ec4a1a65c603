package api

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
)

const (
	// onceKept is how long the answer to an idempotency key is kept.
	onceKept = 24 * time.Hour
	// onceHeld is how long one request has before another with the same key takes over.
	onceHeld = time.Minute
	// oncePatience is how long a request waits for another with the same key.
	oncePatience = 10 * time.Second
	// onceLook is how often it looks.
	onceLook = 20 * time.Millisecond
	// onceRecording bounds the writing of an answer after the client has gone.
	onceRecording = 10 * time.Second
)

// request is a request with an idempotency key, as it is kept.
type request struct {
	workspace, account ledger.ID
	key                string
	hash               string
	entity             ledger.ID // what it makes, chosen before it is made
	begun, held        ledger.Time
	answer             answer
}

// once runs the call's operation. With an idempotency key it runs it once: who comes with
// the same request gets the same answer, also while the first is still at work, and after
// a crash in the middle of it. The identifier of what a create makes is written down
// before, so that whoever takes over finds what has been made.
func once(c *call) (answer, error) {
	key := c.R.Header.Get("Idempotency-Key")
	if key == "" {
		return c.op.handle(c)
	}
	if len(key) > 200 || strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return answer{}, fault.New(fault.Invalid, "the Idempotency-Key must have 1 to 200 visible characters; a UUID does")
	}
	raw, err := c.body()
	if err != nil {
		return answer{}, err
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s\n%s", c.op.Method, c.R.URL.RequestURI(), raw))
	want := request{workspace: c.Workspace.ID, account: c.Principal.Account.ID, key: key, hash: hex.EncodeToString(sum[:])}
	mine, err := c.reserve(&want)
	if err != nil || !mine {
		return want.answer, err
	}
	c.id = want.entity
	ans, err := c.op.handle(c)
	if err := c.record(want, ans, err); err != nil {
		return answer{}, err
	}
	return ans, err
}

// reserve makes the request this call's to answer, or waits for the answer that another
// gives it.
func (c *call) reserve(want *request) (mine bool, err error) {
	db := c.Kit.Ledger.DB()
	ctx, cancel := context.WithTimeout(c.Context(), oncePatience)
	defer cancel()
	for {
		now := ledger.TimeOf(c.Now())
		have, err := find(ctx, db, *want)
		switch {
		case ctx.Err() != nil:
			return false, &fault.Error{
				Kind: fault.Unavailable, After: time.Second, Cause: ctx.Err(),
				Message: "a request with this Idempotency-Key is still being answered; send it again",
			}
		case err != nil:
			return false, err
		case have == nil || have.begun < now-micros(onceKept):
			want.entity = ledger.NewID(now)
			want.begun, want.held = now, now+micros(onceHeld)
			mine, err = insert(ctx, db, *want)
		case have.hash != want.hash:
			return false, fault.New(fault.Invalid, "this Idempotency-Key belongs to another request; use a new one for each")
		case have.answer.Status != 0:
			*want = *have
			c.W.Header().Set("Idempotency-Replayed", "true")
			return false, nil
		case have.held < now:
			*want = *have
			want.held = now + micros(onceHeld)
			c.again = true
			mine, err = takeOver(ctx, db, *want, have.held)
		default:
			select {
			case <-ctx.Done():
			case <-time.After(onceLook):
			}
		}
		if mine || err != nil && ctx.Err() == nil {
			return mine, err
		}
	}
}

func micros(d time.Duration) ledger.Time { return ledger.Time(d.Microseconds()) }

func find(ctx context.Context, db *sql.DB, r request) (*request, error) {
	err := db.QueryRowContext(ctx, `SELECT request, entity, begun, held, status, location, etag, body FROM api_requests
		WHERE workspace = $1 AND account = $2 AND key = $3`, r.workspace, r.account, r.key).
		Scan(&r.hash, &r.entity, &r.begun, &r.held, &r.answer.Status, &r.answer.Location, &r.answer.ETag, &r.answer.Body)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("find a request by its key: %w", err)
	}
	return &r, nil
}

// insert writes a request down unless another has been faster, and forgets what is old.
func insert(ctx context.Context, db *sql.DB, r request) (bool, error) {
	if _, err := db.ExecContext(ctx, `DELETE FROM api_requests WHERE begun < $1`, r.begun-micros(onceKept)); err != nil {
		return false, fmt.Errorf("forget old requests: %w", err)
	}
	return changed(db.ExecContext(ctx, `INSERT INTO api_requests(workspace, account, key, request, entity, begun, held, status, location, etag, body)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 0, '', '', '') ON CONFLICT DO NOTHING`,
		r.workspace, r.account, r.key, r.hash, r.entity, r.begun, r.held))
}

// takeOver goes on with a request whose holder has gone.
func takeOver(ctx context.Context, db *sql.DB, r request, held ledger.Time) (bool, error) {
	return changed(db.ExecContext(ctx, `UPDATE api_requests SET held = $4 WHERE workspace = $1 AND account = $2 AND key = $3 AND status = 0 AND held = $5`,
		r.workspace, r.account, r.key, r.held, held))
}

func changed(result sql.Result, err error) (bool, error) {
	if err != nil {
		return false, fmt.Errorf("reserve a request: %w", err)
	}
	n, err := result.RowsAffected()
	return n > 0, err
}

// record keeps the answer. What was refused has changed nothing, so its key is free
// again; of other failures nobody knows whether something happened, so the next with the
// key takes over at once.
func (c *call) record(r request, ans answer, failure error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Context()), onceRecording)
	defer cancel()
	db := c.Kit.Ledger.DB()
	var err error
	switch kind := fault.KindOf(failure); {
	case failure == nil:
		if ans.Status == 0 {
			ans.Status = 200
		}
		_, err = db.ExecContext(ctx, `UPDATE api_requests SET status = $4, location = $5, etag = $6, body = $7
			WHERE workspace = $1 AND account = $2 AND key = $3`,
			r.workspace, r.account, r.key, ans.Status, ans.Location, ans.ETag, string(ans.Body))
	case kind == "" || kind == fault.Unavailable:
		_, err = db.ExecContext(ctx, `UPDATE api_requests SET held = 0 WHERE workspace = $1 AND account = $2 AND key = $3 AND held = $4`,
			r.workspace, r.account, r.key, r.held)
	default:
		_, err = db.ExecContext(ctx, `DELETE FROM api_requests WHERE workspace = $1 AND account = $2 AND key = $3 AND held = $4`,
			r.workspace, r.account, r.key, r.held)
	}
	if err != nil && failure == nil {
		return fmt.Errorf("keep the answer to a request: %w", err)
	}
	return nil
}

// ForgetWorkspace removes the answers that are kept of a workspace that is no more.
func (a *API) ForgetWorkspace(ctx context.Context, workspace ledger.ID) error {
	return ledger.ForgetRecords(ctx, a.kit.Ledger.DB(), workspace, `DELETE FROM api_requests WHERE workspace = $1`)
}
