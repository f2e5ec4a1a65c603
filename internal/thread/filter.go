package thread

import (
	"iter"
	"slices"

	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/people"
)

// Filter chooses gaps; what is empty chooses all.
type Filter struct {
	Kind                               *Kind
	Owner, Product, Objective, Release ledger.ID
	// Reader chooses those that are the reader's: theirs, their teams' and nobody's, since
	// what nobody has to do is everybody's.
	Reader *people.Person
}

// Of yields the gaps that are chosen.
func (f Filter) Of(all []Gap) iter.Seq[Gap] {
	return func(yield func(Gap) bool) {
		for _, g := range all {
			if f.chooses(&g) && !yield(g) {
				return
			}
		}
	}
}

func (f Filter) chooses(g *Gap) bool {
	is := func(want, id ledger.ID) bool { return want.IsZero() || want == id }
	return (f.Kind == nil || f.Kind == g.Kind) &&
		is(f.Owner, g.Owner) && is(f.Product, g.Product) && is(f.Objective, g.Objective) && is(f.Release, g.Release) &&
		(f.Reader == nil || g.Owner.IsZero() || g.Owner == f.Reader.ID || slices.Contains(f.Reader.Teams, ledger.Ref(g.Team)))
}
