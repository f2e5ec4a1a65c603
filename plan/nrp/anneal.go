package nrp

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/throughline-pm/throughline/plan/chance"
)

// A walk looks for good sets by simulated annealing (Kirkpatrick, Gelatt and Vecchi,
// "Optimization by simulated annealing", Science 220, 1983), as Bagnall et al. did for
// this problem. It adds a client, and drops others until the budget holds, or drops one;
// what a step is worth is its profit less a share of the price of its cost.
// Which share is best differs much from one instance to another, so each walk has its own.
type walk struct {
	core   *core
	random *chance.Stream

	in    []bool
	list  []int32 // the clients that are in, in any order
	place []int32 // of each client in list
	users []int32 // of each part: its clients that are in
	line  line
	best  line
	kept  []bool // the clients of the best set
}

// The hottest and coldest temperature of a walk in mean profits of a client, its steps for
// each client, how many are looked at to drop one, and the number of walks.
const (
	hot    = 0.5
	cold   = 0.01
	effort = 100
	sample = 4
	walks  = 8
)

func newWalk(c *core, random *chance.Stream) *walk {
	n := len(c.profit)
	return &walk{
		core: c, random: random, in: make([]bool, n), place: make([]int32, n),
		users: make([]int32, len(c.cost)), kept: make([]bool, n),
	}
}

func (w *walk) add(i int32) {
	c := w.core
	w.in[i], w.place[i] = true, int32(len(w.list))
	w.list = append(w.list, i)
	w.line.profit += c.profit[i]
	w.line.cost += c.own[i]
	for _, k := range c.parts[i] {
		if w.users[k]++; w.users[k] == 1 {
			w.line.cost += c.cost[k]
		}
	}
}

func (w *walk) drop(i int32) {
	c := w.core
	last := w.list[len(w.list)-1]
	w.list[w.place[i]], w.place[last] = last, w.place[i]
	w.list = w.list[:len(w.list)-1]
	w.in[i] = false
	w.line.profit -= c.profit[i]
	w.line.cost -= c.own[i]
	for _, k := range c.parts[i] {
		if w.users[k]--; w.users[k] == 0 {
			w.line.cost -= c.cost[k]
		}
	}
}

// start puts clients in.
func (w *walk) start(from []bool) {
	for i, in := range from {
		if in {
			w.add(int32(i))
		}
	}
	w.keep()
}

// extra returns what a client that is out would cost in addition.
func (w *walk) extra(i int32) int64 {
	cost := w.core.own[i]
	for _, k := range w.core.parts[i] {
		if w.users[k] == 0 {
			cost += w.core.cost[k]
		}
	}
	return cost
}

// fill adds clients while the budget allows, those of the most profit for their cost first.
// As what is added makes others cheaper, the order is made anew after each eighth.
func (w *walk) fill() {
	type offer struct {
		client int32
		ratio  float64
	}
	for {
		var offers []offer
		for i, in := range w.in {
			if cost := w.extra(int32(i)); !in && cost <= w.core.budget-w.line.cost {
				offers = append(offers, offer{int32(i), float64(w.core.profit[i]) / float64(max(cost, 1))})
			}
		}
		if len(offers) == 0 {
			w.keep()
			return
		}
		slices.SortStableFunc(offers, func(a, b offer) int { return cmp.Compare(b.ratio, a.ratio) })
		for _, o := range offers[:(len(offers)+7)/8] {
			if w.extra(o.client) <= w.core.budget-w.line.cost {
				w.add(o.client)
			}
		}
	}
}

// run walks from a set within the budget, given by client, with a share of a price.
func (w *walk) run(ctx context.Context, from []bool, at price, share float64) {
	c, n := w.core, len(w.core.profit)
	w.start(from)
	perCost := float64(at.num) / float64(at.den) * share
	var mean float64
	for _, profit := range c.profit {
		mean += float64(profit) / float64(n)
	}
	temperature, steps := hot*mean, effort*n
	cooling := math.Pow(cold/hot, 1/float64(steps))
	var dropped []int32
	for step := range steps {
		if step%1024 == 0 && ctx.Err() != nil {
			return
		}
		temperature *= cooling
		i, before := int32(w.random.IntN(n)), w.line
		dropped = dropped[:0]
		if w.in[i] {
			w.drop(i)
		} else {
			w.add(i)
			for w.line.cost > c.budget {
				k := w.worst(perCost, i)
				w.drop(k)
				dropped = append(dropped, k)
			}
		}
		gain := float64(w.line.profit-before.profit) - perCost*float64(w.line.cost-before.cost)
		switch {
		case gain >= 0 || w.random.Float64() < math.Exp(gain/temperature):
			if w.line.profit > w.best.profit {
				w.keep()
			}
		case w.in[i]:
			w.drop(i)
			for _, k := range dropped {
				w.add(k)
			}
		default:
			w.add(i)
		}
	}
}

// worst returns of some clients that are in, drawn at random, the one that is worth least,
// but not the one given.
func (w *walk) worst(perCost float64, but int32) int32 {
	c := w.core
	worst, least := but, math.Inf(1)
	for drawn := 0; drawn < sample || worst == but; drawn++ {
		i := w.list[w.random.IntN(len(w.list))]
		if i == but {
			continue
		}
		cost := c.own[i]
		for _, k := range c.parts[i] {
			if w.users[k] == 1 {
				cost += c.cost[k]
			}
		}
		if worth := float64(c.profit[i]) - perCost*float64(cost); worth < least {
			worst, least = i, worth
		}
	}
	return worst
}

// keep takes what is in as the best set.
func (w *walk) keep() {
	w.best = w.line
	copy(w.kept, w.in)
}
