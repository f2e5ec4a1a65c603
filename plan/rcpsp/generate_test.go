package rcpsp

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// shape holds the measures by which the instances of PSPLIB were made (Kolisch, Sprecher,
// Drexl: Characterization and generation of a general class of resource-constrained
// project scheduling problems, Management Science 41, 1995).
type shape struct {
	activities int
	complexity float64 // arcs for each activity, none of them redundant
	factor     float64 // share of the resources that an activity demands
	strength   float64 // of the capacities, from 0 (just enough) to 1 (ample)
	resources  int
	duration   int // the longest
}

// generate makes a project of the shape: durations and demands even from 1 to 10, at most
// three arcs into and out of an activity, a supersource and a supersink.
func generate(s shape, seed uint64) *Instance {
	r := rand.New(rand.NewPCG(seed, 1995))
	n := s.activities
	const ends, most = 3, 3 // activities without predecessors or successors; arcs at one
	reach := make([][]bool, n)
	for i := range reach {
		reach[i] = make([]bool, n)
	}
	succ, preds := make([][]int, n), make([]int, n)
	arcs := 0
	join := func(a, b int) {
		succ[a] = append(succ[a], b)
		preds[b]++
		arcs++
		for x := range n {
			if x == a || reach[x][a] {
				for y := range n {
					if y == b || reach[b][y] {
						reach[x][y] = true
					}
				}
			}
		}
	}
	fits := func(a, b int) bool {
		if a >= b || a >= n-ends || b < ends || reach[a][b] || len(succ[a]) >= most || preds[b] >= most {
			return false
		}
		for _, c := range succ[a] { // a→c would be redundant with b→…→c
			if reach[b][c] {
				return false
			}
		}
		for x := range n {
			if slices.Contains(succ[x], b) && reach[x][a] {
				return false
			}
			for _, y := range succ[x] {
				if (x == a || reach[x][a]) && (y == b || reach[b][y]) {
					return false
				}
			}
		}
		return true
	}
	for b := ends; b < n; b++ {
		for try := 0; try < 50; try++ {
			if a := r.IntN(b); fits(a, b) {
				join(a, b)
				break
			}
		}
	}
	for a := range n - ends {
		for try := 0; len(succ[a]) == 0 && try < 50; try++ {
			if b := a + 1 + r.IntN(n-a-1); fits(a, b) {
				join(a, b)
			}
		}
	}
	for try := 0; float64(arcs+2*ends) < s.complexity*float64(n+2) && try < 100*n; try++ {
		if a, b := r.IntN(n), r.IntN(n); fits(a, b) {
			join(a, b)
		}
	}
	in := &Instance{
		Name:       fmt.Sprintf("%d/%g/%g/%g/%d", n, s.complexity, s.factor, s.strength, seed),
		Durations:  make([]int, n+2),
		Demands:    make([][]int, n+2),
		Capacities: make([]int, s.resources),
		Successors: make([][]int, n+2),
	}
	for i := range in.Demands {
		in.Demands[i] = make([]int, s.resources)
	}
	for i := range n {
		in.Durations[i+1] = 1 + r.IntN(s.duration)
		for _, b := range succ[i] {
			in.Successors[i+1] = append(in.Successors[i+1], b+1)
		}
		if len(succ[i]) == 0 {
			in.Successors[i+1] = []int{n + 1}
		}
		if preds[i] == 0 {
			in.Successors[0] = append(in.Successors[0], i+1)
		}
	}
	cells := r.Perm(n * s.resources)
	for at, c := range cells {
		// Every activity demands something; the rest of the cells is filled by lot.
		if i, k := c/s.resources+1, c%s.resources; float64(at) < s.factor*float64(len(cells)) || slices.Max(in.Demands[i]) == 0 {
			in.Demands[i][k] = 1 + r.IntN(10)
		}
	}
	earliest, _ := earliestStarts(in)
	for k := range s.resources {
		least, peak := 0, 0
		for i := range in.Demands {
			least = max(least, in.Demands[i][k])
			use := 0
			for j := range in.Demands {
				if earliest[j] <= earliest[i] && earliest[i] < earliest[j]+in.Durations[j] {
					use += in.Demands[j][k]
				}
			}
			peak = max(peak, use)
		}
		in.Capacities[k] = least + int(s.strength*float64(max(0, peak-least))+0.5)
	}
	return in
}

// earliestStarts are those that the precedences alone allow, and the length of the
// critical path, found by going on until nothing moves.
func earliestStarts(in *Instance) (start []int, length int) {
	start = make([]int, len(in.Durations))
	for moved := true; moved; {
		moved = false
		for a, succ := range in.Successors {
			for _, b := range succ {
				if t := start[a] + in.Durations[a]; t > start[b] {
					start[b], moved = t, true
				}
			}
		}
	}
	for a, t := range start {
		length = max(length, t+in.Durations[a])
	}
	return start, length
}

// suite makes projects like those of PSPLIB's set of the size: all values of the three
// measures, each a few times.
func suite(activities, times int) (all []*Instance) {
	strengths := []float64{0.2, 0.5, 0.7, 1}
	if activities > 100 {
		strengths = []float64{0.1, 0.2, 0.3, 0.4, 0.5}
	}
	for _, c := range []float64{1.5, 1.8, 2.1} {
		for _, f := range []float64{0.25, 0.5, 0.75, 1} {
			for _, s := range strengths {
				for range times {
					all = append(all, generate(shape{activities, c, f, s, 4, 10}, uint64(len(all)+1000*activities)))
				}
			}
		}
	}
	return all
}
