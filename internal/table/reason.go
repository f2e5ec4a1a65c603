package table

import (
	"context"
	"slices"

	"github.com/throughline-pm/throughline/internal/ledger"
)

// Reason is who made a difference, when, and as a part of what.
type Reason struct {
	Seq    ledger.Seq
	At     ledger.Time
	Actor  ledger.ID
	Via    ledger.ID // the API token that was used; zero: none
	Verb   string
	Op     ledger.Op
	Merges ledger.ID  // the proposal whose merge it was; zero: none
	Undoes ledger.Seq // the commit that it took back; 0: none
}

// IsZero reports whether nothing is known: what differs follows from other entities, or
// the reader may not read what happened.
func (r Reason) IsZero() bool { return r.Seq == 0 }

// Reasons are what happened to one entity between the two moments of a comparison.
type Reasons struct {
	Last    Reason            // the latest: what made or deleted it, if it is new or gone
	columns map[string]Reason // the latest that wrote the column
}

// Of returns the reason of a changed column. What is computed of the entity's own values
// follows from whatever happened to it last.
func (r Reasons) Of(c Info) Reason {
	if why, ok := r.columns[c.Name]; ok {
		return why
	}
	if c.Computed && len(c.Reads) == 0 || c.Type == TypeObject {
		return r.Last
	}
	return Reason{}
}

// Reasons reads what the reader may know of how a difference came about. It costs one
// question to the journal, which ends at the earlier moment.
func (c *Comparison) Reasons(ctx context.Context, l *ledger.Ledger, live *ledger.Snapshot, d Difference) (Reasons, error) {
	return ReasonsOf(ctx, l, live, d.Latest(), c.then.Moment, c.now.Moment)
}

// ReasonsOf reads what happened to an entity after one moment and up to another. live is
// the workspace as it is now.
func ReasonsOf(ctx context.Context, l *ledger.Ledger, live *ledger.Snapshot, r Row, after, upTo ledger.Moment) (Reasons, error) {
	why := Reasons{columns: map[string]Reason{}}
	for commit, err := range l.History(ctx, live, r.Table().AnyKind(), r.ID()) {
		if err != nil {
			return why, err
		}
		for _, e := range slices.Backward(commit.Entries) {
			if after.Holds(commit.Seq, e.At) {
				return why, nil // within one entity time does not run backwards
			}
			if !upTo.Holds(commit.Seq, e.At) {
				continue
			}
			this := Reason{
				Seq: commit.Seq, At: e.At, Actor: commit.Actor.ID, Via: commit.Actor.Via, Verb: commit.Verb, Op: e.Op,
				Merges: commit.Merges, Undoes: commit.Undoes,
			}
			if !e.Actor.IsZero() {
				this.Actor, this.Via = e.Actor, ledger.ID{}
			}
			if why.Last.IsZero() {
				why.Last = this
			}
			for _, ch := range e.Changes {
				if _, later := why.columns[ch.Field]; !later {
					why.columns[ch.Field] = this
				}
			}
		}
	}
	return why, nil
}
