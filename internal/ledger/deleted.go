package ledger

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
)

// Deletion is how an entity ended.
type Deletion struct {
	Commit // with the entry of the deletion alone
	ID     ID
	Key    string // the human key that it had
}

// deletionsSearched bounds how many deletions a search for a key looks at, the latest
// first: each is looked up in the journal.
const deletionsSearched = 1000

// Deleted returns the deletion of the entity of the kind that has the identifier, as the
// viewer of s, which is live, may read it; false if it is not deleted, or if they did not
// see it before or may not see it now.
func (l *Ledger) Deleted(ctx context.Context, s *Snapshot, kind AnyKind, id ID) (Deletion, bool, error) {
	if e := s.table(kind.kind()).get(id); e == nil || !gone(e) {
		return Deletion{}, false, nil
	}
	for c, err := range l.History(ctx, s, kind, id) {
		if err != nil {
			return Deletion{}, false, err
		}
		for _, e := range slices.Backward(c.Entries) {
			if e.Op != OpDelete {
				continue
			}
			d := Deletion{Commit: c, ID: id}
			d.Entries = []Entry{e}
			for _, ch := range e.Changes {
				if ch.Field == "key" {
					_ = json.Unmarshal(ch.Old, &d.Key) // the journal has no other than texts there
				}
			}
			return d, true, nil
		}
		break // what happened to it last was no deletion that they may read
	}
	return Deletion{}, false, nil
}

// DeletedKey returns the deletion of the entity of the kind that had the human key, as
// Deleted does. It is looked for among the latest deletions.
func (l *Ledger) DeletedKey(ctx context.Context, s *Snapshot, kind AnyKind, key string) (Deletion, bool, error) {
	var stones []Entity
	for _, p := range s.table(kind.kind()).eachPage() {
		for _, e := range p.rows {
			if e != nil && gone(e) && (e.meta().Key == key || e.meta().Key == "") {
				stones = append(stones, e)
			}
		}
	}
	slices.SortFunc(stones, func(a, b Entity) int { return -cmp.Compare(a.meta().UpdatedAt, b.meta().UpdatedAt) })
	for _, e := range stones[:min(len(stones), deletionsSearched)] {
		d, ok, err := l.Deleted(ctx, s, kind, e.meta().ID)
		if err != nil || ok && d.Key == key {
			return d, ok, err
		}
	}
	return Deletion{}, false, nil
}
