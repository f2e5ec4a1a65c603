package nrp

import (
	"context"

	"github.com/throughline-pm/throughline/plan/closure"
)

// A price is what one unit of cost costs in profit, num/den.
type price struct{ num, den int64 }

// A line is what a set is worth under every price: its profit less the price of what it
// costs.
type line struct{ profit, cost int64 }

// A dual bounds the profit from above by the Lagrangian relaxation of the budget. Under
// a price on cost, the best set is a closed set of greatest weight, and that weight with
// the price of the budget is no less than the best profit within the budget. As a
// function of the price this bound is convex and made of straight pieces, and its least
// value is found as Newton finds a root (Dinkelbach, "On nonlinear fractional
// programming", Management Science 13, 1967): the lines of a set that costs too much and
// of one that does not cross at the next price to try, until no set lies above the
// crossing. Prices are ratios of whole numbers, so all is exact.
type dual struct {
	core   *core
	solver *closure.Solver
	weight []int64 // of each node under the last price
	at     price   // the last price
	value  int64   // weight of the best set under it, in parts of at.den
	cuts   int
}

func newDual(c *core, g *closure.Graph) *dual {
	return &dual{core: c, solver: g.NewSolver(), weight: make([]int64, g.Len())}
}

// cut finds the best set under a price and returns the bound that it gives.
func (d *dual) cut(at price) int64 {
	c := d.core
	for i, profit := range c.profit {
		d.weight[i] = profit*at.den - c.own[i]*at.num
	}
	for p, cost := range c.cost {
		d.weight[len(c.profit)+p] = -cost * at.num
	}
	value, err := d.solver.Solve(d.weight)
	if err != nil {
		panic(err) // an instance is of limited size, and what is forced comes with all it entails
	}
	d.at, d.value = at, value
	d.cuts++
	return d.spare(0) / at.den
}

// spare returns how much the last bound is above a profit, in parts of at.den.
func (d *dual) spare(profit int64) int64 {
	return d.value + d.at.num*d.core.budget - d.at.den*profit
}

// line returns the line of a set, given by node.
func (d *dual) line(in []bool) (l line) {
	c := d.core
	for i, profit := range c.profit {
		if in[i] {
			l.profit += profit
			l.cost += c.own[i]
		}
	}
	for p, cost := range c.cost {
		if in[len(c.profit)+p] {
			l.cost += cost
		}
	}
	return l
}

// crossing returns the price under which a dear set is worth the same as a cheaper one.
func crossing(dear, cheap line) price {
	num, den := dear.profit-cheap.profit, dear.cost-cheap.cost
	a, b := num, den
	for b != 0 {
		a, b = b, a%b
	}
	return price{num / a, den / a}
}

// minimise returns the least bound of all prices, or the first it meets that is no more
// than enough; when the context is done, the best so far. It starts from a price and the
// lines of a set within the budget, and of one that holds it and costs more. All sets
// within the budget that it comes upon it shows to found.
func (d *dual) minimise(ctx context.Context, from price, cheap, dear line, enough int64, found func(line, []bool)) int64 {
	best := d.cut(from)
	for best > enough && ctx.Err() == nil {
		small := d.line(d.solver.Smallest())
		if small.cost > d.core.budget {
			dear = small
		} else {
			found(small, d.solver.Smallest())
			large := d.line(d.solver.Largest())
			if large.cost > d.core.budget {
				break // one set within and one beyond, both best: no other price is better
			}
			found(large, d.solver.Largest())
			if large.cost == d.core.budget {
				break
			}
			cheap = large
		}
		best = min(best, d.cut(crossing(dear, cheap)))
	}
	return best
}
