package importweb

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/throughline-pm/throughline/internal/exchange"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
)

// job is one import from the upload to the report.
type job struct {
	ID        ledger.ID `json:"-"`
	Workspace ledger.ID `json:"-"`
	Account   ledger.ID `json:"-"`
	Begun     time.Time `json:"-"`
	version   int64

	File    string `json:"file"` // its name
	Size    int64  `json:"size"` // as it was sent
	History string `json:"history,omitzero"`
	Rows    int    `json:"rows"`

	Kind    string            `json:"kind,omitzero"` // "": each row says it
	Mapping *exchange.Mapping `json:"mapping"`
	Mapped  bool              `json:"mapped,omitzero"` // somebody has looked at it
	// Fields are the custom fields that the import makes first; lines of the mapping
	// lead to them.
	Fields  []newField        `json:"fields,omitempty"`
	Repairs []exchange.Repair `json:"repairs,omitempty"`
	Skipped []int             `json:"skipped,omitempty"` // rows whose problems stay, by somebody's will

	Promised  int              `json:"promised,omitzero"` // the rows that the dry run offered
	Before    ledger.Seq       `json:"before,omitzero"`   // the position at which it was started
	Started   time.Time        `json:"started,omitzero"`
	Ended     time.Time        `json:"ended,omitzero"`
	Failure   string           `json:"failure,omitzero"` // why nothing was imported
	Report    *exchange.Report `json:"report,omitzero"`
	Positions []ledger.Seq     `json:"positions,omitempty"` // of the commits that it made, in order
	Undone    bool             `json:"undone,omitzero"`
}

// newField is a custom field that an import makes.
type newField struct {
	Name  string `json:"name"`
	Label string `json:"label"`
	Type  string `json:"type"`
}

// running is the import of a workspace that is being written.
type running struct {
	Import, Account ledger.ID
	File            string
	Done, Total     int
	Stop            bool
}

// The parts of an upload.
const (
	partFile    = "file"
	partHistory = "history"
)

// store keeps imports between their steps.
type store struct {
	db    *sql.DB
	clock func() time.Time
}

func (s store) create(ctx context.Context, j *job) error {
	doc, err := json.Marshal(j)
	if err != nil {
		return err
	}
	j.Begun = s.clock()
	_, err = s.db.ExecContext(ctx, `INSERT INTO web_imports(id, workspace, account, begun, version, doc) VALUES ($1, $2, $3, $4, 1, $5)`,
		j.ID.String(), j.Workspace.String(), j.Account.String(), j.Begun.UnixMicro(), string(doc))
	j.version = 1
	return err
}

// save writes what a step has changed. It is a Conflict if another window was faster.
func (s store) save(ctx context.Context, j *job) error {
	doc, err := json.Marshal(j)
	if err != nil {
		return err
	}
	done, err := s.db.ExecContext(ctx, `UPDATE web_imports SET version = version + 1, doc = $1 WHERE id = $2 AND version = $3`, string(doc), j.ID.String(), j.version)
	if err != nil {
		return err
	}
	n, err := done.RowsAffected()
	if err == nil && n == 0 {
		err = fault.New(fault.Conflict, "this import was changed in another window meanwhile; load the page again")
	}
	if err != nil {
		return err
	}
	j.version++
	return nil
}

func (s store) find(ctx context.Context, workspace, account, id ledger.ID) (*job, error) {
	all, err := s.query(ctx, `SELECT id, workspace, account, begun, version, doc FROM web_imports WHERE id = $1 AND workspace = $2 AND account = $3`,
		id.String(), workspace.String(), account.String())
	if err == nil && len(all) == 0 {
		err = fault.New(fault.NotFound, "there is no import %s", id)
	}
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// latest returns the newest imports of an account.
func (s store) latest(ctx context.Context, workspace, account ledger.ID, most int) ([]*job, error) {
	return s.query(ctx, `SELECT id, workspace, account, begun, version, doc FROM web_imports WHERE workspace = $1 AND account = $2 ORDER BY begun DESC, id DESC LIMIT $3`,
		workspace.String(), account.String(), most)
}

func (s store) query(ctx context.Context, text string, args ...any) (all []*job, err error) {
	rows, err := s.db.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var j job
		var id, workspace, account, doc string
		var begun int64
		if err := rows.Scan(&id, &workspace, &account, &begun, &j.version, &doc); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(doc), &j); err != nil {
			return nil, fmt.Errorf("import %s: %w", id, err)
		}
		j.Begun = time.UnixMicro(begun)
		for _, x := range []struct {
			to   *ledger.ID
			text string
		}{{&j.ID, id}, {&j.Workspace, workspace}, {&j.Account, account}} {
			if *x.to, err = ledger.ParseID(x.text); err != nil {
				return nil, err
			}
		}
		all = append(all, &j)
	}
	return all, rows.Err()
}

// forget removes an import and its file.
func (s store) forget(ctx context.Context, id ledger.ID) error {
	if _, err := s.db.ExecContext(ctx, `DELETE FROM web_import_pieces WHERE import = $1`, id.String()); err != nil {
		return err
	}
	_, err := s.db.ExecContext(ctx, `DELETE FROM web_imports WHERE id = $1`, id.String())
	return err
}

// leave removes all imports into a workspace.
func (s store) leave(ctx context.Context, workspace ledger.ID) error {
	const pieces = `DELETE FROM web_import_pieces WHERE import IN (SELECT id FROM web_imports WHERE workspace = $1)`
	if _, err := s.db.ExecContext(ctx, pieces, workspace.String()); err != nil {
		return err
	}
	return ledger.ForgetRecords(ctx, s.db, workspace, `DELETE FROM web_imports WHERE workspace = $1`, `DELETE FROM web_import_runs WHERE workspace = $1`)
}

// sweep removes the files of imports that are older than files, and imports that are older
// than records.
func (s store) sweep(ctx context.Context, files, records time.Duration) error {
	now := s.clock()
	// identifiers ascend with time; of an upload that broke off there is nothing but pieces
	oldest := ledger.NewID(ledger.TimeOf(now.Add(-files))).String()
	if _, err := s.db.ExecContext(ctx, `DELETE FROM web_import_pieces WHERE import < $1`, oldest); err != nil {
		return err
	}
	_, err := s.db.ExecContext(ctx, `DELETE FROM web_imports WHERE begun < $1`, now.Add(-records).UnixMicro())
	return err
}

// pieceSize is how many packed bytes a row holds.
const pieceSize = 512 << 10

// put keeps a part of an upload and returns its size.
func (s store) put(ctx context.Context, id ledger.ID, part string, r io.Reader) (int64, error) {
	w := bufio.NewWriterSize(&pieceWriter{store: s, ctx: ctx, id: id, part: part}, pieceSize)
	packed := gzip.NewWriter(w)
	n, err := io.Copy(packed, r)
	if err != nil {
		return n, err
	}
	if err := packed.Close(); err != nil {
		return n, err
	}
	return n, w.Flush()
}

// pieceWriter writes each piece it is given as a row.
type pieceWriter struct {
	store store
	ctx   context.Context
	id    ledger.ID
	part  string
	n     int
}

func (w *pieceWriter) Write(p []byte) (int, error) {
	w.n++
	_, err := w.store.db.ExecContext(w.ctx, `INSERT INTO web_import_pieces(import, part, n, bytes) VALUES ($1, $2, $3, $4)`,
		w.id.String(), w.part, w.n, base64.StdEncoding.EncodeToString(p))
	return len(p), err
}

// open returns a part of an upload as it was sent.
func (s store) open(ctx context.Context, id ledger.ID, part string) (io.ReadCloser, error) {
	return gzip.NewReader(&pieceReader{store: s, ctx: ctx, id: id, part: part})
}

// pieceReader reads the rows of a part, one at a time.
type pieceReader struct {
	store store
	ctx   context.Context
	id    ledger.ID
	part  string
	n     int
	rest  bytes.Reader
}

func (r *pieceReader) Read(p []byte) (int, error) {
	if r.rest.Len() == 0 {
		r.n++
		var text string
		err := r.store.db.QueryRowContext(r.ctx, `SELECT bytes FROM web_import_pieces WHERE import = $1 AND part = $2 AND n = $3`, r.id.String(), r.part, r.n).Scan(&text)
		switch {
		case errors.Is(err, sql.ErrNoRows) && r.n == 1:
			return 0, fault.New(fault.NotFound, "the file is kept for a day and is gone; begin again with it")
		case errors.Is(err, sql.ErrNoRows):
			return 0, io.EOF
		case err != nil:
			return 0, err
		}
		piece, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return 0, err
		}
		r.rest.Reset(piece)
	}
	return r.rest.Read(p)
}

// held is how long a writer that says nothing counts as alive.
const held = 30 * time.Second

// claim makes the import the one that is written in its workspace. It is a Conflict while
// another one is.
func (s store) claim(ctx context.Context, j *job) error {
	now := s.clock()
	done, err := s.db.ExecContext(ctx, `INSERT INTO web_import_runs(workspace, import, account, file, held, done, total, stop) VALUES ($1, $2, $3, $4, $5, 0, 0, 0)
ON CONFLICT (workspace) DO UPDATE SET import = excluded.import, account = excluded.account, file = excluded.file, held = excluded.held, done = 0, total = 0, stop = 0
WHERE web_import_runs.held < $6`, j.Workspace.String(), j.ID.String(), j.Account.String(), j.File, now.Add(held).UnixMicro(), now.UnixMicro())
	if err != nil {
		return err
	}
	n, err := done.RowsAffected()
	if err == nil && n == 0 {
		err = fault.New(fault.Conflict, "another import is being written in this workspace; wait until it is done")
	}
	return err
}

// tell keeps a claim alive and notes how far it is. It reports whether to go on.
func (s store) tell(ctx context.Context, j *job, done, total int) (bool, error) {
	told, err := s.db.ExecContext(ctx, `UPDATE web_import_runs SET held = $1, done = $2, total = $3 WHERE workspace = $4 AND import = $5 AND stop = 0`,
		s.clock().Add(held).UnixMicro(), done, total, j.Workspace.String(), j.ID.String())
	if err != nil {
		return true, err
	}
	n, err := told.RowsAffected()
	return n > 0, err
}

// halt asks who writes the import to end.
func (s store) halt(ctx context.Context, j *job) error {
	_, err := s.db.ExecContext(ctx, `UPDATE web_import_runs SET stop = 1 WHERE workspace = $1 AND import = $2`, j.Workspace.String(), j.ID.String())
	return err
}

// release ends a claim.
func (s store) release(ctx context.Context, j *job) error {
	_, err := s.db.ExecContext(ctx, `DELETE FROM web_import_runs WHERE workspace = $1 AND import = $2`, j.Workspace.String(), j.ID.String())
	return err
}

// current returns the import that is being written in a workspace; nil for none.
func (s store) current(ctx context.Context, workspace ledger.ID) (*running, error) {
	var r running
	var id, account string
	var stop int
	err := s.db.QueryRowContext(ctx, `SELECT import, account, file, done, total, stop FROM web_import_runs WHERE workspace = $1 AND held >= $2`,
		workspace.String(), s.clock().UnixMicro()).Scan(&id, &account, &r.File, &r.Done, &r.Total, &stop)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	r.Stop = stop == 1
	if r.Import, err = ledger.ParseID(id); err != nil {
		return nil, err
	}
	r.Account, err = ledger.ParseID(account)
	return &r, err
}
