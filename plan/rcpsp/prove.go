package rcpsp

import (
	"context"
	"math"
)

// prover shows that no schedule is shorter than the best known, or finds one that is. It
// works from above, by looking for a schedule that is shorter by a period, or from below,
// by looking for one as short as the lower bound, which rises when there is none.
type prover struct {
	*project
	top, bottom *exact
	bound       int32 // no schedule is shorter
	found       int32 // makespan of the best that the prover itself has found
	best        []int32
	start       []int32
	made        int // dives into search trees, each counted as a schedule
}

// provable tells whether proofs with such deadlines take time and memory in reason.
func (p *project) provable(deadline int32) bool { return p.n <= 2000 && deadline <= 1<<14 }

// hopeful tells whether a proof may be near: the smaller the project, the larger a gap is
// closed. The measure is from experience with generated projects of 30 to 120 activities.
func (p *project) hopeful(bound, makespan int32) bool {
	n := int64(p.n)
	return int64(makespan-bound)*n*n <= 900*int64(bound)
}

func newProver(p *project, bound int32) *prover {
	return &prover{project: p, bound: bound, found: math.MaxInt32, best: make([]int32, p.n), start: make([]int32, p.n)}
}

// refute goes on from above, where a schedule of the makespan is known, for so many dives
// at most.
func (v *prover) refute(ctx context.Context, makespan int32, dives int) {
	if v.top == nil {
		v.top = newExact(v.project, makespan)
	}
	for until := v.made + dives; v.made < until && makespan > v.bound; {
		result := v.top.tighten(makespan - 1)
		if result == undecided {
			result = v.dive(ctx, v.top, until)
		}
		switch result {
		case impossible:
			v.bound = makespan
		case found:
			makespan = v.found
		case undecided:
			return
		}
	}
}

// lift goes on from below, where a schedule of the makespan is known, for so many dives at
// most.
func (v *prover) lift(ctx context.Context, makespan int32, dives int) {
	for until := v.made + dives; v.made < until && makespan > v.bound; {
		if v.bottom == nil || v.bottom.deadline < v.bound {
			v.bottom = newExact(v.project, v.bound)
		}
		switch v.dive(ctx, v.bottom, until) {
		case impossible:
			v.bound++
		case found:
			makespan = v.found
		case undecided:
			return
		}
	}
}

func (v *prover) dive(ctx context.Context, e *exact, until int) outcome {
	before := e.dives
	result := e.search(ctx, until-v.made, v.start)
	v.made += e.dives - before
	if result == found {
		v.found = v.finished(v.start)
		copy(v.best, v.start)
	}
	return result
}
