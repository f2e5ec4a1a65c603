// Package files keeps the content of attachments: what it is, is found out and not
// believed, pictures are drawn anew, and the bytes lie in plain tables under their hash,
// so that a backup of the database has them and any node can serve them.
//
// Who may read a file is not known here: package collab has the attachments, and a file
// that nobody attaches any more is swept away after a while.
package files

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
)

//go:embed migrations/*.sql
var migrations embed.FS

const (
	// MostLimit is the most that the limit of one file can be set to, in bytes.
	MostLimit = 256 << 20
	// kept is how long a file stays that nobody attaches: as long as a deletion can be
	// undone.
	kept = 30 * 24 * time.Hour
	// pieceSize is how many bytes a row holds.
	pieceSize = 256 << 10
	// receiving is how many files are taken in at once; each lies in memory meanwhile.
	receiving = 8
	// drawing is how many pictures are drawn anew at once; each takes memory by its pixels.
	drawing = 2
)

// Settings are what a Store is opened with.
type Settings struct {
	Clock func() time.Time
	Limit int64 // bytes that one file may have
	Quota int64 // bytes that the files of one workspace may have; 0: any
}

// Store keeps files by workspace and hash.
type Store struct {
	db       *sql.DB
	settings Settings
	in, draw chan struct{}
}

// Open brings the tables up to date.
func Open(ctx context.Context, db *sql.DB, s Settings) (*Store, error) {
	if err := ledger.MigrateRecords(ctx, db, "files", migrations); err != nil {
		return nil, err
	}
	return &Store{db: db, settings: s, in: make(chan struct{}, receiving), draw: make(chan struct{}, drawing)}, nil
}

// Limit returns how many bytes one file may have.
func (s *Store) Limit() int64 { return s.settings.Limit }

// Quota returns how many bytes the files of a workspace may have, 0 for any number.
func (s *Store) Quota() int64 { return s.settings.Quota }

// File is what is known of a content that was stored.
type File struct {
	Name          string // fit to be shown, with the ending of its type
	Type          string
	Size          int64
	SHA256        string
	Width, Height int // of a picture

	written time.Time // by this Put; zero: it was there already
}

// Put stores what r has, as what it is found to be.
//
// Errors: fault.TooLarge beyond the limit of a file or of the workspace; fault.Invalid, of
// the field "file", for what is not taken; fault.Unavailable if too many come at once.
func (s *Store) Put(ctx context.Context, workspace ledger.ID, name string, r io.Reader) (File, error) {
	select {
	case s.in <- struct{}{}:
		defer func() { <-s.in }()
	default:
		return File{}, fault.New(fault.Unavailable, "many files are being sent just now; try again in a moment")
	}
	b, err := io.ReadAll(io.LimitReader(r, s.settings.Limit+1))
	if err != nil {
		return File{}, err
	}
	if int64(len(b)) > s.settings.Limit {
		return File{}, fault.New(fault.TooLarge, "the file is larger than the %d MB that one may have", s.settings.Limit/1_000_000)
	}
	f, b, err := s.examine(ctx, name, b)
	if err != nil {
		return File{}, err
	}
	sum := sha256.Sum256(b)
	f.SHA256, f.Size = hex.EncodeToString(sum[:]), int64(len(b))
	f.written, err = s.write(ctx, workspace, f, b)
	return f, err
}

// Drop takes a content away that was stored and then could not be attached, unless it was
// there before, or somebody has sent it meanwhile.
func (s *Store) Drop(ctx context.Context, workspace ledger.ID, f File) error {
	if f.written.IsZero() {
		return nil
	}
	return s.remove(ctx, workspace.String(), f.SHA256, f.written)
}

// examine finds out what a content is. Pictures wait for their turn.
func (s *Store) examine(ctx context.Context, name string, b []byte) (File, []byte, error) {
	kind, err := sniff(name, b)
	if err != nil {
		return File{}, nil, err
	}
	f := File{Name: named(name, kind), Type: kind.media}
	if !kind.picture {
		return f, b, nil
	}
	select {
	case s.draw <- struct{}{}:
		defer func() { <-s.draw }()
	case <-ctx.Done():
		return File{}, nil, ctx.Err()
	}
	p, err := redraw(b)
	if err != nil {
		return File{}, nil, err
	}
	f.Type, f.Width, f.Height = p.media, p.width, p.height
	f.Name = named(name, kinds[p.media])
	return f, p.bytes, nil
}

// write stores a content with its pieces, all at once, and says when. One that is there is
// kept longer.
func (s *Store) write(ctx context.Context, workspace ledger.ID, f File, b []byte) (written time.Time, err error) {
	at := s.settings.Clock()
	now := at.UnixMicro()
	seen, err := s.db.ExecContext(ctx, `UPDATE files SET seen = $1 WHERE workspace = $2 AND sha256 = $3`, now, workspace.String(), f.SHA256)
	if err != nil {
		return written, err
	}
	if n, err := seen.RowsAffected(); err != nil || n > 0 {
		return written, err
	}
	used, err := s.Used(ctx, workspace)
	if err != nil {
		return written, err
	}
	if s.settings.Quota > 0 && used+f.Size > s.settings.Quota {
		return written, fault.New(fault.TooLarge, "with this the files of the workspace would have more than the %d MB that there is room for; delete some, or ask who runs the server for more", s.settings.Quota/1_000_000)
	}
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return written, err
	}
	defer func() {
		if err != nil {
			_ = tx.Rollback() // the error is the first one's
		}
	}()
	if _, err = tx.ExecContext(ctx, `INSERT INTO files(workspace, sha256, size, seen) VALUES ($1, $2, $3, $4) ON CONFLICT (workspace, sha256) DO UPDATE SET seen = excluded.seen`,
		workspace.String(), f.SHA256, f.Size, now); err != nil {
		return written, err
	}
	for n := 0; n*pieceSize < len(b); n++ {
		piece := b[n*pieceSize : min((n+1)*pieceSize, len(b))]
		if _, err = tx.ExecContext(ctx, `INSERT INTO file_pieces(workspace, sha256, n, bytes) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
			workspace.String(), f.SHA256, n, piece); err != nil {
			return written, err
		}
	}
	err = tx.Commit()
	return at, err
}

// Used returns how many bytes the files of a workspace have.
func (s *Store) Used(ctx context.Context, workspace ledger.ID) (n int64, err error) {
	err = s.db.QueryRowContext(ctx, `SELECT CAST(coalesce(sum(size), 0) AS bigint) FROM files WHERE workspace = $1`, workspace.String()).Scan(&n)
	return n, err
}

// Open returns a content to be read. It is a NotFound once it was swept away.
func (s *Store) Open(ctx context.Context, workspace ledger.ID, sum string) (io.ReadSeeker, error) {
	c := &content{ctx: ctx, db: s.db, workspace: workspace.String(), sum: sum, at: -1}
	err := s.db.QueryRowContext(ctx, `SELECT size FROM files WHERE workspace = $1 AND sha256 = $2`, c.workspace, sum).Scan(&c.size)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fault.New(fault.NotFound, "the content of this file is gone; files that were deleted are kept for 30 days")
	}
	return c, err
}

// content reads a file piece by piece.
type content struct {
	ctx            context.Context
	db             *sql.DB
	workspace, sum string
	size, off      int64
	at             int64 // the piece that is held
	piece          []byte
}

// Read implements io.Reader.
func (c *content) Read(p []byte) (int, error) {
	if c.off >= c.size {
		return 0, io.EOF
	}
	if n := c.off / pieceSize; n != c.at {
		err := c.db.QueryRowContext(c.ctx, `SELECT bytes FROM file_pieces WHERE workspace = $1 AND sha256 = $2 AND n = $3`, c.workspace, c.sum, n).Scan(&c.piece)
		if err != nil {
			return 0, fmt.Errorf("piece %d of file %s: %w", n, c.sum, err)
		}
		c.at = n
	}
	from := c.off % pieceSize
	if from >= int64(len(c.piece)) {
		return 0, io.ErrUnexpectedEOF
	}
	n := copy(p, c.piece[from:])
	c.off += int64(n)
	return n, nil
}

// Seek implements io.Seeker.
func (c *content) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += c.off
	case io.SeekEnd:
		offset += c.size
	}
	if offset < 0 {
		return 0, errors.New("files: seek before the beginning")
	}
	c.off = offset
	return offset, nil
}

// Sweep notes which files are attached, by workspace, and removes those that were not for
// a month, and those of workspaces that are not named.
func (s *Store) Sweep(ctx context.Context, attached map[ledger.ID]map[string]bool) error {
	now := s.settings.Clock()
	rows, err := s.db.QueryContext(ctx, `SELECT workspace, sha256, seen FROM files`)
	if err != nil {
		return err
	}
	type file struct {
		workspace, sum string
		seen           int64
	}
	var all []file
	for rows.Next() {
		var f file
		if err := rows.Scan(&f.workspace, &f.sum, &f.seen); err != nil {
			return errors.Join(err, rows.Close())
		}
		all = append(all, f)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, f := range all {
		id, err := ledger.ParseID(f.workspace)
		if err != nil {
			return err
		}
		of, there := attached[id]
		switch {
		case of[f.sum]:
			_, err = s.db.ExecContext(ctx, `UPDATE files SET seen = $1 WHERE workspace = $2 AND sha256 = $3`, now.UnixMicro(), f.workspace, f.sum)
		case !there:
			err = s.remove(ctx, f.workspace, f.sum, now)
		case f.seen < now.Add(-kept).UnixMicro():
			err = s.remove(ctx, f.workspace, f.sum, now.Add(-kept))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// remove takes a file away, unless it was sent again meanwhile.
func (s *Store) remove(ctx context.Context, workspace, sum string, before time.Time) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	gone, err := tx.ExecContext(ctx, `DELETE FROM files WHERE workspace = $1 AND sha256 = $2 AND seen <= $3`, workspace, sum, before.UnixMicro())
	if err == nil {
		var n int64
		if n, err = gone.RowsAffected(); err == nil && n > 0 {
			_, err = tx.ExecContext(ctx, `DELETE FROM file_pieces WHERE workspace = $1 AND sha256 = $2`, workspace, sum)
		}
	}
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// ForgetWorkspace takes all files of a workspace that is no more away.
func (s *Store) ForgetWorkspace(ctx context.Context, workspace ledger.ID) error {
	return ledger.ForgetRecords(ctx, s.db, workspace, `DELETE FROM files WHERE workspace = $1`, `DELETE FROM file_pieces WHERE workspace = $1`)
}
