package rcpsp

import (
	"math/rand/v2"
	"testing"
)

// TestSchemes holds both schemes, in either direction and for one word and several, to
// what they have in common: no activity could start earlier with all others as they are.
func TestSchemes(t *testing.T) {
	r := random{1}
	for _, resources := range []int{1, 4, 9} {
		for seed := range uint64(4) {
			in := generate(shape{30, 1.8, 0.5, 0.2, resources, 10}, seed)
			forward, _, _ := compile(in)
			made := 0
			for _, p := range []*project{forward, forward.mirror} {
				g := newGenerator(p, &made)
				list, start := make([]int32, p.n), make([]int32, p.n)
				s := newSampler(p.n)
				for range 5 {
					s.sample(p, &r, list)
					for _, scheme := range []func(list, start []int32) int32{g.serial, g.parallel} {
						makespan := scheme(list, start)
						if err := feasible(p, start); err != nil {
							t.Fatalf("%s: %v", in.Name, err)
						}
						if got := p.finished(start); got != makespan {
							t.Fatalf("%s: makespan %d, told to be %d", in.Name, got, makespan)
						}
						for i := range int32(p.n) {
							at := start[i]
							for start[i]--; start[i] >= 0; start[i]-- {
								if feasible(p, start) == nil {
									t.Fatalf("%s: activity %d could start at %d, not %d", in.Name, i, start[i], at)
								}
							}
							start[i] = at
						}
					}
				}
			}
			if made != 20 {
				t.Fatalf("%d schedules counted, 20 made", made)
			}
		}
	}
}

// feasible holds a schedule of a compiled project to the definition by writing the project
// as an instance again.
func feasible(p *project, start []int32) error {
	in := &Instance{Durations: make([]int, p.n), Demands: make([][]int, p.n), Successors: make([][]int, p.n)}
	for _, c := range p.capacity {
		in.Capacities = append(in.Capacities, int(c))
	}
	starts := make([]int, p.n)
	last := 0
	for i := range p.n {
		in.Durations[i] = int(p.duration[i])
		for k := range p.capacity {
			in.Demands[i] = append(in.Demands[i], int(p.demand[k][i]))
		}
		for _, s := range p.succ.of(int32(i)) {
			in.Successors[i] = append(in.Successors[i], int(s))
		}
		starts[i] = int(start[i])
		last = max(last, starts[i]+in.Durations[i])
	}
	return breaks(in, starts, last)
}

func TestJustificationNeverLengthens(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 9))
	for seed := range uint64(30) {
		p, _, _ := compile(generate(shape{60, 1.5, 0.75, 0.2, 4, 10}, seed))
		i := newIsland(p, 1_000, r.Uint64())
		i.sampler.sample(p, &i.random, i.list)
		x := i.decode(0, serially)
		for n := range 6 {
			copy(i.list, x.list)
			before := x.makespan
			if x = i.decode(1-n&1, serially); x.makespan > before {
				t.Fatalf("%d becomes %d by a shift to the other side", before, x.makespan)
			}
		}
	}
}
