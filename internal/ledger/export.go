package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
)

// ExportedCommit is a line of an exported journal.
type ExportedCommit struct {
	Seq     Seq             `json:"seq"`
	At      Time            `json:"at"`
	Actor   ID              `json:"actor"`
	Via     ID              `json:"via,omitzero"`
	Verb    string          `json:"verb"`
	Undoes  Seq             `json:"undoes,omitzero"`
	Merges  ID              `json:"merges,omitzero"`
	Entries []ExportedEntry `json:"entries"`
}

// ExportedEntry is one change of one entity: for each changed field its old and new
// value, null where there was or is none.
type ExportedEntry struct {
	N       int     `json:"n"`
	At      Time    `json:"at"`
	By      ID      `json:"by"`
	Op      Op      `json:"op"`
	Kind    string  `json:"kind"`
	ID      ID      `json:"id"`
	Changes Changes `json:"changes"`
}

// ExportJournal writes the live commits of a workspace, oldest first, as JSON Lines. An
// import stands where it became live, with all its entries. Folding the entries in
// order gives the workspace at any position. Changed secrets stand as "changed".
func (l *Ledger) ExportJournal(ctx context.Context, workspace ID, w io.Writer) error {
	ws, err := l.resident(ctx, workspace)
	if err != nil {
		return err
	}
	defer ws.unpin()
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	q := CommitQuery{UpTo: ws.committed.Load().seq, Branch: new(ID)}
	for c, err := range l.store.Commits(ctx, workspace, q) {
		if err != nil {
			return err
		}
		if err := ws.expand(ctx, &c); err != nil {
			return err
		}
		out := ExportedCommit{
			Seq: c.Seq, At: c.At, Actor: c.Actor.ID, Via: c.Actor.Via, Verb: c.Verb,
			Undoes: c.Undoes, Merges: c.Merges, Entries: make([]ExportedEntry, len(c.Entries)),
		}
		for i := range c.Entries {
			e := &c.Entries[i]
			out.Entries[i] = ExportedEntry{N: e.N, At: e.At, By: c.by(e), Op: e.Op, Kind: e.Kind, ID: e.ID, Changes: e.Changes}
		}
		if err := enc.Encode(out); err != nil {
			return err
		}
	}
	return nil
}

// Verify reads the whole journal of a workspace and checks positions and hashes: that no
// commit is missing and none was altered. It returns the number of commits. The entries
// of a dropped import are gone; its hashes still hold the chain together.
func (l *Ledger) Verify(ctx context.Context, workspace ID) (int, error) {
	heads, err := l.store.Heads(ctx, []ID{workspace})
	if err != nil {
		return 0, err
	}
	head := heads[workspace]
	dropped := map[ID]bool{}
	rows, err := l.store.Batches(ctx, BatchDropped)
	if err != nil {
		return 0, err
	}
	for _, row := range rows {
		dropped[row.ID] = row.Workspace == workspace
	}
	var prev hash
	n := 0
	for c, err := range l.store.Commits(ctx, workspace, CommitQuery{UpTo: head.Seq}) {
		if err != nil {
			return n, err
		}
		if c.Seq != Seq(n+1) {
			return n, fmt.Errorf("ledger: the journal jumps from %d to %d", n, c.Seq)
		}
		if c.digest() != c.Digest && !dropped[c.Branch] {
			return n, fmt.Errorf("ledger: the entries of commit %d were altered", c.Seq)
		}
		if c.chain(prev) != c.Hash {
			return n, fmt.Errorf("ledger: commit %d or one before it was altered", c.Seq)
		}
		prev = c.Hash
		n++
	}
	if Seq(n) != head.Seq || prev != head.Hash {
		return n, fmt.Errorf("ledger: the journal ends at %d, the workspace at %d", n, head.Seq)
	}
	return n, nil
}
