package closure

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// random makes a graph of up to most nodes; some have circles.
func random(r *rand.Rand, most int) (nodes int, arcs []Arc) {
	nodes = 1 + r.IntN(most)
	circles := r.IntN(3) == 0
	for range r.IntN(3 * nodes) {
		a := Arc{r.IntN(nodes), r.IntN(nodes)}
		if !circles && a.From < a.To {
			a.From, a.To = a.To, a.From
		}
		arcs = append(arcs, a)
	}
	return nodes, arcs
}

func weigh(r *rand.Rand, nodes int) []int64 {
	weights := make([]int64, nodes)
	span := []int64{1, 3, 100, 1 << 50}[r.IntN(4)]
	for v := range weights {
		weights[v] = r.Int64N(2*span+1) - span
	}
	return weights
}

// best tries all sets. It returns the greatest weight of a closed one that agrees with
// the forces, and what all and any of that weight hold.
func best(weights []int64, arcs []Arc, force []Force) (value int64, all, some uint32, found bool) {
	value = math.MinInt64
sets:
	for set := range uint32(1) << len(weights) {
		for _, a := range arcs {
			if set>>a.From&1 > set>>a.To&1 {
				continue sets
			}
		}
		var sum int64
		for v, w := range weights {
			in := set>>v&1 == 1
			if in && force[v] == Out || !in && force[v] == In {
				continue sets
			}
			if in {
				sum += w
			}
		}
		switch {
		case sum > value:
			value, all, some, found = sum, set, set, true
		case sum == value:
			all &= set
			some |= set
		}
	}
	return value, all, some, found
}

func bits(in []bool) (set uint32) {
	for v, b := range in {
		if b {
			set |= 1 << v
		}
	}
	return set
}

// holdRegrets checks every closed set against the sum of the regrets it goes against.
func holdRegrets(t *testing.T, s *Solver, value int64, weights []int64, arcs []Arc, force []Force) {
	t.Helper()
	group := s.g.group
sets:
	for set := range uint32(1) << len(weights) {
		for _, a := range arcs {
			if set>>a.From&1 > set>>a.To&1 {
				continue sets
			}
		}
		var sum int64
		limit, counted := value, map[int32]bool{}
		for v, w := range weights {
			in := set>>v&1 == 1
			if in && force[v] == Out || !in && force[v] == In {
				continue sets
			}
			if in {
				sum += w
			}
			if r := s.Regret(v); !counted[group[v]] && in == (r < 0) {
				counted[group[v]] = true
				limit -= max(r, -r)
			}
		}
		if sum > limit {
			t.Fatalf("the set %b weighs %d, more than the regrets allow, %d", set, sum, limit)
		}
	}
}

// A solver asked again and again, with other weights and other forced nodes, agrees each
// time with the trial of all sets.
func TestAgainstAllSets(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	refused := 0
	for round := range 400 {
		nodes, arcs := random(r, 11)
		if round%40 == 0 {
			nodes, arcs = random(r, 16)
		}
		g, err := NewGraph(nodes, arcs)
		if err != nil {
			t.Fatal(err)
		}
		s := g.NewSolver()
		force := make([]Force, nodes)
		for turn := range 8 {
			weights := weigh(r, nodes)
			if turn >= 3 {
				v, f := r.IntN(nodes), Force(r.IntN(3))
				force[v] = f
				if err := s.Force(v, f); err != nil {
					t.Fatal(err)
				}
			}
			want, all, some, found := best(weights, arcs, force)
			got, err := s.Solve(weights)
			if !found {
				refused++
				if err == nil || !strings.Contains(err.Error(), "forced") {
					t.Fatalf("%v under %v: nodes that cannot be forced so gave %v", arcs, force, err)
				}
				continue
			}
			if err != nil {
				t.Fatalf("%v under %v: %v", arcs, force, err)
			}
			if got != want || bits(s.Smallest()) != all || bits(s.Largest()) != some || bits(s.Smallest()) != all {
				t.Fatalf("%v of weights %v under %v: %d by %b to %b, want %d by %b to %b", arcs, weights, force,
					got, bits(s.Smallest()), bits(s.Largest()), want, all, some)
			}
			holdRegrets(t, s, got, weights, arcs, force)
		}
	}
	if refused < 20 {
		t.Errorf("only %d cases of nodes that cannot be forced", refused)
	}
}

// On larger graphs, the answers are closed and of the weight that is told, a solver that
// was asked other things before answers as a new one does, and the weight moves as it must.
func TestLargerGraphs(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	value := func(g *Graph, weights []int64) int64 {
		t.Helper()
		got, err := g.NewSolver().Solve(weights)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	for range 60 {
		nodes, arcs := random(r, 400)
		g, err := NewGraph(nodes, arcs)
		if err != nil {
			t.Fatal(err)
		}
		s := g.NewSolver()
		for range 5 {
			weights := weigh(r, nodes)
			got, err := s.Solve(weights)
			if err != nil {
				t.Fatal(err)
			}
			if fresh := value(g, weights); got != fresh {
				t.Fatalf("%d after other weights, %d at once", got, fresh)
			}
			small := slices.Clone(s.Smallest())
			for name, in := range map[string][]bool{"smallest": small, "largest": slices.Clone(s.Largest())} {
				var sum int64
				for v, w := range weights {
					if in[v] {
						sum += w
					}
					if small[v] && !in[v] {
						t.Fatalf("node %d is in the smallest set and not in the %s", v, name)
					}
				}
				for _, a := range arcs {
					if in[a.From] && !in[a.To] {
						t.Fatalf("the %s set holds %d and not %d, which that requires", name, a.From, a.To)
					}
				}
				if sum != got {
					t.Fatalf("the %s set weighs %d, not %d", name, sum, got)
				}
			}
			more, err := NewGraph(nodes, append(slices.Clone(arcs), Arc{r.IntN(nodes), r.IntN(nodes)}))
			if err != nil {
				t.Fatal(err)
			}
			if v := value(more, weights); v > got {
				t.Fatalf("another arc raised the weight from %d to %d", got, v)
			}
			v := r.IntN(nodes)
			weights[v] += 10
			if raised := value(g, weights); raised < got || raised > got+10 {
				t.Fatalf("10 more on node %d changed %d to %d", v, got, raised)
			}
		}
		// Two graphs side by side are worth what they are worth apart.
		otherNodes, otherArcs := random(r, 100)
		both := slices.Clone(arcs)
		for _, a := range otherArcs {
			both = append(both, Arc{a.From + nodes, a.To + nodes})
		}
		other, err := NewGraph(otherNodes, otherArcs)
		if err != nil {
			t.Fatal(err)
		}
		joined, err := NewGraph(nodes+otherNodes, both)
		if err != nil {
			t.Fatal(err)
		}
		w1, w2 := weigh(r, nodes), weigh(r, otherNodes)
		if got, want := value(joined, append(slices.Clone(w1), w2...)), value(g, w1)+value(other, w2); got != want {
			t.Fatalf("%d together, %d apart", got, want)
		}
	}
}

// The flow of weights near the limit is dropped before it could overflow.
func TestGreatWeights(t *testing.T) {
	g, err := NewGraph(3, []Arc{{0, 1}, {1, 2}})
	if err != nil {
		t.Fatal(err)
	}
	s := g.NewSolver()
	for i := range 100 {
		weights := []int64{MaxWeight / 2, 0, -MaxWeight / 2}
		want := int64(0)
		if i%2 == 1 {
			weights, want = []int64{MaxWeight/2 + 1, 0, 1 - MaxWeight/2}, 2
		}
		got, err := s.Solve(weights)
		if err != nil || got != want {
			t.Fatalf("%d, %v; want %d", got, err, want)
		}
	}
}

func TestRefusals(t *testing.T) {
	for _, arcs := range [][]Arc{{{0, 3}}, {{0, 1}, {-1, 0}}} {
		if _, err := NewGraph(3, arcs); err == nil {
			t.Errorf("no error for %v", arcs)
		}
	}
	if _, err := NewGraph(-1, nil); err == nil {
		t.Error("no error for a negative number of nodes")
	}
	g, err := NewGraph(2, []Arc{{0, 1}})
	if err != nil {
		t.Fatal(err)
	}
	s := g.NewSolver()
	for _, weights := range [][]int64{nil, {1, 2, 3}, {MaxWeight, 1}, {MaxWeight, -1}, {math.MinInt64, 0}, {math.MinInt64, math.MinInt64}} {
		if _, err := s.Solve(weights); err == nil {
			t.Errorf("no error for weights %v", weights)
		}
	}
	for _, v := range []int{-1, 2} {
		if err := s.Force(v, In); err == nil {
			t.Errorf("no error for forcing node %d", v)
		}
	}
	if got, err := s.Solve([]int64{5, -3}); got != 2 || err != nil {
		t.Errorf("after refusals: %d, %v; want 2", got, err)
	}
	empty, err := NewGraph(0, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := empty.NewSolver().Solve(nil); got != 0 || err != nil {
		t.Errorf("no nodes: %d, %v", got, err)
	}
}

func TestNoAllocations(t *testing.T) {
	g, weigh := roadmap(50, 6, 3)
	s, weights := g.NewSolver(), [][]int64{weigh(300), weigh(500)}
	i := 0
	if n := testing.AllocsPerRun(20, func() {
		if err := s.Force(7, Force(i%3)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Solve(weights[i%2]); err != nil {
			t.Fatal(err)
		}
		s.Smallest()
		s.Largest()
		i++
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func ExampleSolver() {
	// Feature 0 is worth 9 and needs the costs 1 and 2; feature 3 is worth 4 and needs 2.
	g, err := NewGraph(4, []Arc{{0, 1}, {0, 2}, {3, 2}})
	if err != nil {
		panic(err)
	}
	s := g.NewSolver()
	for _, costly := range []int64{-5, -9} {
		value, err := s.Solve([]int64{9, costly, -3, 4})
		if err != nil {
			panic(err)
		}
		fmt.Println(value, s.Smallest())
	}
	// Output:
	// 5 [true true true true]
	// 1 [false false true true]
}
