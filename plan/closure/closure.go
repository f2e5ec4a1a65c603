// Package closure finds the closed sets of greatest weight in a directed graph.
//
// A set of nodes is closed if with every node it holds all nodes that this one
// requires. Which features to build when some need others, which blocks of a mine to
// dig, which requirements to meet under a price on their cost: all ask for the closed
// set whose weights add up to most. Picard, "Maximal closure of a graph and
// applications to combinatorial problems" (Management Science 22, 1976), showed that it
// is one side of a minimum cut.
//
// The same graph is usually asked again and again with other weights, as the prices of
// a Lagrangian relaxation change. So a Graph is built once, and a Solver keeps the flow
// of its last answer: the next one starts from there.
package closure

import (
	"fmt"
	"math"
)

// MaxWeight is the greatest sum of the absolute weights that Solve takes. It leaves
// room for the flows of earlier weights, which a solver keeps.
const MaxWeight = 1 << 60

// An Arc says that From requires To: a closed set that holds From holds To.
type Arc struct{ From, To int }

// A Graph is what requires what. It does not change, so many solvers may share it.
//
// Nodes that require one another, directly or by a circle of others, are in a closed
// set together or not at all, so the graph holds each such group as one: group gives
// the group of a node. The groups are numbered so that each requires only lower ones.
type Graph struct {
	group []int32
	size  int // number of groups

	// The arcs are sorted by the group they leave; those that enter a group are listed
	// by number, as flow is kept by the number of the arc.
	first, head     []int32 // arcs first[u] up to first[u+1] leave u; arc a enters head[a]
	firstIn, in, at []int32 // the arcs in[firstIn[v]:firstIn[v+1]] enter v; at are their tails
}

// NewGraph builds the graph of so many nodes, numbered from 0. Arcs may form circles and
// may be given more than once. An arc that names no node of the graph is an error.
func NewGraph(nodes int, arcs []Arc) (*Graph, error) {
	if nodes < 0 || nodes > math.MaxInt32/2 || len(arcs) > math.MaxInt32/2 {
		return nil, fmt.Errorf("a graph of %d nodes and %d arcs is out of range", nodes, len(arcs))
	}
	for i, a := range arcs {
		if a.From < 0 || a.From >= nodes || a.To < 0 || a.To >= nodes {
			return nil, fmt.Errorf("arc %d from node %d to node %d: the nodes go from 0 to %d", i, a.From, a.To, nodes-1)
		}
	}
	g := &Graph{}
	g.group, g.size = groups(nodes, arcs)
	g.first, g.head = adjacency(g.size, len(arcs), func(i int) (int32, int32) {
		return g.group[arcs[i].From], g.group[arcs[i].To]
	})
	tails := make([]int32, len(g.head))
	for u := range g.size {
		for a := g.first[u]; a < g.first[u+1]; a++ {
			tails[a] = int32(u)
		}
	}
	g.firstIn, g.in = make([]int32, g.size+1), make([]int32, len(g.head))
	for _, v := range g.head {
		g.firstIn[v+1]++
	}
	for v := range g.size {
		g.firstIn[v+1] += g.firstIn[v]
	}
	g.at = make([]int32, len(g.in))
	next := append([]int32(nil), g.firstIn[:g.size]...)
	for a, v := range g.head {
		g.in[next[v]], g.at[next[v]] = int32(a), tails[a]
		next[v]++
	}
	return g, nil
}

// Len returns the number of nodes.
func (g *Graph) Len() int { return len(g.group) }

// adjacency sorts arcs by their tails and then as they are given, without loops and
// without an arc given a second time.
func adjacency(nodes, arcs int, arc func(int) (from, to int32)) (first, head []int32) {
	first = make([]int32, nodes+1)
	for i := range arcs {
		if u, v := arc(i); u != v {
			first[u+1]++
		}
	}
	for u := range nodes {
		first[u+1] += first[u]
	}
	head = make([]int32, first[nodes])
	next := append([]int32(nil), first[:nodes]...)
	for i := range arcs {
		if u, v := arc(i); u != v {
			head[next[u]] = v
			next[u]++
		}
	}
	seen := make([]int32, nodes) // 1 + the last tail with an arc to the node
	var kept int32
	for u := range nodes {
		from := first[u]
		first[u] = kept
		for a := from; a < next[u]; a++ {
			if v := head[a]; seen[v] != int32(u)+1 {
				seen[v] = int32(u) + 1
				head[kept] = v
				kept++
			}
		}
	}
	first[nodes] = kept
	return first, head[:kept:kept]
}

// groups finds the strongly connected components as Tarjan does ("Depth-first search
// and linear graph algorithms", SIAM Journal on Computing 1, 1972), with a stack of its
// own in place of recursion. It numbers a component after all that it requires.
func groups(nodes int, arcs []Arc) (group []int32, size int) {
	first, head := adjacency(nodes, len(arcs), func(i int) (int32, int32) {
		return int32(arcs[i].From), int32(arcs[i].To)
	})
	group = make([]int32, nodes)
	low := make([]int32, nodes) // 0 before the visit, else 1 + the earliest visited node found to be reached
	born := make([]int32, nodes)
	next := append([]int32(nil), first[:nodes]...)
	var path, open []int32 // nodes on the way down; nodes whose component is not closed yet
	var clock int32
	for root := range int32(nodes) {
		if born[root] != 0 {
			continue
		}
		path = append(path, root)
		for len(path) > 0 {
			u := path[len(path)-1]
			if born[u] == 0 {
				clock++
				born[u], low[u], group[u] = clock, clock, -1
				open = append(open, u)
			}
			if next[u] < first[u+1] {
				v := head[next[u]]
				switch {
				case born[v] == 0:
					path = append(path, v)
					continue
				case group[v] < 0:
					low[u] = min(low[u], low[v])
				}
				next[u]++
				continue
			}
			path = path[:len(path)-1]
			if low[u] < born[u] {
				continue
			}
			for {
				v := open[len(open)-1]
				open = open[:len(open)-1]
				group[v] = int32(size)
				if v == u {
					break
				}
			}
			size++
		}
	}
	return group, size
}
