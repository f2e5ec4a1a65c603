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
