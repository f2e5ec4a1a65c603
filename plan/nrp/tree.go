package nrp

import (
	"cmp"
	"container/heap"
	"context"
	"slices"
	"sync"

	"github.com/throughline-pm/throughline/plan/closure"
)

// A node of the search tree is its parent with more decided.
type node struct {
	parent  *node
	decided []decision // the branch, and what was proven to follow
	bound   int64      // no set of this node is of more profit
	at      price      // where to start with the bound
	depth   int
	number  int // in the order of making
}

type decision struct {
	at    int32 // node of the graph
	force closure.Force
}

// frontier is the heap of nodes still to be opened: the one of the greatest bound first,
// as no proof can do without it, and of equals the deepest, where sets are found.
type frontier []*node

func (f frontier) Len() int      { return len(f) }
func (f frontier) Swap(i, j int) { f[i], f[j] = f[j], f[i] }
func (f *frontier) Push(x any)   { *f = append(*f, x.(*node)) }
func (f frontier) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(f[j].bound, f[i].bound), cmp.Compare(f[j].depth, f[i].depth), cmp.Compare(f[j].number, f[i].number)) < 0
}

func (f *frontier) Pop() any {
	last := len(*f) - 1
	nd := (*f)[last]
	(*f)[last] = nil
	*f = (*f)[:last]
	return nd
}

// abreast is how many nodes are opened at a time, each knowing only what was known when
// the first was. That, and not the number of workers that share them, decides
// the course of the search.
const abreast = 8

// How many candidates are tried before one is branched on, and how many trials of each are
// enough to know it by.
const (
	tried  = 6
	trials = 2
)

var sides = [...]closure.Force{closure.In, closure.Out}

// A tree searches a core by branch and bound (Land and Doig, "An automatic method of
// solving discrete programming problems", Econometrica 28, 1960): what is open after the
// bound is decided one way and the other.
type tree struct {
	core    *core
	best    int64 // profit, on the core, of the best set known
	record  func(profit int64, clients []bool)
	open    frontier
	made    int
	lessons lessons
	workers []*opener
}

func newTree(c *core, best int64, at price, bound int64, workers int, record func(int64, []bool)) *tree {
	g := c.graph()
	t := &tree{core: c, best: best, record: record, lessons: make(lessons, g.Len())}
	for range min(max(1, workers), abreast) {
		t.workers = append(t.workers, newOpener(c, g))
	}
	t.push(&node{bound: bound, at: at})
	return t
}

func (t *tree) push(nd *node) {
	nd.number = t.made
	t.made++
	heap.Push(&t.open, nd)
}

// bound returns what no set is of more profit than.
func (t *tree) bound() int64 {
	if len(t.open) == 0 {
		return t.best
	}
	return max(t.best, t.open[0].bound)
}

// step opens up to most nodes, and reports how many and by how many cuts.
func (t *tree) step(ctx context.Context, most int) (opened, cuts int) {
	var nodes []*node
	for len(t.open) > 0 && len(nodes) < min(most, abreast) && t.open[0].bound > t.best {
		nodes = append(nodes, heap.Pop(&t.open).(*node))
	}
	if len(nodes) == 0 {
		t.open = nil
		return 0, 0
	}
	found := make([]outcome, len(nodes))
	var wait sync.WaitGroup
	for k, w := range t.workers {
		wait.Go(func() {
			for i := k; i < len(nodes); i += len(t.workers) {
				found[i] = w.open(ctx, nodes[i], t.best, t.lessons)
			}
		})
	}
	wait.Wait()
	for _, f := range found {
		cuts += f.cuts
		if f.profit > t.best {
			t.best = f.profit
			t.record(f.profit, f.clients)
		}
		for _, l := range f.learned {
			t.lessons.learn(l)
		}
	}
	for _, f := range found {
		for _, nd := range f.children {
			if nd.bound > t.best {
				t.push(nd)
			}
		}
	}
	return len(nodes), cuts
}

// An outcome is what the opening of a node gives.
type outcome struct {
	children []*node // the node itself, if there was no time
	profit   int64   // of the best set found, if better than was known
	clients  []bool
	learned  []lesson
	cuts     int
}

// An opener opens nodes.
type opener struct {
	core    *core
	dual    *dual
	pinned  pinned
	before  []closure.Force
	small   []bool
	large   []bool
	profit  int64 // of the best set known
	clients []bool
}

func newOpener(c *core, g *closure.Graph) *opener {
	return &opener{
		core: c, dual: newDual(c, g),
		pinned: pinned{c, make([]closure.Force, g.Len())},
		before: make([]closure.Force, g.Len()),
		small:  make([]bool, g.Len()), large: make([]bool, g.Len()),
	}
}

// bound bounds the profit of what is pinned, and reports false if that is not above the
// profit of the best set known.
func (o *opener) bound(ctx context.Context, at price) (int64, bool) {
	if !o.pinned.spread() {
		return 0, false
	}
	cheap, dear := o.pinned.lines()
	if dear.cost <= o.core.budget {
		o.found(dear, nil)
		return dear.profit, false
	}
	for v, f := range o.pinned.force {
		if err := o.dual.solver.Force(v, f); err != nil {
			panic(err) // the graph is that of the core
		}
	}
	b := o.dual.minimise(ctx, at, cheap, dear, o.profit, o.found)
	return b, b > o.profit
}

// found keeps a set, given by node or nil for all that is not out, if it is the best.
func (o *opener) found(l line, in []bool) {
	if l.profit <= o.profit {
		return
	}
	o.profit = l.profit
	o.clients = make([]bool, len(o.core.profit))
	for i, f := range o.pinned.clients() {
		o.clients[i] = in == nil && f != closure.Out || in != nil && in[i]
	}
}

// open bounds a node and decides what follows, and what to branch on if anything is open.
func (o *opener) open(ctx context.Context, nd *node, best int64, lessons lessons) (result outcome) {
	o.profit, o.clients = best, nil
	o.dual.solver.Reset() // the course must not depend on what this worker did before
	from := o.dual.cuts
	force := o.pinned.force
	clear(force)
	for a := nd; a != nil; a = a.parent {
		for _, d := range a.decided {
			force[d.at] = d.force
		}
	}
	copy(o.before, force)
	defer func() {
		result.profit, result.clients, result.cuts = o.profit, o.clients, o.dual.cuts-from
		if ctx.Err() != nil {
			result.children = []*node{nd}
		}
	}()
	for ctx.Err() == nil {
		bound, ok := o.bound(ctx, nd.at)
		if !ok {
			return result
		}
		nd.bound, nd.at = min(nd.bound, bound), o.dual.at
		o.pinned.fix(o.dual, o.profit+1)
		if !o.pinned.spread() {
			return result
		}
		on, bounds, learned := o.branch(ctx, nd, lessons)
		result.learned = append(result.learned, learned...)
		if on < 0 {
			continue // something was decided on the way
		}
		for v, f := range force {
			if f != o.before[v] {
				nd.decided = append(nd.decided, decision{int32(v), f})
			}
		}
		for _, f := range sides {
			result.children = append(result.children, &node{
				parent: nd, decided: []decision{{int32(on), f}}, bound: bounds[f], at: nd.at, depth: nd.depth + 1,
			})
		}
		return result
	}
	return result
}

// A candidate is something to branch on: a node of the graph, and by how much the bound is
// thought to fall with it in and with it out.
type candidate struct {
	at    int
	guess [3]float64 // by force, from the instance
	drop  [3]float64 // the guess with what was learned, or the fall itself
}

// score is great if the bound falls on both sides.
func (c candidate) score() float64 {
	const little = 1e-3 // where one side does not fall, the other still counts
	return max(c.drop[closure.In], little) * max(c.drop[closure.Out], little)
}

// branch chooses what to branch on, and returns it with the bounds of both sides. It tries
// the most promising candidates by bounding both their sides, unless enough was learned
// of them before (Achterberg, Koch and Martin, "Branching rules revisited", Operations
// Research Letters 33, 2005). Where one side turns out not to be worth a look, the other is
// decided: then there is nothing to branch on until what is left is bounded anew.
func (o *opener) branch(ctx context.Context, nd *node, lessons lessons) (on int, bounds [3]int64, learned []lesson) {
	candidates := o.candidates()
	for i := range candidates {
		c := &candidates[i]
		for _, f := range sides {
			c.drop[f] = c.guess[f] * lessons.factor(c.at, f)
		}
	}
	slices.SortStableFunc(candidates, func(a, b candidate) int { return cmp.Compare(b.score(), a.score()) })
	on = -1
	best, decided := -1.0, false
	force := o.pinned.force
	saved := slices.Clone(force)
	for _, c := range candidates[:min(len(candidates), tried)] {
		bound := [3]int64{closure.In: nd.bound, closure.Out: nd.bound}
		if !lessons.enough(c.at) {
			var alive [3]bool
			for _, f := range sides {
				copy(force, saved)
				force[c.at] = f
				var b int64
				b, alive[f] = o.bound(ctx, nd.at)
				if ctx.Err() != nil {
					return -1, bounds, learned
				}
				bound[f] = min(nd.bound, b)
				c.drop[f] = float64(nd.bound - bound[f])
				learned = append(learned, lesson{c.at, f, c.drop[f] / max(c.guess[f], 1e-6)})
			}
			switch {
			case !alive[closure.In]:
				saved[c.at], decided = closure.Out, true
			case !alive[closure.Out]:
				saved[c.at], decided = closure.In, true
			}
		}
		if s := c.score(); s > best {
			on, best, bounds = c.at, s, bound
		}
	}
	copy(force, saved)
	if decided {
		return -1, bounds, learned
	}
	return on, bounds, learned
}

// candidates returns what the bound of the last cut has neither wholly in nor wholly
// out.
func (o *opener) candidates() (list []candidate) {
	c, n := o.core, len(o.core.profit)
	force := o.pinned.force
	copy(o.small, o.dual.solver.Smallest())
	copy(o.large, o.dual.solver.Largest())
	small, large := o.dual.line(o.small), o.dual.line(o.large)
	share := float64(c.budget-small.cost) / float64(max(1, large.cost-small.cost))
	perCost := float64(o.dual.at.num) / float64(o.dual.at.den)
	partly := func(v int) bool { return force[v] == closure.Free && o.large[v] && !o.small[v] }
	for k, cost := range c.cost {
		if !partly(n + k) {
			continue
		}
		var gain float64
		for _, i := range c.clients[k] {
			if partly(int(i)) {
				gain += max(0, float64(c.profit[i])-perCost*float64(c.own[i]))
			}
		}
		list = append(list, candidate{at: n + k, guess: [3]float64{closure.In: (1 - share) * perCost * float64(cost), closure.Out: share * gain}})
	}
	if len(list) >= 3 {
		return list
	}
	for i, profit := range c.profit {
		if !partly(i) {
			continue
		}
		price := float64(c.own[i])
		for _, k := range c.parts[i] {
			if force[n+int(k)] == closure.Free {
				price += float64(c.cost[k])
			}
		}
		list = append(list, candidate{at: i, guess: [3]float64{closure.In: (1 - share) * perCost * price, closure.Out: share * float64(profit)}})
	}
	if len(list) == 0 {
		for v, f := range force {
			if f == closure.Free {
				return []candidate{{at: v}}
			}
		}
	}
	return list
}

// A lesson is by how much the bound fell when something was decided, as a ratio to what was
// guessed.
type lesson struct {
	at    int
	force closure.Force
	ratio float64
}

// lessons are the sums of what was learned, by node of the graph and force.
type lessons [][3]struct{ sum, count float64 }

func (l lessons) learn(x lesson) {
	l[x.at][x.force].sum += x.ratio
	l[x.at][x.force].count++
}

// enough reports whether enough was learned to go without another trial.
func (l lessons) enough(v int) bool {
	return l[v][closure.In].count >= trials && l[v][closure.Out].count >= trials
}

// factor returns the mean ratio, with the usual one counted once.
func (l lessons) factor(v int, f closure.Force) float64 {
	usual := [3]float64{closure.In: 0.3, closure.Out: 0.1}
	return (l[v][f].sum + usual[f]) / (l[v][f].count + 1)
}
