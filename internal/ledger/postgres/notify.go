package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// A notification inside the transaction would make all commits of the database queue
	// for one lock, at a third of the speed. It goes out after them, and is a hint.
	sqlNotify = `SELECT pg_notify('throughline_changed', $1)`
	sqlListen = `LISTEN throughline_changed`

	// together is the time in which commits share a notification.
	together = 5 * time.Millisecond

	// quiet is the silence after which a listening connection is tried: one that the
	// network dropped without a word looks the same.
	quiet = time.Minute

	firstRetry = 50 * time.Millisecond
	lastRetry  = 5 * time.Second
)

// Changed implements ledger.Store.
func (s *Store) Changed() <-chan struct{} { return s.changed }

// tell notifies the other processes of commits, the first at once and at most once in the
// time together.
func (s *Store) tell(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.wrote:
		}
		// An error costs the others the wait for their next look at the heads.
		_ = s.do(ctx, func(ctx context.Context, conn *pgx.Conn) error {
			_, err := conn.Exec(ctx, sqlNotify, s.name)
			return err
		})
		if !sleep(ctx, together) {
			return
		}
	}
}

// listen delivers the notifications of others to Changed, on a connection of its own that
// is made again whenever it breaks.
func (s *Store) listen(ctx context.Context, config *pgx.ConnConfig) {
	retry := firstRetry
	for ctx.Err() == nil {
		if s.listenOnce(ctx, config) {
			retry = firstRetry
		}
		if !sleep(ctx, retry) {
			return
		}
		retry = min(2*retry, lastRetry)
	}
}

// listenOnce listens until the connection breaks, and reports whether it ever worked.
func (s *Store) listenOnce(ctx context.Context, config *pgx.ConnConfig) bool {
	conn, err := pgx.ConnectConfig(ctx, config.Copy())
	if err != nil {
		return false
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(ctx)
	}()
	if _, err := conn.Exec(ctx, sqlListen); err != nil {
		return false
	}
	s.hint() // for what was told while nobody listened
	for {
		waiting, cancel := context.WithTimeout(ctx, quiet)
		n, err := conn.WaitForNotification(waiting)
		timeout := waiting.Err() != nil
		cancel()
		switch {
		case ctx.Err() != nil:
			return true
		case err == nil:
			if n.Payload != s.name {
				s.hint()
			}
		case timeout:
			trying, cancel := context.WithTimeout(ctx, patience/2)
			err := conn.Ping(trying)
			cancel()
			if err != nil {
				return true
			}
		default:
			return true
		}
	}
}

func (s *Store) hint() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// sleep waits for d and reports whether ctx is still there.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
