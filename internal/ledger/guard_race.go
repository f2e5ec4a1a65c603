//go:build race

package ledger

import (
	"fmt"
	"hash/maphash"
)

// Under the race detector every resident entity carries a hash of itself. An entity
// that was edited in place, which would change the past and every other reader's
// Snapshot, then stops the program at the next look at it.

var guardSeed = maphash.MakeSeed()

type guard struct{ sum uint64 }

func guardSum(e Entity) uint64 {
	m := *e.meta()
	m.guard = guard{}
	doc, err := marshal(e)
	if err != nil {
		panic(err)
	}
	return maphash.Bytes(guardSeed, fmt.Appendf(doc, "%v", m)) | 1
}

func guardSet(e Entity) { e.meta().sum = guardSum(e) }

func guardCheck(e Entity) {
	if m := e.meta(); m.sum != 0 && m.sum != guardSum(e) {
		panic(fmt.Sprintf("ledger: %T %s was edited in place; use Edit", e, m.ID))
	}
}
