package rcpsp

import (
	"context"
	"math"
)

// prover shows that no schedule is shorter than the best known, or finds one that is, by
// looking for one that is shorter by a period.
type prover struct {
	*project
	top   *exact
	bound int32 // no schedule is shorter
	found int32 // makespan of the best that the prover itself has found
	best  []int32
	start []int32
	made  int // dives into the search tree, each counted as a schedule
}

// provable tells whether proofs with such deadlines take time and memory in reason.
func (p *project) provable(deadline int32) bool { return p.n <= 2000 && deadline <= 1<<14 }

func newProver(p *project, bound int32) *prover {
	return &prover{project: p, bound: bound, found: math.MaxInt32, best: make([]int32, p.n), start: make([]int32, p.n)}
}

// refute goes on from above, where a schedule of the makespan is known, for so many dives
// into the search tree at most.
func (v *prover) refute(ctx context.Context, makespan int32, dives int) {
	if v.top == nil {
		v.top = newExact(v.project, makespan)
	}
	for until := v.made + dives; v.made < until && makespan > v.bound; {
		result := v.top.tighten(makespan - 1)
		if result == undecided {
			before := v.top.dives
			result = v.top.search(ctx, until-v.made, v.start)
			v.made += v.top.dives - before
		}
		switch result {
		case impossible:
			v.bound = makespan
		case found:
			makespan = 0
			for i, t := range v.start {
				makespan = max(makespan, t+v.duration[i])
			}
			v.found = makespan
			copy(v.best, v.start)
		case undecided:
			return
		}
	}
}
