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

// A frontier is the heap of nodes still to be opened: the one of the greatest bound first,
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

const (
	// So many nodes are opened abreast, each knowing only what was known before the first
	// of them. That, and not the number of workers that share them, decides the course of
	// the search.
	abreast = 8

	tried  = 6 // candidates to branch on, before one is taken
	trials = 2 // of each candidate are enough to know it by
)

// sides are the two ways to decide.
var sides = [...]closure.Force{closure.In, closure.Out}

// A tree searches a core by branch and bound (Land and Doig, "An automatic method of
// solving discrete programming problems", Econometrica 28, 1960): what the bound leaves
// undecided is decided one way and the other. Most nodes are opened in the order of the
// frontier; one of those abreast always dives on to a leaf, to find better sets.
type tree struct {
	best    int64 // profit of the best set known
	record  func(profit int64, clients []bool)
	open    frontier
	dive    *node // where the dive goes on, if not nil
	made    int   // nodes
	lessons lessons
	workers []*opener
}

// newTree returns the search of a core in which a set of profit best is known, and none is
// of more than bound, found under a price. It shows better sets to record.
func newTree(c *core, best, bound int64, at price, workers int, record func(profit int64, clients []bool)) *tree {
	g := c.graph()
	t := &tree{best: best, record: record, lessons: make(lessons, g.Len()), dive: &node{bound: bound, at: at}}
	for range min(workers, abreast) {
		t.workers = append(t.workers, newOpener(c, g))
	}
	return t
}

// bound returns what no set is of more profit than.
func (t *tree) bound() int64 {
	bound := t.best
	if t.dive != nil {
		bound = max(bound, t.dive.bound)
	}
	if len(t.open) > 0 {
		bound = max(bound, t.open[0].bound)
	}
	return bound
}

// step opens up to most nodes, and returns how many and by how many cuts.
func (t *tree) step(ctx context.Context, most int) (opened, cuts int) {
	var nodes []*node
	if t.dive != nil && t.dive.bound > t.best {
		nodes = append(nodes, t.dive)
	}
	t.dive = nil
	for len(t.open) > 0 && t.open[0].bound > t.best && len(nodes) < min(most, abreast) {
		nodes = append(nodes, heap.Pop(&t.open).(*node))
	}
	outcomes := make([]outcome, len(nodes))
	var wait sync.WaitGroup
	for k, w := range t.workers {
		wait.Go(func() {
			for i := k; i < len(nodes); i += len(t.workers) {
				outcomes[i] = w.open(ctx, nodes[i], t.best, t.lessons)
			}
		})
	}
	wait.Wait()
	for _, o := range outcomes {
		cuts += o.cuts
		if o.profit > t.best {
			t.best = o.profit
			t.record(o.profit, o.clients)
		}
		for _, l := range o.learned {
			t.lessons.learn(l)
		}
	}
	for i, o := range outcomes {
		for _, nd := range o.children {
			if nd.bound <= t.best {
				continue
			}
			nd.number = t.made
			t.made++
			if i == 0 && (t.dive == nil || nd.bound > t.dive.bound) {
				nd, t.dive = t.dive, nd
			}
			if nd != nil {
				heap.Push(&t.open, nd)
			}
		}
	}
	return len(nodes), cuts
}

// An outcome is what the opening of a node gives.
type outcome struct {
	children []*node // or the node itself, if there was no time
	profit   int64   // of the best set known
	clients  []bool  // of that set, if it was found here
	learned  []lesson
	cuts     int
}

// An opener opens nodes.
type opener struct {
	core    *core
	dual    *dual
	pinned  pinned
	before  []closure.Force // what was decided before a node was opened
	small   []bool          // the last bound of the node lies between two sets, given by node
	large   []bool          // of the graph: one within the budget, and one beyond that holds it
	built   []bool          // scratch, by part
	profit  int64           // of the best set known
	clients []bool          // of that set, if it was found here
}

func newOpener(c *core, g *closure.Graph) *opener {
	n := g.Len()
	return &opener{
		core: c, dual: newDual(c, g), pinned: pinned{c, make([]closure.Force, n)}, before: make([]closure.Force, n),
		small: make([]bool, n), large: make([]bool, n), built: make([]bool, len(c.cost)),
	}
}

// open bounds a node, decides what follows, and branches if it may hold a better set.
func (o *opener) open(ctx context.Context, nd *node, best int64, lessons lessons) (result outcome) {
	o.profit, o.clients = best, nil
	o.dual.solver.Reset() // what comes of it must not depend on the nodes this worker had before
	cuts := o.dual.cuts
	force := o.pinned.force
	clear(force)
	for a := nd; a != nil; a = a.parent {
		for _, d := range a.decided {
			force[d.at] = d.force
		}
	}
	copy(o.before, force)
	for on := -1; on < 0; {
		bound, ok := o.bound(ctx, nd.at)
		if !ok {
			break
		}
		nd.bound, nd.at = min(nd.bound, bound), o.dual.at
		o.pinned.fix(o.dual, o.profit+1)
		if !o.pinned.spread() {
			break
		}
		var children [3]node
		if on, children = o.branch(ctx, nd, lessons, &result.learned); ctx.Err() != nil {
			result.children = []*node{nd}
			break
		}
		if on < 0 {
			continue // something was decided instead, or nothing is left to decide
		}
		for v, f := range force {
			if f != o.before[v] {
				nd.decided = append(nd.decided, decision{int32(v), f})
			}
		}
		for _, f := range sides {
			child := children[f]
			child.parent, child.decided, child.depth = nd, []decision{{int32(on), f}}, nd.depth+1
			result.children = append(result.children, &child)
		}
	}
	result.profit, result.clients, result.cuts = o.profit, o.clients, o.dual.cuts-cuts
	return result
}

// bound bounds the profit of what is pinned, and reports whether it is above that of the
// best set known.
func (o *opener) bound(ctx context.Context, at price) (int64, bool) {
	cheap, dear, ok := o.prepare()
	if !ok {
		return o.profit, false
	}
	b := o.dual.minimise(ctx, at, cheap, dear, o.profit, o.found)
	return b, b > o.profit
}

// try is bound by a single cut: under the price that makes the two sets of the node, adapted
// to what is pinned now, worth the same.
func (o *opener) try() (int64, bool) {
	cheap, dear, ok := o.prepare()
	if !ok {
		return o.profit, false
	}
	at := o.dual.at
	for _, in := range [][]bool{o.small, o.large} {
		l := o.pinned.adapt(in, o.built)
		better := func(than line) bool { return (l.profit-than.profit)*at.den > (l.cost-than.cost)*at.num }
		switch {
		case l.cost <= o.core.budget && better(cheap):
			cheap = l
		case l.cost > o.core.budget && better(dear):
			dear = l
		}
	}
	b := o.dual.cut(crossing(dear, cheap))
	if b <= o.profit {
		return b, false
	}
	in := o.dual.solver.Smallest()
	if l := o.dual.line(in); l.cost <= o.core.budget {
		o.found(l, in)
	}
	return b, b > o.profit
}

// prepare makes the dual ready for what is pinned, and returns the lines of what is in and
// of all that is not out. It reports false if nothing is left to choose.
func (o *opener) prepare() (cheap, dear line, ok bool) {
	if !o.pinned.spread() {
		return cheap, dear, false
	}
	cheap, dear = o.pinned.lines()
	if dear.cost <= o.core.budget {
		o.found(dear, nil)
		return cheap, dear, false
	}
	for v, f := range o.pinned.force {
		if err := o.dual.solver.Force(v, f); err != nil {
			panic(err) // the graph is that of the core
		}
	}
	return cheap, dear, true
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

// branch chooses what to branch on, and returns it with the children to be. It tries the
// most promising candidates by bounding both their sides, unless enough was learned of
// them before (Achterberg, Koch and Martin, "Branching rules revisited", Operations
// Research Letters 33, 2005). Where one side turns out to hold no better set, the other is
// decided; then it returns -1, as what is left should be bounded anew.
func (o *opener) branch(ctx context.Context, nd *node, lessons lessons, learned *[]lesson) (on int, children [3]node) {
	candidates := o.candidates()
	for i := range candidates {
		c := &candidates[i]
		for _, f := range sides {
			c.drop[f] = c.guess[f] * lessons.factor(c.at, f)
		}
	}
	slices.SortStableFunc(candidates, func(a, b candidate) int { return cmp.Compare(b.score(), a.score()) })
	force := o.pinned.force
	saved := slices.Clone(force)
	on = -1
	best, decided := -1.0, false
	for _, c := range candidates[:min(len(candidates), tried)] {
		as := node{bound: nd.bound, at: nd.at}
		child := [3]node{closure.In: as, closure.Out: as}
		if !lessons.enough(c.at) {
			var alive [3]bool
			for _, f := range sides {
				copy(force, saved)
				force[c.at] = f
				var bound int64
				if bound, alive[f] = o.try(); ctx.Err() != nil {
					return -1, children
				}
				child[f] = node{bound: min(nd.bound, bound), at: o.dual.at}
				c.drop[f] = float64(nd.bound - child[f].bound)
				*learned = append(*learned, lesson{c.at, f, c.drop[f] / max(c.guess[f], 1e-6)})
			}
			switch {
			case !alive[closure.In]:
				saved[c.at], decided = closure.Out, true
			case !alive[closure.Out]:
				saved[c.at], decided = closure.In, true
			}
		}
		if s := c.score(); s > best {
			on, best, children = c.at, s, child
		}
	}
	copy(force, saved)
	if decided {
		on = -1
	}
	return on, children
}

// candidates returns what the sets that the bound lies between do not agree on: parts, and
// clients where few parts are left. With a part in, the share of its cost that the bound
// does not pay is lost, and with it out, the share of what its clients bring.
func (o *opener) candidates() (list []candidate) {
	c, n := o.core, len(o.core.profit)
	force := o.pinned.force
	copy(o.small, o.dual.solver.Smallest())
	copy(o.large, o.dual.solver.Largest())
	small, large := o.dual.line(o.small), o.dual.line(o.large)
	share := float64(c.budget-small.cost) / float64(max(1, large.cost-small.cost))
	perCost := float64(o.dual.at.num) / float64(o.dual.at.den)
	partly := func(v int) bool { return force[v] == closure.Free && o.large[v] && !o.small[v] }
	guess := func(cost int64, profit float64) [3]float64 {
		return [3]float64{closure.In: (1 - share) * perCost * float64(cost), closure.Out: share * profit}
	}
	for k, cost := range c.cost {
		if !partly(n + k) {
			continue
		}
		var profit float64
		for _, i := range c.clients[k] {
			if partly(int(i)) {
				profit += max(0, float64(c.profit[i])-perCost*float64(c.own[i]))
			}
		}
		list = append(list, candidate{at: n + k, guess: guess(cost, profit)})
	}
	const few = 3
	if len(list) >= few {
		return list
	}
	for i, profit := range c.profit {
		if !partly(i) {
			continue
		}
		cost := c.own[i]
		for _, k := range c.parts[i] {
			if force[n+int(k)] == closure.Free {
				cost += c.cost[k]
			}
		}
		list = append(list, candidate{at: i, guess: guess(cost, float64(profit))})
	}
	if v := slices.Index(force, closure.Free); len(list) == 0 && v >= 0 {
		list = append(list, candidate{at: v}) // what was proven to follow has decided all others
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
