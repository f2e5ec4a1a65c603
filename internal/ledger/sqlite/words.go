package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/throughline-pm/throughline/internal/ledger"
)

// The words of long texts stand in a full-text table without content: the kernel has
// folded them, the engine only finds them.

// IndexText implements ledger.Store.
func (s *Store) IndexText(ctx context.Context, ws ledger.ID, rows []ledger.TextRow) error {
	return s.write(ctx, func() error {
		for _, r := range rows {
			var at int64
			err := s.conn.QueryRowContext(ctx, `SELECT rowid_in_words FROM texts WHERE workspace_id = ? AND kind = ? AND id = ?`,
				ws[:], r.Kind, r.ID[:]).Scan(&at)
			known := err == nil
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return err
			}
			if known {
				if err := s.exec(ctx, `DELETE FROM words WHERE rowid = ?`, at); err != nil {
					return err
				}
				if err := s.exec(ctx, `DELETE FROM texts WHERE workspace_id = ? AND kind = ? AND id = ?`, ws[:], r.Kind, r.ID[:]); err != nil {
					return err
				}
			}
			if len(r.Words) == 0 {
				continue
			}
			var next int64
			if err := s.conn.QueryRowContext(ctx, `SELECT coalesce(max(rowid_in_words), 0) + 1 FROM texts`).Scan(&next); err != nil {
				return err
			}
			if err := s.exec(ctx, `INSERT INTO words(rowid, body) VALUES(?, ?)`, next, strings.Join(r.Words, " ")); err != nil {
				return err
			}
			if err := s.exec(ctx, `INSERT INTO texts(workspace_id, kind, id, rowid_in_words) VALUES(?, ?, ?, ?)`, ws[:], r.Kind, r.ID[:], next); err != nil {
				return err
			}
		}
		return nil
	})
}

// SearchText implements ledger.Store.
func (s *Store) SearchText(ctx context.Context, ws ledger.ID, words []string, limit int) ([]ledger.TextHit, error) {
	var query []string
	for _, w := range words {
		query = append(query, `"`+strings.ReplaceAll(w, `"`, `""`)+`"*`)
	}
	if len(query) == 0 {
		return nil, nil
	}
	rows, err := s.readers.QueryContext(ctx, `SELECT t.kind, t.id, -bm25(words) FROM words JOIN texts t ON t.rowid_in_words = words.rowid
		WHERE words MATCH ? AND t.workspace_id = ? ORDER BY bm25(words) LIMIT ?`, strings.Join(query, " "), ws[:], limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []ledger.TextHit
	for rows.Next() {
		var h ledger.TextHit
		var id []byte
		if err := rows.Scan(&h.Kind, &id, &h.Rank); err != nil {
			return nil, err
		}
		copy(h.ID[:], id)
		out = append(out, h)
	}
	return out, rows.Err()
}
