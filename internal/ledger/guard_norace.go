//go:build !race

package ledger

type guard struct{}

func guardSet(Entity)   {}
func guardCheck(Entity) {}
