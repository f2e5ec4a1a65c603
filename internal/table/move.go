package table

import "github.com/throughline-pm/throughline/internal/ledger"

// Mover gives entities their places in an order that people make by hand.
type Mover interface {
	// Rank returns the name of the column by which that order sorts, "" if there is none.
	Rank() string
	// Move puts an entity behind one and before another; a zero identifier is the end on
	// that side.
	Move(tx *ledger.Tx, id, behind, before ledger.ID) error
}

// Rank implements Mover.
func (t *Table[T]) Rank() string { return t.spec.Rank }

// Move implements Mover.
func (t *Table[T]) Move(tx *ledger.Tx, id, behind, before ledger.ID) error {
	return t.spec.Move(tx, id, behind, before)
}
