package ledger

import (
	"context"
	"errors"
	"fmt"
)

// brake is the store of a ledger: once a write has failed in a way after which the
// database may not be trusted, it lets no other through, whoever asks. The kernel of the
// operating system may have dropped the pages, and a later sync would succeed without
// them: neither a retry nor a look tells what the disk has, only a new start does. Reads
// go on.
type brake struct {
	Store
	l *Ledger
}

// write runs a write, unless there may be no more.
func (b brake) write(f func() error) error {
	if err := b.l.Broken(); err != nil {
		return unavailable(err)
	}
	err := b.l.noteFailure(f())
	if errors.Is(err, ErrBroken) || errors.Is(err, ErrFull) {
		err = answer(err)
	}
	return err
}

// noteFailure returns err; after one that is ErrBroken there are no more writes.
func (l *Ledger) noteFailure(err error) error {
	if !errors.Is(err, ErrBroken) || l.Broken() != nil {
		return err
	}
	err = fmt.Errorf("%w; whether the last changes were kept shows after the restart", err)
	l.broken.Store(&err)
	l.log.Error("storage failed, no more writes until restart", "error", err)
	return err
}

func (b brake) Begin(ctx context.Context, ws []ID) (Txn, map[ID]Head, error) {
	if err := b.l.Broken(); err != nil {
		return nil, nil, err
	}
	txn, heads, err := b.Store.Begin(ctx, ws)
	return txn, heads, b.l.noteFailure(err)
}

func (b brake) CreateWorkspace(ctx context.Context, w WorkspaceRow) error {
	return b.write(func() error { return b.Store.CreateWorkspace(ctx, w) })
}

func (b brake) RemoveWorkspace(ctx context.Context, ws ID) error {
	return b.write(func() error { return b.Store.RemoveWorkspace(ctx, ws) })
}

func (b brake) Lease(ctx context.Context, name string, holder ID, now, until Time) (held bool, err error) {
	err = b.write(func() (err error) {
		held, err = b.Store.Lease(ctx, name, holder, now, until)
		return err
	})
	return held, err
}

func (b brake) SetCursor(ctx context.Context, ws ID, follower string, at Seq) error {
	return b.write(func() error { return b.Store.SetCursor(ctx, ws, follower, at) })
}

func (b brake) IndexText(ctx context.Context, ws ID, rows []TextRow) error {
	return b.write(func() error { return b.Store.IndexText(ctx, ws, rows) })
}

func (b brake) CreateViews(ctx context.Context, views []SQLView) error {
	return b.write(func() error { return b.Store.CreateViews(ctx, views) })
}
