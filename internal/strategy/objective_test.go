package strategy_test

import (
	"slices"
	"testing"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/ledger/ledgertest"
	"github.com/throughline-pm/throughline/internal/people"
	"github.com/throughline-pm/throughline/internal/strategy"
)

func TestObjectivesTakeTurnsWithColours(t *testing.T) {
	l := ledgertest.Open(t, ledgertest.Engines[0].Open(t)(), ledger.Options{Registry: ledger.NewRegistry(
		access.Workspaces, access.Products, access.Memberships, people.Persons, people.Teams, strategy.Objectives,
	)})
	ws, err := l.CreateWorkspace(t.Context(), "desk")
	if err != nil {
		t.Fatal(err)
	}
	do := func(fn func(tx *ledger.Tx) error) {
		t.Helper()
		if _, err := l.Update(t.Context(), ws, ledgertest.Ann, "test", fn); err != nil {
			t.Fatal(err)
		}
	}
	var made []ledger.ID
	for range 6 {
		do(func(tx *ledger.Tx) error {
			id, err := strategy.Objectives.Create(tx, strategy.Objective{Title: "Audit-ready"})
			made = append(made, id)
			return err
		})
	}
	colours := func() (all []int) {
		s, err := l.At(t.Context(), ws, ledgertest.Ann, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range made {
			all = append(all, strategy.Colour(s, id))
		}
		return all
	}
	if got, want := colours(), []int{1, 2, 3, 4, 1, 2}; !slices.Equal(got, want) {
		t.Errorf("the colours are %v, want %v", got, want)
	}
	do(func(tx *ledger.Tx) error {
		return strategy.Objectives.Edit(tx, made[1], func(o *strategy.Objective) error {
			o.Archived = true
			return nil
		})
	})
	if got, want := colours(), []int{1, 2, 2, 3, 4, 1}; !slices.Equal(got, want) {
		t.Errorf("without the second the colours are %v, want %v", got, want)
	}
}
