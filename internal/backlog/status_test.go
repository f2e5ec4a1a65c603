package backlog

import (
	"cmp"
	"slices"
	"testing"

	"github.com/throughline-pm/throughline/internal/ledger"
)

// A status moves behind one, before another, between two, to either end, and nowhere else.
func TestStatusesMove(t *testing.T) {
	d := newDesk(t)
	order := func() (ids []ledger.ID) {
		all := slices.Collect(Statuses.All(d.now()))
		slices.SortFunc(all, func(a, b *Status) int { return cmp.Compare(a.Place, b.Place) })
		for _, s := range all {
			ids = append(ids, s.ID)
		}
		return ids
	}
	was := order()
	if len(was) < 4 {
		t.Fatalf("the workflow has %d statuses", len(was))
	}
	none, last := ledger.ID{}, len(was)-1
	for _, c := range []struct {
		name               string
		id, behind, before ledger.ID
		at                 int
	}{
		{"between two", was[last], was[0], was[1], 1},
		{"to the front", was[2], none, was[0], 0},
		{"to the end", was[2], was[last-1], none, last},
	} {
		if err := d.do(func(tx *ledger.Tx) error { return StatusTable.Move(tx, c.id, c.behind, c.before) }); err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := slices.Index(order(), c.id); got != c.at {
			t.Errorf("%s: it stands at %d, want %d", c.name, got, c.at)
		}
	}
	before := order()
	for name, move := range map[string][2]ledger.ID{
		"between two the wrong way round": {before[2], before[1]},
		"behind nothing, before nothing":  {none, none},
		"behind what is not there":        {ledger.NewID(1), none},
	} {
		if err := d.do(func(tx *ledger.Tx) error { return StatusTable.Move(tx, before[0], move[0], move[1]) }); err == nil {
			t.Errorf("%s: it moved", name)
		}
	}
	if after := order(); !slices.Equal(after, before) {
		t.Errorf("moves that were refused changed the order from %v to %v", before, after)
	}
}
