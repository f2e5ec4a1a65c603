package ledger_test

import (
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/ledger"
	lt "github.com/throughline-pm/throughline/internal/ledger/ledgertest"
)

func TestDeletionsAreFoundByKey(t *testing.T) {
	eachGuest(t, func(g *guest) {
		v := g.at(lt.Ann)
		open, _ := lt.Features.Get(v, g.open)
		hidden, _ := lt.Features.Get(v, g.hidden)
		keys := map[string]ledger.ID{open.Key: g.open, hidden.Key: g.hidden}
		find := func(what string, as ledger.Actor, key string, want bool) {
			g.Helper()
			d, ok, err := g.DeletedKey(g.Context(), g.at(as), lt.Features, key)
			if err != nil || ok != want {
				g.Fatalf("%s: %v %v", what, ok, err)
			}
			if ok && (d.Key != key || d.ID != keys[key] || d.Actor.ID != lt.Ann.ID || len(d.Entries) != 1 || d.Entries[0].Op != ledger.OpDelete) {
				g.Errorf("%s: %+v", what, d)
			}
		}
		find("before", lt.Ann, open.Key, false)
		g.do(lt.Ann, "delete", func(tx *ledger.Tx) error { return lt.Features.Delete(tx, g.hidden) })
		seq := g.do(lt.Ann, "delete", func(tx *ledger.Tx) error { return lt.Features.Delete(tx, g.open) })
		find("deleted", lt.Bob, open.Key, true)
		find("private", lt.Ann, hidden.Key, true)
		find("private", lt.Bob, hidden.Key, false)
		find("never there", lt.Ann, "PUB-99", false)
		if d, ok, err := g.Deleted(g.Context(), g.at(lt.Bob), lt.Features, g.open); err != nil || !ok || d.Seq != seq {
			g.Errorf("by identifier: %+v %v %v", d, ok, err)
		}
		// who opens the workspace later has the keys of what is gone in the journal alone
		later := lt.Open(g.T, g.world.open(), ledger.Options{Clock: g.clock.Now, Policy: lt.Roles{}})
		for as, want := range map[ledger.Actor]bool{lt.Ann: true, lt.Bob: false} {
			v, err := later.At(g.Context(), g.ws, as, 0)
			if err != nil {
				g.Fatal(err)
			}
			if d, ok, err := later.DeletedKey(g.Context(), v, lt.Features, hidden.Key); err != nil || ok != want || ok && d.ID != g.hidden {
				g.Errorf("later, as %s: %+v %v %v", as.ID, d, ok, err)
			}
		}
		_, err := g.Undo(g.Context(), g.ws, lt.Ann, seq, ledger.Settlement{})
		if err != nil {
			g.Fatal(err)
		}
		find("brought back", lt.Bob, open.Key, false)
	})
}

func TestWhatAMomentHolds(t *testing.T) {
	day := time.Date(2026, 3, 3, 23, 59, 59, 0, time.UTC)
	for _, c := range []struct {
		name string
		m    ledger.Moment
		seq  ledger.Seq
		at   time.Time
		want bool
	}{
		{"now", ledger.Moment{}, 99, day, true},
		{"position", ledger.AtSeq(7), 7, day, true},
		{"position, later", ledger.AtSeq(7), 8, day.AddDate(-1, 0, 0), false},
		{"time", ledger.AtTime(day), 99, day, true},
		{"time, later", ledger.AtTime(day), 1, day.Add(time.Microsecond), false},
	} {
		if got := c.m.Holds(c.seq, ledger.TimeOf(c.at)); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
