package plan

import (
	"fmt"
	"math"
	"slices"

	"github.com/throughline-pm/throughline/plan/closure"
)

// bound proves how much any plan of a model can be worth.
//
// It relaxes the problem: of all pools it asks only that the work of what is live by a
// release fits into what the pool can do by that release's cut-off, and drops skills'
// matching, maximum lags and all else that is about when exactly work runs. With z[f,k] = 1
// for "f is live by release k" the value is a sum of weights of z (Abel summation), what
// features require is closedness of z, and the pools are knapsacks. Putting a price on
// each knapsack gives a Lagrangian relaxation whose inner problem is a closure of greatest
// weight. This is the structure of open-pit mine scheduling (Bienstock and Zuckerberg
// 2010). The prices are improved by the volume algorithm (Barahona and Anbil 2000), whose
// average of the closures also says how early each feature lives in the relaxation.
//
// Weights and prices are integers, rounded so that no error can lower the bound.
type bound struct {
	m      *model
	solver *closure.Solver
	scale  float64
	fixed  int64 // what is earned whatever is built, scaled up
	gain   []int64
	weight []int64
	need   []need // what being live by a release takes of the knapsacks
	sacks  []sack
	share  []float64 // of all there is of each resource that each feature takes, summed
	price  []int64   // of each knapsack, in scaled value per unit-period
	most   []int64   // prices above which sums could overflow
	centre []int64   // prices of the best bound
	used   []float64 // by the average closure
	mean   []float64 // the average closure
	low    int64     // the best bound, scaled
	aim    int64
	step   float64
	idle   int // steps since the bound last fell
}

// need says that a node takes so much more of a knapsack than the next release's would.
type need struct {
	node, sack int32
	effort     int64
}

// sack is what a resource can do by a moment.
type sack struct {
	name     string
	resource int // -1 for skills
	moment   int
	capacity int64
}

// node is the place of an item, a feature or after them a synergy, in a release.
func (b *bound) node(item, k int) int { return item*len(b.m.releases) + k }

func (m *model) newBound() (*bound, error) {
	releases := len(m.releases)
	items := len(m.features) + len(m.synergies)
	b := &bound{m: m, low: math.MaxInt64, step: 1}
	var arcs []closure.Arc
	for f := range m.features {
		feat := &m.features[f]
		for k := range releases {
			if k+1 < releases {
				arcs = append(arcs, closure.Arc{From: b.node(f, k), To: b.node(f, k+1)})
				if k >= feat.last {
					arcs = append(arcs, closure.Arc{From: b.node(f, k+1), To: b.node(f, k)})
				}
			}
			for _, r := range slices.Concat(feat.requires, feat.together) {
				arcs = append(arcs, closure.Arc{From: b.node(f, k), To: b.node(r, k)})
			}
		}
	}
	for s := range m.synergies {
		for k := range releases {
			if k+1 < releases {
				arcs = append(arcs, closure.Arc{From: b.node(len(m.features)+s, k), To: b.node(len(m.features)+s, k+1)})
			}
			for _, f := range m.synergies[s].features {
				arcs = append(arcs, closure.Arc{From: b.node(len(m.features)+s, k), To: b.node(f, k)})
			}
		}
	}
	graph, err := closure.NewGraph(items*releases, arcs)
	if err != nil {
		return nil, err
	}
	b.solver = graph.NewSolver()
	b.gains(items)
	for f := range m.features {
		if err := b.confine(f); err != nil {
			return nil, err
		}
	}
	b.knapsacks()
	b.weight = make([]int64, items*releases)
	b.mean = make([]float64, items*releases)
	b.price = make([]int64, len(b.sacks))
	b.centre = make([]int64, len(b.sacks))
	b.used = make([]float64, len(b.sacks))
	b.limitPrices()
	return b, nil
}

// gains works out what one release earlier earns for each item, scaled to integers.
func (b *bound) gains(items int) {
	m, releases := b.m, len(b.m.releases)
	gain := make([]float64, items*releases)
	total, fixed := 1e-9, m.nothing()
	row := make([]float64, releases+1)
	for item := range items {
		if item < len(m.features) {
			f := &m.features[item]
			for k, w := range f.worth {
				row[k] = w - f.worth[releases]
				if k < releases {
					row[k] -= f.least * m.discounts[k]
				}
			}
		} else {
			copy(row, m.synergies[item-len(m.features)].worth)
		}
		for k := range releases {
			gain[b.node(item, k)] = row[k] - row[k+1]
			total += math.Abs(row[k] - row[k+1])
		}
	}
	for _, a := range m.free {
		act := &m.acts[a]
		fixed -= m.leastCost(act) * math.Exp(-m.p.Discount*float64(m.horizon))
		for _, d := range act.soft {
			fixed -= d.penalty * float64(max(0, act.earliest+act.shortest()-d.at))
		}
	}
	b.scale = math.Exp2(math.Floor(math.Log2(math.Exp2(44) / (total + math.Abs(fixed)))))
	b.gain = make([]int64, len(gain))
	for i, g := range gain {
		b.gain[i] = int64(math.Ceil(g * b.scale))
	}
	b.fixed = int64(math.Ceil(fixed*b.scale)) + int64(len(gain))
}

// confine forces what rules and propagation leave no choice about.
func (b *bound) confine(f int) error {
	for k := range b.m.releases {
		if err := b.solver.Force(b.node(f, k), b.force(f, k)); err != nil {
			return err
		}
	}
	return nil
}

// force is what rules and propagation say of a feature by a release; of a synergy nothing.
func (b *bound) force(item, k int) closure.Force {
	if item >= len(b.m.features) {
		return closure.Free
	}
	switch f := &b.m.features[item]; {
	case f.out || k < f.first:
		return closure.Out
	case f.must && k >= f.last:
		return closure.In
	}
	return closure.Free
}

// knapsacks lays out what each resource can do by each cut-off, and what each feature
// takes of it at least: the pools, the limits, each skill, and all people together.
func (b *bound) knapsacks() {
	m := b.m
	type supply struct {
		name     string
		resource int
		row      []int32
		takes    func(mo *mode) int64
	}
	var all []supply
	for r := range m.firstHand {
		all = append(all, supply{m.supplyName(r), r, m.row(m.supply, r), func(mo *mode) int64 {
			for _, d := range mo.pools {
				if d.resource == r {
					return int64(d.units)
				}
			}
			return 0
		}})
	}
	if len(m.p.People) > 0 {
		names := map[string]bool{"": true} // stands for all people
		for i := range m.p.People {
			for _, s := range m.p.People[i].Skills {
				names[s.Skill] = true
			}
		}
		sorted := make([]string, 0, len(names))
		for name := range names {
			sorted = append(sorted, name)
		}
		slices.Sort(sorted)
		for _, name := range sorted {
			all = append(all, supply{skillName(name), -1, m.present(name), func(mo *mode) int64 {
				n := 0
				for _, c := range mo.crew {
					if name == "" || c.skill == name {
						n += c.count
					}
				}
				return int64(n)
			}})
		}
	}
	b.share = make([]float64, len(m.features))
	tail := m.tails()
	moments := b.moments()
	work := make([]int64, len(m.releases)+1)
	for _, s := range all {
		first := len(b.need)
		for f := range m.features {
			for i, moment := range moments {
				clear(work)
				for _, a := range m.features[f].acts {
					for k := range m.releases {
						work[k] += m.acts[a].doneBy(moment, m.closes(k)-tail[a], s.takes)
					}
				}
				for k := range m.releases {
					if more := work[k] - work[k+1]; more > 0 {
						b.need = append(b.need, need{int32(b.node(f, k)), int32(len(b.sacks) + i), more})
					}
				}
			}
		}
		if first == len(b.need) {
			continue
		}
		whole := int64(1)
		for _, n := range s.row {
			whole += int64(n)
		}
		for f := range m.features {
			for _, a := range m.features[f].acts {
				b.share[f] += float64(m.acts[a].doneBy(m.horizon, 0, s.takes)) / float64(whole)
			}
		}
		capacity, t := int64(0), 0
		for _, moment := range moments {
			for ; t < moment; t++ {
				capacity += int64(s.row[t])
			}
			b.sacks = append(b.sacks, sack{s.name, s.resource, moment, capacity})
		}
	}
}

func (m *model) supplyName(r int) string {
	if r < len(m.p.Pools) {
		return fmt.Sprintf("pool %q", m.supplyID[r])
	}
	return fmt.Sprintf("rule %q", m.supplyID[r])
}

func skillName(skill string) string {
	if skill == "" {
		return "all people"
	}
	return fmt.Sprintf("skill %q", skill)
}

// closes returns the moment by which the work for a release, or one before it, is done.
func (m *model) closes(k int) int {
	last := 0
	for _, r := range m.releases[:k+1] {
		last = max(last, min(m.horizon, r.CutOff-r.Stabilisation))
	}
	return last
}

// moments returns when the knapsacks close.
func (b *bound) moments() []int {
	var out []int
	for k := range b.m.releases {
		out = append(out, b.m.closes(k))
	}

	return slices.Compact(out)
}

// tails returns for each activity the least time from its start to the end of its
// feature's work.
func (m *model) tails() []int {
	tail := make([]int, len(m.acts))
	for i := range m.acts {
		tail[i] = m.acts[i].shortest()
	}
	for f := range m.features {
		acts := m.inOrder(m.features[f].acts, func(a int) int { return m.acts[a].earliest })
		for _, a := range slices.Backward(acts) {
			act := &m.acts[a]
			for _, c := range act.out {
				if b := &m.acts[c.other]; b.feature == act.feature {
					apart := c.lag
					if c.fromEnd {
						apart += act.shortest()
					}
					if c.toEnd {
						apart -= b.longest()
					}
					tail[a] = max(tail[a], apart+tail[c.other])
				}
			}
		}
	}
	return tail
}

// doneBy returns how much of a resource an activity that starts by a moment at the latest
// has taken by another, at least.
func (a *activity) doneBy(moment, latest int, takes func(*mode) int64) int64 {
	least := int64(math.MaxInt64)
	for i := range a.modes {
		mo := &a.modes[i]
		least = min(least, takes(mo)*int64(min(max(moment-latest, 0), mo.duration)))
	}
	return least
}

// limitPrices sees to it that all weights and capacities together, times their prices, stay
// below closure.MaxWeight.
func (b *bound) limitPrices() {
	effort := make([]int64, len(b.sacks))
	for _, n := range b.need {
		effort[n.sack] += n.effort
	}
	b.most = make([]int64, len(b.sacks))
	for i, s := range b.sacks {
		b.most[i] = closure.MaxWeight / 4 / int64(len(b.sacks)) / max(effort[i], s.capacity, 1)
	}
}

// present counts in each period the people who are there and have a skill; with no name,
// all who are there.
func (m *model) present(skill string) []int32 {
	out := make([]int32, m.horizon)
	for i := range m.p.People {
		row := m.row(m.supply, m.firstHand+i)
		for t, n := range row {
			if n > 0 && (skill == "" || m.p.People[i].able(skill, math.MinInt, t, t+1)) {
				out[t]++
			}
		}
	}
	return out
}

// improve takes steps on the prices; value is what the best plan known is worth. It stops
// early when a bound shows that plan to be the best.
func (b *bound) improve(steps int, value float64) error {
	floor := int64(math.MinInt64)
	if !math.IsInf(value, -1) {
		floor = int64(value * b.scale)
	}
	for range steps {
		low, in, err := b.solve()
		if err != nil {
			return err
		}
		share := 0.1
		switch {
		case b.low == math.MaxInt64:
			b.low, share = low, 1
			copy(b.centre, b.price)
		case low < b.low:
			if b.low-low > (b.low-b.aim)/20 {
				b.step = min(b.step*1.1, 2)
			}
			b.low, b.idle = low, 0
			copy(b.centre, b.price)
		default:
			if b.idle++; b.idle >= 15 {
				b.step, b.idle = b.step*0.66, 0
			}
		}
		// the steps aim somewhat below the bound, and further below once they get there
		if reach := b.low / 25; b.aim == 0 || b.low-b.aim < reach/20 {
			b.aim = max(b.low-reach, floor)
		}
		// the average closure moves towards the new one, and with it what it uses
		for i := range b.mean {
			x := 0.0
			if in[i] {
				x = 1
			}
			b.mean[i] += share * (x - b.mean[i])
		}
		clear(b.used)
		for _, n := range b.need {
			b.used[n.sack] += b.mean[n.node] * float64(n.effort)
		}
		norm := 0.0
		for i := range b.sacks {
			over := b.used[i] - float64(b.sacks[i].capacity)
			if over > 0 || b.centre[i] > 0 {
				norm += over * over
			}
		}
		if norm < 1 || b.low <= floor {
			return nil
		}
		length := b.step * float64(b.low-b.aim) / norm
		for i := range b.sacks {
			over := b.used[i] - float64(b.sacks[i].capacity)
			b.price[i] = int64(min(max(0, float64(b.centre[i])+length*over), float64(b.most[i])))
		}
	}
	return nil
}

// settled reports whether the bound has stopped falling for good.
func (b *bound) settled() bool { return b.step < 1e-6 || len(b.sacks) == 0 && b.low < math.MaxInt64 }

// overfull finds a knapsack that what must be built does not fit into.
func (b *bound) overfull() error {
	sums := make([]int64, len(b.sacks))
	for _, n := range b.need {
		f := &b.m.features[int(n.node)/len(b.m.releases)]
		if k := int(n.node) % len(b.m.releases); f.must && k >= f.last {
			if sums[n.sack] += n.effort; sums[n.sack] > b.sacks[n.sack].capacity {
				s := b.sacks[n.sack]
				return &Infeasible{s.name, fmt.Sprintf("what must be done by moment %d takes more than the %d unit-periods there are", s.moment, s.capacity)}
			}
		}
	}
	return nil
}

// solve returns the bound that the current prices give, and the closure that attains it.
func (b *bound) solve() (int64, []bool, error) {
	copy(b.weight, b.gain)
	for _, n := range b.need {
		b.weight[n.node] -= b.price[n.sack] * n.effort
	}
	total, err := b.solver.Solve(b.weight)
	if err != nil {
		return 0, nil, err
	}
	for i := range b.sacks {
		total += b.price[i] * b.sacks[i].capacity
	}
	return total + b.fixed, b.solver.Smallest(), nil
}

// value returns the best bound in the currency of the problem.
func (b *bound) value() float64 {
	if b.low == math.MaxInt64 {
		return math.Inf(1)
	}
	return float64(b.low) / b.scale
}
