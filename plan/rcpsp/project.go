package rcpsp

import (
	"math/bits"
	"slices"
)

// project is an instance as the search reads it, in one direction of time: activities in
// topological order, precedences without repetition, demands packed into words. What runs
// backward in time is a forward matter of the mirrored project, in which every precedence
// is turned round: so all algorithms here are written once, and a right-justified schedule
// is a left-justified one of the mirror.
//
// Activity i of a project is activity n-1-i of its mirror, so that both count in
// topological order.
type project struct {
	n        int
	duration []int32
	demand   [][]int32 // of each resource on its own, by activity
	capacity []int32
	pred     arcs
	succ     arcs
	tail     []int32 // length of the longest path behind the activity, itself included
	packing
	mirror *project
}

// arcs are the neighbours of each activity, all in one slice.
type arcs struct {
	first []int32 // n+1 of them
	to    []int32
}

func (a arcs) of(i int32) []int32 { return a.to[a.first[i]:a.first[i+1]] }

// packing holds demands in lanes of words, so that one subtraction takes the demands on
// all resources of a word from what is free of them: "SIMD within a register", Fisher and
// Dietz, Compiling for SIMD within a register, 1998. The highest bit of each lane is a
// guard. It is set in what is free; a subtraction that goes below zero in a lane borrows
// it and so clears it.
type packing struct {
	words int
	guard []uint64 // by word
	full  []uint64 // by word: all capacities, guards set
	need  []uint64 // by activity and word
}

// compile makes the two projects of a valid instance and returns the forward one, the
// order that gives the instance's number of each of its activities, and the time unit: the
// greatest common divisor of the durations, by which they are divided.
func compile(in *Instance) (p *project, number []int, unit int) {
	number, _ = in.topological()
	n := len(number)
	at := make([]int32, n)
	for i, a := range number {
		at[a] = int32(i)
	}
	for _, d := range in.Durations {
		unit = gcd(d, unit)
	}
	unit = max(unit, 1)
	p = &project{n: n, duration: make([]int32, n)}
	for k, c := range in.Capacities {
		q := make([]int32, n)
		for i, a := range number {
			// What takes no time takes nothing of a resource either.
			if in.Durations[a] > 0 {
				q[i] = int32(in.Demands[a][k])
			}
		}
		if slices.Max(append(q, 0)) > 0 { // else nobody wants it
			p.demand, p.capacity = append(p.demand, q), append(p.capacity, int32(c))
		}
	}
	succ := make([][]int32, n)
	for i, a := range number {
		p.duration[i] = int32(in.Durations[a] / unit)
		for _, s := range in.Successors[a] {
			succ[i] = append(succ[i], at[s])
		}
		slices.Sort(succ[i])
		succ[i] = slices.Compact(succ[i])
	}
	p.succ, p.pred = pack(succ), pack(reversed(succ))
	m := &project{n: n, capacity: p.capacity, mirror: p}
	p.mirror = m
	m.duration = mirrored(p.duration)
	for _, q := range p.demand {
		m.demand = append(m.demand, mirrored(q))
	}
	m.succ, m.pred = p.pred.mirrored(), p.succ.mirrored()
	for _, q := range []*project{p, m} {
		q.tail = q.tails()
		q.packing = q.packed()
	}
	return p, number, unit
}

func gcd(a, b int) int {
	for b > 0 {
		a, b = b, a%b
	}
	return a
}

func reversed(succ [][]int32) [][]int32 {
	pred := make([][]int32, len(succ))
	for i, list := range succ {
		for _, s := range list {
			pred[s] = append(pred[s], int32(i))
		}
	}
	return pred
}

func pack(lists [][]int32) (a arcs) {
	a.first = make([]int32, 1, len(lists)+1)
	for _, list := range lists {
		a.to = append(a.to, list...)
		a.first = append(a.first, int32(len(a.to)))
	}
	return a
}

func (a arcs) mirrored() arcs {
	n := int32(len(a.first) - 1)
	lists := make([][]int32, n)
	for i := range n {
		for _, j := range a.of(n - 1 - i) {
			lists[i] = append(lists[i], n-1-j)
		}
	}
	return pack(lists)
}

func mirrored[T any](s []T) []T {
	out := slices.Clone(s)
	slices.Reverse(out)
	return out
}

// tails returns the length of the longest path that begins with each activity.
func (p *project) tails() []int32 {
	tail := make([]int32, p.n)
	for i := int32(p.n) - 1; i >= 0; i-- {
		for _, s := range p.succ.of(i) {
			tail[i] = max(tail[i], tail[s])
		}
		tail[i] += p.duration[i]
	}
	return tail
}

// packed chooses lanes just wide enough for the largest capacity and a guard: four a word
// up to 32,767 units, two up to MaxCapacity.
func (p *project) packed() packing {
	width := 16
	if len(p.capacity) > 0 && bits.Len32(uint32(slices.Max(p.capacity))) > 15 {
		width = 32
	}
	lanes := 64 / width
	w := max(1, (len(p.capacity)+lanes-1)/lanes)
	k := packing{words: w, guard: make([]uint64, w), full: make([]uint64, w), need: make([]uint64, p.n*w)}
	for r, c := range p.capacity {
		word, shift := r/lanes, r%lanes*width
		k.guard[word] |= 1 << (shift + width - 1)
		k.full[word] |= uint64(c)<<shift | 1<<(shift+width-1)
		for i, q := range p.demand[r] {
			k.need[i*w+word] |= uint64(q) << shift
		}
	}
	return k
}

// finished returns the makespan of a schedule.
func (p *project) finished(start []int32) (makespan int32) {
	for i, t := range start {
		makespan = max(makespan, t+p.duration[i])
	}
	return makespan
}
