package api

import (
	"strings"
	"testing"

	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/thread"
)

func TestACursorOfGapsSurvivesRepairs(t *testing.T) {
	ids := make([]ledger.ID, 4)
	var all []thread.Gap
	for i := range ids {
		ids[i][15] = byte(i + 1)
		all = append(all, thread.Gap{Kind: thread.NoOwner, ID: ids[i]})
	}
	for _, c := range []struct {
		name string
		all  []thread.Gap
		at   cursor
		want int
	}{
		{"nothing changed", all, cursor{row: ids[1], place: 2}, 2},
		{"the gap it stood at is closed", append(all[:1:1], all[2:]...), cursor{row: ids[1], place: 2}, 1},
		{"the list is shorter", all[:1], cursor{row: ids[3], place: 4}, 1},
		{"no cursor", all, cursor{}, 0},
	} {
		if got := behind(c.all, c.at); got != c.want {
			t.Errorf("%s: the next page begins at %d, want %d", c.name, got, c.want)
		}
	}
}

func TestKindsOfGapsAreDescribed(t *testing.T) {
	names := map[string]bool{}
	for _, k := range thread.Kinds {
		if names[k.Name] || k.Title == "" || k.Why == "" || k.Repair == "" || strings.ContainsAny(k.Name, " _/") {
			t.Errorf("%+v is not fit for an address and a page", *k)
		}
		names[k.Name] = true
	}
}
