package rcpsp

import (
	"context"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

func solve(t *testing.T, in *Instance, opt Options) Result {
	t.Helper()
	r, err := Solve(t.Context(), in, opt)
	if err != nil {
		t.Fatalf("%s: %v", in.Name, err)
	}
	if err := breaks(in, r.Start, r.Makespan); err != nil {
		t.Fatalf("%s: %v", in.Name, err)
	}
	if _, length := earliestStarts(in); r.CriticalPath != length {
		t.Fatalf("%s: critical path of %d, not %d", in.Name, r.CriticalPath, length)
	}
	if r.Makespan < r.LowerBound || r.Optimal != (r.Makespan == r.LowerBound) || r.LowerBound < r.CriticalPath {
		t.Fatalf("%s: makespan %d, lower bound %d, critical path %d, optimal %t", in.Name, r.Makespan, r.LowerBound, r.CriticalPath, r.Optimal)
	}
	if opt.Schedules > 0 && r.Schedules > opt.Schedules {
		t.Fatalf("%s: %d schedules made, %d allowed", in.Name, r.Schedules, opt.Schedules)
	}
	return r
}

// tiny makes a project small enough to try all of its orders.
func tiny(r *rand.Rand) *Instance {
	n, resources := 1+r.IntN(6), r.IntN(4)
	in := &Instance{Capacities: make([]int, resources), Durations: make([]int, n), Demands: make([][]int, n), Successors: make([][]int, n)}
	for k := range in.Capacities {
		in.Capacities[k] = r.IntN(6)
	}
	number := r.Perm(n) // so that they do not stand in topological order
	for i := range n {
		a := number[i]
		in.Durations[a] = r.IntN(6)
		for _, c := range in.Capacities {
			in.Demands[a] = append(in.Demands[a], r.IntN(c+1))
		}
		for j := i + 1; j < n; j++ {
			if r.IntN(4) == 0 {
				in.Successors[a] = append(in.Successors[a], number[j])
			}
		}
	}
	return in
}

// leastMakespan tries the activities in all orders, each as early as the earlier ones of
// the order allow, which is known to come upon a best schedule.
func leastMakespan(in *Instance) int {
	n := len(in.Durations)
	start := make([]int, n)
	placed := make([]bool, n)
	least := 0
	for _, d := range in.Durations {
		least += d
	}
	var place func(count, makespan int)
	fits := func(a, s int) bool {
		for b, succ := range in.Successors {
			if placed[b] && slices.Contains(succ, a) && start[b]+in.Durations[b] > s {
				return false
			}
		}
		for t := s; t < s+in.Durations[a]; t++ {
			for k, c := range in.Capacities {
				use := in.Demands[a][k]
				for b := range n {
					if placed[b] && start[b] <= t && t < start[b]+in.Durations[b] {
						use += in.Demands[b][k]
					}
				}
				if use > c {
					return false
				}
			}
		}
		return true
	}
	place = func(count, makespan int) {
		if makespan >= least && count < n {
			return
		}
		if count == n {
			least = min(least, makespan)
			return
		}
		for a := range n {
			ready := !placed[a]
			for b, succ := range in.Successors {
				ready = ready && (placed[b] || !slices.Contains(succ, a))
			}
			if !ready {
				continue
			}
			s := 0
			for !fits(a, s) {
				s++
			}
			placed[a], start[a] = true, s
			place(count+1, max(makespan, s+in.Durations[a]))
			placed[a] = false
		}
	}
	place(0, 0)
	return least
}

func TestTinyProjects(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 600 {
		in := tiny(r)
		want := leastMakespan(in)
		got := solve(t, in, Options{Schedules: 500})
		if got.LowerBound > want || got.Makespan != want {
			t.Fatalf("makespan %d, bound %d, least %d of %+v", got.Makespan, got.LowerBound, want, in)
		}
	}
}

func TestNothingToDo(t *testing.T) {
	for _, in := range []*Instance{
		{},
		{Capacities: []int{3}},
		{Durations: []int{0}, Demands: [][]int{{}}, Successors: [][]int{nil}},
		{Durations: []int{0, 0}, Demands: [][]int{{3}, {3}}, Capacities: []int{3}, Successors: [][]int{{1}, nil}},
	} {
		if r := solve(t, in, Options{}); r.Makespan != 0 || !r.Optimal {
			t.Errorf("makespan %d, optimal %t of %+v", r.Makespan, r.Optimal, in)
		}
	}
}

func TestAnyNumberOfWorkers(t *testing.T) {
	in := generate(shape{60, 1.5, 0.75, 0.2, 4, 10}, 1)
	for _, schedules := range []int{1, 300, 60_001} {
		one := solve(t, in, Options{Schedules: schedules, Seed: 3, Workers: 1})
		for _, workers := range []int{2, 3} {
			if more := solve(t, in, Options{Schedules: schedules, Seed: 3, Workers: workers}); !reflect.DeepEqual(one, more) {
				t.Errorf("%d schedules: %d workers find %+v, one finds %+v", schedules, workers, more, one)
			}
		}
		if one.Schedules != schedules {
			t.Errorf("%d of %d schedules made, and not optimal", one.Schedules, schedules)
		}
	}
}

func TestDoneContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	in := generate(shape{60, 1.5, 0.75, 0.2, 4, 10}, 1)
	r, err := Solve(ctx, in, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := breaks(in, r.Start, r.Makespan); err != nil {
		t.Fatal(err)
	}
}

func TestManyResourcesAndLargeCapacities(t *testing.T) {
	for _, resources := range []int{5, 9} {
		for _, factor := range []int{1, 1 << 13, 1 << 25} {
			in := generate(shape{30, 1.5, 0.5, 0.2, resources, 10}, 7)
			want := solve(t, in, Options{Schedules: 200})
			for k := range in.Capacities {
				in.Capacities[k] *= factor
				for a := range in.Demands {
					in.Demands[a][k] *= factor
				}
			}
			for a := range in.Durations {
				in.Durations[a] *= 3
			}
			got := solve(t, in, Options{Schedules: 200})
			if got.Makespan != 3*want.Makespan || got.LowerBound != 3*want.LowerBound {
				t.Errorf("%d resources times %d: %d to %d, not thrice %d to %d", resources, factor, got.LowerBound, got.Makespan, want.LowerBound, want.Makespan)
			}
		}
	}
}

// relabelled numbers the activities otherwise.
func relabelled(in *Instance, r *rand.Rand) *Instance {
	n := len(in.Durations)
	to := r.Perm(n)
	out := &Instance{Durations: make([]int, n), Demands: make([][]int, n), Capacities: in.Capacities, Successors: make([][]int, n)}
	for a, b := range to {
		out.Durations[b], out.Demands[b] = in.Durations[a], in.Demands[a]
		for _, s := range in.Successors[a] {
			out.Successors[b] = append(out.Successors[b], to[s])
		}
	}
	return out
}

// backward turns all precedences round.
func backward(in *Instance) *Instance {
	out := &Instance{Durations: in.Durations, Demands: in.Demands, Capacities: in.Capacities, Successors: make([][]int, len(in.Durations))}
	for a, succ := range in.Successors {
		for _, b := range succ {
			out.Successors[b] = append(out.Successors[b], a)
		}
	}
	return out
}

func TestBoundsKnowNoLabelsAndNoDirection(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, in := range suite(30, 1) {
		want := solve(t, in, Options{Schedules: 1})
		for what, other := range map[string]*Instance{"relabelled": relabelled(in, r), "backward": backward(in)} {
			if got := solve(t, other, Options{Schedules: 1}); got.LowerBound != want.LowerBound || got.CriticalPath != want.CriticalPath {
				t.Errorf("%s %s: bound %d, not %d", in.Name, what, got.LowerBound, want.LowerBound)
			}
		}
	}
}

func TestSolveRefuses(t *testing.T) {
	for _, opt := range []Options{{Schedules: -1}, {Workers: -1}} {
		if _, err := Solve(t.Context(), &Instance{}, opt); err == nil {
			t.Errorf("%+v is taken", opt)
		}
	}
}

func TestDecodingAllocatesNothing(t *testing.T) {
	for _, resources := range []int{4, 9} {
		p, _, _ := compile(generate(shape{120, 1.5, 0.5, 0.2, resources, 10}, 1))
		i := newIsland(p, 5000, 1)
		i.run(t.Context(), 0, 1000)
		if n := testing.AllocsPerRun(1000, i.step); n != 0 {
			t.Errorf("%d resources: %g allocations a schedule", resources, n)
		}
	}
}
