package plan

import (
	"cmp"
	"slices"
)

// A block is what a schedule takes or leaves as one: features and activities of no feature
// that depend on each other in both directions, by links, couplings or both. Nearly always
// it is one feature, or one activity of no feature. Blocks depend on each other in one
// direction only.
type block struct {
	acts  []int
	parts []part
	// orders are those in which to place the activities; each comes after those its links
	// wait for. Blocks of one feature have one order; others are tried if it fails.
	orders [][]int
	// hard are blocks without which this one is not built; soft are those its links wait
	// for if they are.
	hard, soft []int
	must, out  bool
}

// part is a set of features that can go live only together, mostly of one.
type part struct {
	features []int
	// best[k] is the release from k on that is worth most, len(releases) if none may be; for
	// what others require, the soonest one, so that it does not hold them up.
	best []int16
}

// formBlocks finds the strongly connected components of what waits for what (Tarjan 1972)
// and puts them in the order in which they depend.
func (m *model) formBlocks() {
	// nodes are the features, then the activities of no feature
	nodes := len(m.features) + len(m.free)
	nodeOf := make([]int, len(m.acts))
	for i := range m.acts {
		nodeOf[i] = m.acts[i].feature
	}
	for i, a := range m.free {
		nodeOf[a] = len(m.features) + i
	}
	waits := make([][]int, nodes)
	for i := range m.features {
		waits[i] = slices.Concat(m.features[i].requires, m.features[i].together)
	}
	m.formParts(m.couplings())
	for i := range m.acts {
		for _, c := range m.acts[i].out {
			waits[nodeOf[c.other]] = append(waits[nodeOf[c.other]], nodeOf[i])
			if c.bounded {
				waits[nodeOf[i]] = append(waits[nodeOf[i]], nodeOf[c.other])
			}
		}
	}
	component := components(waits)
	count := 0
	for _, c := range component {
		count = max(count, c+1)
	}
	m.blocks = make([]block, count)
	for n, c := range component {
		b := &m.blocks[c]
		if n >= len(m.features) {
			b.must = true
			b.acts = append(b.acts, m.free[n-len(m.features)])
			m.acts[m.free[n-len(m.features)]].block = c
			continue
		}
		f := &m.features[n]
		f.block = c
		b.must = b.must || f.must
		for _, a := range f.acts {
			m.acts[a].block = c
		}
		if !f.out {
			b.acts = append(b.acts, f.acts...)
		}
	}
	for _, p := range m.parts {
		b := &m.blocks[component[p.features[0]]]
		b.parts = append(b.parts, p)
	}
	for c := range m.blocks {
		m.blocks[c].out = len(m.blocks[c].parts) == 0 && len(m.blocks[c].acts) == 0
	}
	tail := m.tails()
	link := func(list *[]int, from, to int) {
		if from != to && !slices.Contains(*list, to) {
			*list = append(*list, to)
		}
	}
	for i := range m.features {
		for _, r := range m.features[i].requires {
			link(&m.blocks[component[i]].hard, component[i], component[r])
		}
	}
	for n := range waits {
		for _, w := range waits[n] {
			if !slices.Contains(m.blocks[component[n]].hard, component[w]) {
				link(&m.blocks[component[n]].soft, component[n], component[w])
			}
		}
	}
	for c := range m.blocks {
		b := &m.blocks[c]
		b.orders = [][]int{m.inOrder(b.acts, func(a int) int { return m.acts[a].earliest })}
		if len(b.parts) > 1 || len(b.parts) == 1 && len(b.parts[0].features) > 1 {
			b.orders = append(b.orders,
				m.inOrder(b.acts, func(a int) int { return -tail[a] }),
				m.inOrder(b.acts, func(a int) int { return tail[a] }),
				m.inOrder(b.acts, func(a int) int { return -a }))
		}
	}
}

// formParts groups the features by what goes live together, given the component of each in
// the graph of what requires what and of couplings. The parts come in an order in which
// each requires only those before it.
func (m *model) formParts(component []int) {
	parts := make([]part, len(m.features))
	for f, c := range component {
		if !m.features[f].out {
			parts[c].features = append(parts[c].features, f)
		}
	}
	m.parts = slices.DeleteFunc(parts, func(p part) bool { return len(p.features) == 0 })
	releases := len(m.releases)
	for i := range m.parts {
		p := &m.parts[i]
		p.best = make([]int16, releases+1)
		p.best[releases] = int16(releases)
		top := 0.0
		for k := releases - 1; k >= 0; k-- {
			p.best[k] = p.best[k+1]
			worth, may, needed := 0.0, true, false
			for _, f := range p.features {
				f := &m.features[f]
				worth += f.worth[k] - f.least*m.discounts[k]
				may = may && f.first <= k && k <= f.last
				needed = needed || len(f.needed) > 0
			}
			if may && (int(p.best[k]) == releases || needed || worth >= top) {
				p.best[k], top = int16(k), worth
			}
		}
	}
}

// inOrder sorts activities so that each comes after those its links wait for, and the one
// of the least key first of those that may come next. Links that go round in a circle, which lags below
// zero allow, give way.
func (m *model) inOrder(acts []int, key func(int) int) []int {
	in := map[int]bool{}
	left := map[int]int{}
	for _, a := range acts {
		in[a] = true
	}
	for _, a := range acts {
		for _, c := range m.acts[a].in {
			if in[c.other] && c.other != a {
				left[a]++
			}
		}
	}
	later := func(a, b int) int { return cmp.Or(cmp.Compare(key(b), key(a)), cmp.Compare(b, a)) }
	var ready []int // the one to come next is the last
	come := func(a int) {
		at, _ := slices.BinarySearchFunc(ready, a, later)
		ready = slices.Insert(ready, at, a)
	}
	for _, a := range acts {
		if left[a] == 0 {
			come(a)
		}
	}
	out := make([]int, 0, len(acts))
	for len(out) < len(acts) {
		if len(ready) == 0 {
			for _, a := range acts {
				if left[a] > 0 && (len(ready) == 0 || later(ready[0], a) < 0) {
					ready = []int{a}
				}
			}
			left[ready[0]] = 0
		}
		a := ready[len(ready)-1]
		ready = ready[:len(ready)-1]
		left[a] = -1 // has come
		out = append(out, a)
		for _, c := range m.acts[a].out {
			if left[c.other] > 0 {
				if left[c.other]--; left[c.other] == 0 {
					come(c.other)
				}
			}
		}
	}
	return out
}

// components numbers the strongly connected components of a graph given by what each node
// waits for; a component has a higher number than those it waits for. It keeps its own
// stack, as chains may be long.
func components(waits [][]int) []int {
	const unseen = -1
	n := len(waits)
	index, low, out := make([]int, n), make([]int, n), make([]int, n)
	for i := range index {
		index[i], out[i] = unseen, unseen
	}
	type frame struct{ node, next int }
	var open []int
	var stack []frame
	seen, found := 0, 0
	for root := range n {
		if index[root] != unseen {
			continue
		}
		stack = append(stack, frame{root, 0})
		for len(stack) > 0 {
			f := &stack[len(stack)-1]
			v := f.node
			if f.next == 0 {
				index[v], low[v] = seen, seen
				seen++
				open = append(open, v)
			}
			if f.next < len(waits[v]) {
				w := waits[v][f.next]
				f.next++
				if index[w] == unseen {
					stack = append(stack, frame{w, 0})
				} else if out[w] == unseen {
					low[v] = min(low[v], index[w])
				}
				continue
			}
			stack = stack[:len(stack)-1]
			if len(stack) > 0 {
				parent := stack[len(stack)-1].node
				low[parent] = min(low[parent], low[v])
			}
			if low[v] == index[v] {
				for {
					w := open[len(open)-1]
					open = open[:len(open)-1]
					out[w] = found
					if w == v {
						break
					}
				}
				found++
			}
		}
	}
	return out
}
