package access

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
)

func TestFavourites(t *testing.T) {
	atGates(t, func(t *testing.T, g *gate) {
		ctx := t.Context()
		ann, bob := g.account("ann", annsPassword, false).ID, g.account("bob", annsPassword, false).ID
		some := func(i int) Favourite {
			return Favourite{"view", ledger.KeyOf(fmt.Sprint(i))}
		}
		of := func(account, workspace ledger.ID) []Favourite {
			all, err := g.Favourites(ctx, account, workspace)
			g.ok(err)
			return all
		}
		for _, i := range []int{3, 1, 2, 1} {
			g.clock.Add(time.Second)
			g.ok(g.KeepFavourite(ctx, ann, acme, some(i)))
		}
		g.ok(g.KeepFavourite(ctx, bob, acme, some(9)))
		if got, want := of(ann, acme), []Favourite{some(3), some(1), some(2)}; !slices.Equal(got, want) {
			t.Errorf("kept %v, want %v", got, want)
		}
		g.ok(g.DropFavourite(ctx, ann, acme, some(1).Entity))
		g.ok(g.DropFavourite(ctx, ann, acme, some(9).Entity)) // of somebody else
		if got, want := of(ann, acme), []Favourite{some(3), some(2)}; !slices.Equal(got, want) {
			t.Errorf("left %v, want %v", got, want)
		}
		if got := of(bob, acme); len(got) != 1 {
			t.Errorf("the other's are %v", got)
		}
		if got := of(ann, ledger.NewID(g.now())); got != nil {
			t.Errorf("in another workspace: %v", got)
		}
		for i := 10; i < 10+favouritesAtMost-2; i++ {
			g.ok(g.KeepFavourite(ctx, ann, acme, some(i)))
		}
		if err := g.KeepFavourite(ctx, ann, acme, some(1)); !fault.Is(err, fault.Invalid) {
			t.Errorf("one too many: %v", err)
		}
		g.ok(g.KeepFavourite(ctx, ann, acme, some(2))) // it is there
	})
}

// TestWhatIsKeptIsKnownToAllProcesses: pages ask for it all the time, so it is in memory,
// and what one process writes the others show within the heartbeat.
func TestWhatIsKeptIsKnownToAllProcesses(t *testing.T) {
	atGates(t, func(t *testing.T, g *gate) {
		ctx := t.Context()
		ann := g.account("ann", annsPassword, false).ID
		other, _ := g.another()
		one, two := Favourite{"view", ledger.KeyOf("1")}, Favourite{"view", ledger.KeyOf("2")}
		of := func(a *Accounts) []Favourite {
			all, err := a.Favourites(ctx, ann, acme)
			g.ok(err)
			return all
		}
		g.ok(g.KeepFavourite(ctx, ann, acme, one))
		g.ok(g.Prefer(ctx, ann, acme, "start", "hidden"))
		if got := of(g.Accounts); !slices.Equal(got, []Favourite{one}) {
			t.Errorf("kept %v", got)
		}
		if got := of(other); !slices.Equal(got, []Favourite{one}) {
			t.Errorf("the other process has %v", got)
		}
		of(other)[0] = two // what was returned is the caller's own

		// what nobody was told of is not read again
		_, err := g.db.ExecContext(ctx, `DELETE FROM favourites`)
		g.ok(err)
		if got := of(other); !slices.Equal(got, []Favourite{one}) {
			t.Errorf("it is read each time: %v", got)
		}
		g.ok(g.KeepFavourite(ctx, ann, acme, two))
		g.ok(g.Prefer(ctx, ann, acme, "start", ""))
		if value, err := g.Preference(ctx, ann, acme, "start"); err != nil || value != "" {
			t.Errorf("the process that wrote it has %q, %v", value, err)
		}
		for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
			value, err := other.Preference(ctx, ann, acme, "start")
			g.ok(err)
			if got := of(other); slices.Equal(got, []Favourite{two}) && value == "" {
				break
			} else if time.Since(began) > 10*time.Second {
				t.Fatalf("the other process still has %v and %q", got, value)
			}
		}
	})
}
