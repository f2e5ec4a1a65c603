package plan

import (
	"context"
	"slices"

	"github.com/throughline-pm/throughline/plan/chance"
)

// AlternativeOptions say what counts as an alternative.
type AlternativeOptions struct {
	// Count is how many to look for; 0 means 3.
	Count int
	// Loss is the share of the best plan's value that an alternative may be worth less;
	// 0 means 0.02.
	Loss float64
	// Apart is the share of features that must be in another release than in the best plan
	// and in every other alternative; 0 means 0.15.
	Apart float64
	// Evaluations bounds each search; 0 means 2,000.
	Evaluations int
	Seed        uint64
}

// Alternatives looks for plans that are nearly as good as the best one known and clearly
// different from it and from each other. It searches with a price on doing what is known
// already, a higher one each time the result is not different enough. There may be fewer
// than asked for, or none.
func (x *Planner) Alternatives(ctx context.Context, o AlternativeOptions) []*Plan {
	if x.best == nil || len(x.m.features) == 0 {
		return nil
	}
	o = o.defaults()
	known := []*schedule{x.best}
	var out []*Plan
	magnitude := max(x.value, -x.value)
	for try := 0; try < 3*o.Count && len(out) < o.Count && ctx.Err() == nil; try++ {
		price := magnitude * o.Loss / float64(len(x.m.features)) * float64(1+try)
		m := x.m.leanTo(func(f, k int) float64 {
			same := 0.0
			for _, s := range known {
				if int(s.live[f]) == k {
					same++
				}
			}
			return -price * same
		})
		order := slices.Clone(x.order)
		r := chance.New(o.Seed, uint64(try))
		for range len(order) / 4 {
			if i, j := r.IntN(len(order)), r.IntN(len(order)); x.m.blocks[order[i]].must == x.m.blocks[order[j]].must {
				order[i], order[j] = order[j], order[i]
			}
		}
		made, _ := x.replan(ctx, m, order, o.Evaluations, o.Seed+uint64(try))
		if made == nil {
			continue
		}
		value := x.m.valueOf(made)
		if value < x.value-o.Loss*magnitude {
			continue
		}
		if slices.ContainsFunc(known, func(s *schedule) bool { return differ(s, made) < o.Apart*float64(len(x.m.features)) }) {
			continue
		}
		known = append(known, made)
		plan := x.m.answer(made)
		plan.Value, plan.Bound, plan.Evaluations = value, x.progress().Bound, x.evaluations
		plan.Gap = gap(plan.Value, plan.Bound)
		out = append(out, plan)
	}
	return out
}

func (o AlternativeOptions) defaults() AlternativeOptions {
	if o.Count == 0 {
		o.Count = 3
	}
	if o.Loss == 0 {
		o.Loss = 0.02
	}
	if o.Apart == 0 {
		o.Apart = 0.15
	}
	if o.Evaluations == 0 {
		o.Evaluations = 2000
	}
	return o
}

// differ counts the features that are in different places.
func differ(a, b *schedule) float64 {
	n := 0.0
	for f := range a.live {
		if a.live[f] != b.live[f] {
			n++
		}
	}
	return n
}
