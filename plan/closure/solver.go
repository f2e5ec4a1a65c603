package closure

import "fmt"

// A Force says what is known of a node before the search.
type Force int8

// What Force takes.
const (
	Free Force = iota // the weights decide
	In                // the node is in the closed set, and so is what it requires
	Out               // the node is not in the closed set, nor is what requires it
)

// A Solver finds closed sets of one graph, for weights that change. It is for one
// goroutine at a time; others may have solvers of the same graph.
//
// The minimum cut is found by a flow that starts with what it should end with: every
// positive weight is an excess at its node, every negative one a demand, and arcs carry
// any amount from a node to what it requires (or take back what was sent). Excess is
// pushed along ever shorter ways towards demand until none can reach any. What excess
// still reaches then is the smallest best set, and the excess left is its weight. This
// is the first phase of Goldberg and Tarjan's algorithm ("A new approach to the
// maximum-flow problem", Journal of the ACM 35, 1988), with exact distances and all
// nodes of one distance served before those of a shorter one.
//
// As no weight is an arc, any flow is as good to start from as none (Hochbaum, "The
// pseudoflow algorithm", Operations Research 56, 2008): for new weights the excess is
// counted anew over the flow of the old ones, and little is left to push.
type Solver struct {
	g      *Graph
	force  []Force // of each node, as asked
	forced bool    // some node is not free
	flow   []int64 // of each arc
	excess []int64 // of each group
	state  []Force // of each group, with what the forced ones entail
	dist   []int32 // number of arcs to the nearest demand, or far
	queue  []int32 // groups by distance
	live   []int32 // groups that may be on a way from excess to demand
	fixed  int64   // weight of the groups forced in
	in     []bool  // the answer
}

// Distances that are none.
const (
	far    = int32(-1)      // not reached yet
	gone   = int32(-2)      // on no way from excess to demand
	marked = int32(1 << 30) // this bit is set on groups that excess can reach
)

// NewSolver returns a solver with all nodes free.
func (g *Graph) NewSolver() *Solver {
	return &Solver{
		g:      g,
		force:  make([]Force, g.Len()),
		flow:   make([]int64, len(g.head)),
		excess: make([]int64, g.size),
		state:  make([]Force, g.size),
		dist:   make([]int32, g.size),
		queue:  make([]int32, 0, g.size),
		live:   make([]int32, 0, g.size),
		in:     make([]bool, g.Len()),
	}
}

// Force sets what is known of a node, from the next Solve on. A node that the graph does
// not have is an error.
func (s *Solver) Force(node int, f Force) error {
	if node < 0 || node >= len(s.force) {
		return fmt.Errorf("node %d is forced: the nodes go from 0 to %d", node, len(s.force)-1)
	}
	s.force[node] = f
	s.forced = s.forced || f != Free
	return nil
}

// Reset forgets the flow of earlier answers, as if the solver were new. The weight and the
// sets that Solve finds do not depend on what it was asked before, but regrets and the time
// it takes do.
func (s *Solver) Reset() { clear(s.flow) }

// Solve returns the greatest weight of a closed set that has the forced nodes as they
// are forced. The empty set is closed, so the weight is never negative while all nodes
// are free. There is an error if the number of weights is not that of the nodes, if
// their absolute values add up to more than MaxWeight, or if a node forced in requires
// one forced out. After the first call there are no allocations.
func (s *Solver) Solve(weights []int64) (int64, error) {
	if err := s.start(weights); err != nil {
		return 0, err
	}
	s.enliven()
	s.measure()
	s.prune()
	for s.push() {
		s.measure()
	}
	value := s.fixed
	for u, e := range s.excess {
		if e > 0 && s.state[u] == Free {
			value += e
		}
	}
	return value, nil
}

// Regret returns what is lost at least, against the weight that the last Solve found, by
// every closed set that holds the node (if negative) or lacks it (if positive). The
// regrets of several nodes add up: a closed set weighs no more than the best less the
// sum of the regrets it goes against. They are those of the flow that was found, not
// the greatest there could be. Nodes that require one another share one regret, and
// forced ones and those they entail have none.
func (s *Solver) Regret(node int) int64 {
	u := s.g.group[node]
	if s.state[u] != Free {
		return 0
	}
	return s.excess[u]
}

// start spreads the forced nodes and counts the excess of all free groups over the flow
// of the last answer.
func (s *Solver) start(weights []int64) error {
	if len(weights) != s.g.Len() {
		return fmt.Errorf("%d weights for a graph of %d nodes", len(weights), s.g.Len())
	}
	if err := s.spread(); err != nil {
		return err
	}
	var sum uint64
	clear(s.excess)
	for v, w := range weights {
		size := uint64(w)
		if w < 0 {
			size = -size
		}
		if sum += size; size > MaxWeight || sum > MaxWeight {
			return fmt.Errorf("the weights up to that of node %d, %d, add up to more than 2^60", v, w)
		}
		s.excess[s.g.group[v]] += w
	}
	s.fixed = 0
	for u, state := range s.state {
		if state == In {
			s.fixed += s.excess[u]
		}
	}
	// Every flow in a graph without circles is a sum of ways that start where the flow
	// begins, so none is greater than what begins in all; a solve adds no more than
	// twice the weights to that.
	if s.balance() > MaxWeight {
		clear(s.flow)
		clear(s.excess)
		for v, w := range weights {
			s.excess[s.g.group[v]] += w
		}
	}
	return nil
}

// balance moves the excess along the flow and returns how much flow there is.
func (s *Solver) balance() uint64 {
	g := s.g
	var total uint64
	for u := range g.size {
		for a := g.first[u]; a < g.first[u+1]; a++ {
			f := s.flow[a]
			if f == 0 {
				continue
			}
			v := g.head[a]
			if s.state[u] != Free || s.state[v] != Free {
				s.flow[a] = 0
				continue
			}
			s.excess[u] -= f
			s.excess[v] += f
			total = min(total+uint64(f), 1<<63)
		}
	}
	return total
}

// spread finds what the forced nodes entail: groups that one forced in requires are in
// too, and groups that require one forced out are out.
func (s *Solver) spread() error {
	clear(s.state)
	if !s.forced {
		return nil
	}
	g := s.g
	s.forced = false
	for v, f := range s.force {
		if f == Free {
			continue
		}
		s.forced = true
		if u := g.group[v]; s.state[u] != Free && s.state[u] != f {
			return fmt.Errorf("node %d is forced both in and out by nodes that require one another", v)
		}
		s.state[g.group[v]] = f
	}
	for u := g.size - 1; u >= 0; u-- { // a group before those that it requires
		if s.state[u] != In {
			continue
		}
		for _, v := range g.head[g.first[u]:g.first[u+1]] {
			if s.state[v] == Out {
				return fmt.Errorf("node %d is forced out, but nodes forced in require it", s.member(v))
			}
			s.state[v] = In
		}
	}
	for v := range g.size {
		if s.state[v] != Out {
			continue
		}
		for _, u := range g.at[g.firstIn[v]:g.firstIn[v+1]] {
			s.state[u] = Out
		}
	}
	return nil
}

// member returns the first node of a group.
func (s *Solver) member(group int32) int {
	for v, u := range s.g.group {
		if u == group {
			return v
		}
	}
	return -1
}

// enliven makes all free groups live.
func (s *Solver) enliven() {
	s.live = s.live[:0]
	for u, state := range s.state {
		s.dist[u] = gone
		if state == Free {
			s.live = append(s.live, int32(u))
		}
	}
}

// measure finds the distances to the nearest demand, by breadth from the demands
// backwards over the live groups, and sorts these by them. Groups from where no demand is
// reached are live no more: no push opens a way again, so later rounds leave them out.
func (s *Solver) measure() {
	g := s.g
	s.queue = s.queue[:0]
	for _, u := range s.live {
		s.dist[u] = far
		if s.excess[u] < 0 {
			s.dist[u] = 0
			s.queue = append(s.queue, u)
		}
	}
	for i := 0; i < len(s.queue); i++ {
		v := s.queue[i]
		d := s.dist[v] + 1
		for _, u := range g.at[g.firstIn[v]:g.firstIn[v+1]] {
			if s.dist[u] == far {
				s.dist[u] = d
				s.queue = append(s.queue, u)
			}
		}
		for a := g.first[v]; a < g.first[v+1]; a++ {
			if u := g.head[a]; s.flow[a] > 0 && s.dist[u] == far {
				s.dist[u] = d
				s.queue = append(s.queue, u)
			}
		}
	}
	for _, u := range s.live {
		if s.dist[u] == far {
			s.dist[u] = gone
		}
	}
	s.live, s.queue = s.queue, s.live
}

// prune leaves out the groups that no excess can reach, nor ever will in this search. It
// costs as much as measure, so it is done once, which after small changes of the weights
// is what leaves little to do.
func (s *Solver) prune() {
	g := s.g
	reached := s.queue[:0]
	for _, u := range s.live {
		if s.excess[u] > 0 {
			s.dist[u] |= marked
			reached = append(reached, u)
		}
	}
	for i := 0; i < len(reached); i++ {
		u := reached[i]
		for _, v := range g.head[g.first[u]:g.first[u+1]] {
			if uint32(s.dist[v]) < uint32(marked) {
				s.dist[v] |= marked
				reached = append(reached, v)
			}
		}
		for i := g.firstIn[u]; i < g.firstIn[u+1]; i++ {
			if v := g.at[i]; s.flow[g.in[i]] > 0 && uint32(s.dist[v]) < uint32(marked) {
				s.dist[v] |= marked
				reached = append(reached, v)
			}
		}
	}
	kept := s.live[:0]
	for _, u := range s.live {
		if s.dist[u] < marked {
			s.dist[u] = gone
			continue
		}
		s.dist[u] &^= marked
		kept = append(kept, u)
	}
	s.live = kept
}

// push sends excess one step nearer to demand, the farthest first, so that what sets out
// in this round goes all the way or until the arcs are used up. It reports whether there
// was any that reaches demand.
func (s *Solver) push() bool {
	pushed := false
	g := s.g
	for i := len(s.live) - 1; i >= 0; i-- {
		u := s.live[i]
		e := s.excess[u]
		if e <= 0 {
			continue
		}
		pushed = true
		near := s.dist[u] - 1
		for i := g.firstIn[u]; e > 0 && i < g.firstIn[u+1]; i++ {
			a, v := g.in[i], g.at[i]
			if s.flow[a] > 0 && s.dist[v] == near {
				f := min(e, s.flow[a])
				s.flow[a] -= f
				s.excess[v] += f
				e -= f
			}
		}
		for a := g.first[u]; e > 0 && a < g.first[u+1]; a++ {
			v := g.head[a]
			if s.dist[v] != near {
				continue
			}
			f := e
			if near == 0 {
				f = min(e, max(0, -s.excess[v]))
			}
			s.flow[a] += f
			s.excess[v] += f
			e -= f
		}
		s.excess[u] = e
	}
	return pushed
}

// Smallest returns the closed set of the last Solve that all of its weight have in
// common, by node. The slice is the solver's and holds until its next use.
func (s *Solver) Smallest() []bool {
	g := s.g
	s.queue = s.queue[:0]
	for u := range g.size {
		s.dist[u] = far
		if s.excess[u] > 0 && s.state[u] == Free || s.state[u] == In {
			s.dist[u] = 0
			s.queue = append(s.queue, int32(u))
		}
	}
	for i := 0; i < len(s.queue); i++ {
		u := s.queue[i]
		for _, v := range g.head[g.first[u]:g.first[u+1]] {
			if s.dist[v] == far {
				s.dist[v] = 0
				s.queue = append(s.queue, v)
			}
		}
		for i := g.firstIn[u]; i < g.firstIn[u+1]; i++ {
			if v := g.at[i]; s.flow[g.in[i]] > 0 && s.dist[v] == far {
				s.dist[v] = 0
				s.queue = append(s.queue, v)
			}
		}
	}
	for v, u := range g.group {
		s.in[v] = s.dist[u] == 0
	}
	return s.in
}

// Largest returns the closed set of the last Solve that holds all others of its weight,
// by node. The slice is the solver's and holds until its next use.
func (s *Solver) Largest() []bool {
	s.enliven()
	s.measure()
	for v, u := range s.g.group {
		s.in[v] = s.state[u] == In || s.state[u] == Free && s.dist[u] == gone
	}
	return s.in
}
