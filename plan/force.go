package plan

import (
	"context"
	"errors"
	"math"
	"slices"

	"github.com/throughline-pm/throughline/plan/closure"
)

// force finds what it costs to have a feature live by a release: at least, by the bound
// with the feature forced there, and at most, by the best plan found that has it there.
func (x *Planner) force(ctx context.Context, out *Explanation, f, k int, o ExplainOptions) error {
	most, err := x.b.forced(x.b.node(f, k))
	if err != nil { // closedness contradicts a rule
		out.Cause = RuledOut
		return nil
	}
	out.Least = max(0, x.value-most)
	out.Cause = NotForced
	if out.Least > 0 {
		out.Cause = TooDear
	}
	m, err := compile(x.m.p)
	if err != nil {
		return err
	}
	m.features[f].must, m.features[f].last = true, min(m.features[f].last, k)
	if m.propagate() != nil {
		out.Cause = RuledOut
		return nil
	}
	m.formBlocks()
	made, value := x.replan(ctx, m, m.byPlan(x.plan()), o.Evaluations, o.Seed)
	if made == nil {
		return nil
	}
	cost := x.value - value
	out.Most = &cost
	for i := range m.features {
		if from, to := int(x.best.live[i]), int(made.live[i]); from != to && i != f {
			out.Moves = append(out.Moves, Move{m.p.Features[i].ID, m.place(from), m.place(to)})
		}
	}
	switch {
	case out.Cause == TooDear:
	case cost < 0:
		out.Cause = Overlooked
	default:
		out.Cause = WorthLess
	}
	return nil
}

// replan searches a model from an order for so many evaluations and returns the best
// schedule that satisfies all rules, nil if there is none, and what it is worth.
func (x *Planner) replan(ctx context.Context, m *model, order []int32, evaluations int, seed uint64) (*schedule, float64) {
	s := newSearch(m.newSchedule(), order, seed, islands+1)
	const step = 50
	for done := 0; done < evaluations && ctx.Err() == nil; done += step {
		s.run(min(step, evaluations-done))
	}
	if s.best.lacks > 0 {
		return nil, math.Inf(-1)
	}
	made := m.newSchedule()
	made.run(s.bestOf)
	return made, m.valueOf(made)
}

// forced returns the bound for plans in which a node is live.
func (b *bound) forced(node int) (most float64, err error) {
	item, k := node/len(b.m.releases), node%len(b.m.releases)
	defer func() { err = errors.Join(err, b.solver.Force(node, b.force(item, k))) }()
	if err := b.solver.Force(node, closure.In); err != nil {
		return 0, err
	}
	copy(b.price, b.centre)
	low, _, err := b.solve()
	return float64(low) / b.scale, err
}

// effects drops each rule that speaks of the feature, or of what it requires, and plans
// anew.
func (x *Planner) effects(ctx context.Context, out *Explanation, f int, o ExplainOptions) {
	var ids []string
	for _, g := range x.m.family(f) {
		ids = append(ids, x.m.p.Features[g].ID)
	}
	const most = 5
	for i := range x.m.p.Rules {
		r := &x.m.p.Rules[i]
		if len(out.Rules) == most || ctx.Err() != nil {
			return
		}
		speaks := slices.ContainsFunc(r.Features, func(id string) bool { return slices.Contains(ids, id) }) ||
			slices.ContainsFunc(x.m.p.Activities, func(a Activity) bool {
				return slices.Contains(ids, a.Feature) && slices.Contains(r.Activities, a.ID)
			})
		if !speaks {
			continue
		}
		m, err := compile(x.m.p.without(func(other *Rule) bool { return other == r }))
		if err != nil {
			continue
		}
		if made, value := x.replan(ctx, m, m.byPlan(x.plan()), o.Evaluations/2, o.Seed); made != nil {
			out.Rules = append(out.Rules, RuleEffect{r.ID, m.place(int(made.live[f])), value - x.value})
		}
	}
}
