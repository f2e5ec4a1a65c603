// Package ledger is the kernel: it keeps every workspace as a journal of commits, shows
// it as immutable Snapshots, and lets pending changes stand on it as proposals.
//
// # A write
//
// A slice declares its kinds of entities as typed handles (NewKind) and writes commands
// as plain functions on a transaction. Ledger.Update runs one:
//
//	seq, err := l.Update(ctx, workspace, actor, "rename", func(tx *ledger.Tx) error {
//		return backlog.Features.Edit(tx, id, func(f *backlog.Feature) error {
//			f.Title = title
//			return nil
//		})
//	})
//
// The request waits in a lane with others. The lane's goroutine runs them one after the
// other on one builder over the newest state, asks the checks of every changed entity
// and the policy, and writes documents, journal entries and the new position of all of
// them in one disk commit. Then it publishes the new state and answers: a write that is
// acknowledged is durable and visible. See lane.go, tx.go and builder.go.
//
// # A read
//
// Ledger.At, AsOf and In return a Snapshot: now, a past moment, or a proposal on top of
// now. It shares what did not change with its neighbours (table.go) and shows what its
// viewer may see. Kind.Get, Kind.All, Index.Of, Column.Top and Registry.Search read it;
// Diff compares two; Memo keeps what was computed from one as long as it stays true.
//
// # What follows from it
//
// A past moment undoes journal entries (past.go); a proposal is the fold of its branch's
// entries, merged field by field (proposal.go, merge.go); an undo is the merge of the
// inverse (undo.go); an import is a branch that becomes live at once (batch.go);
// followers read the journal (follow.go).
//
// Storage engines implement Store; packages sqlite and postgres do.
package ledger
