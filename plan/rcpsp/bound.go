package rcpsp

import "slices"

// heads returns the length of the longest path before each activity.
func (p *project) heads() []int32 {
	head := make([]int32, p.n)
	for i := range p.n {
		m := p.n - 1 - i
		head[i] = p.mirror.tail[m] - p.duration[i]
	}
	return head
}

// criticalPath returns the length of the longest path: the makespan if nothing were scarce.
func (p *project) criticalPath() int32 {
	return slices.Max(append(slices.Clone(p.tail), 0))
}

// lowerBound returns a makespan that no schedule falls short of.
func (p *project) lowerBound() int32 {
	bound := max(p.criticalPath(), p.energyBound())
	if p.provable(bound) {
		for newExact(p, bound).refuted() {
			bound++
		}
	}
	return bound
}

// energyBound returns the longest time that the work of a set of activities takes on one
// resource when packed without a gap, together with the least head and the least tail
// of the set: the bound of one machine with heads and tails (Carlier, The one-machine
// sequencing problem, EJOR 11, 1982) carried over to resources of some capacity. The sets
// are those of all activities with heads and tails of at least so much, among which the
// best is.
func (p *project) energyBound() (bound int32) {
	head := p.heads()
	tail := make([]int32, p.n)
	byTail := make([]int32, p.n)
	for i := range byTail {
		byTail[i], tail[i] = int32(i), p.tail[i]-p.duration[i]
	}
	slices.SortFunc(byTail, func(i, j int32) int { return int(tail[j] - tail[i]) })
	from := slices.Clone(head)
	slices.Sort(from)
	from = slices.Compact(from)
	for k, demand := range p.demand {
		capacity := int64(p.capacity[k])
		for _, h := range from {
			work := int64(0)
			for _, i := range byTail {
				if head[i] >= h && demand[i] > 0 {
					work += int64(demand[i]) * int64(p.duration[i])
					bound = max(bound, h+int32((work+capacity-1)/capacity)+tail[i])
				}
			}
		}
	}
	return bound
}

// refuted tells whether the deadline is shown to be too short without a decision:
// destructive improvement (Klein, Scholl, Computing lower bounds by destructive
// improvement, EJOR 112, 1999) by what the time-tables leave of the time windows and by
// energetic reasoning on these.
func (e *exact) refuted() bool {
	for i := range e.n {
		if e.bound[2*i]+e.bound[2*i+1] > 0 {
			return true
		}
	}
	return !e.propagate() || e.overloaded()
}

// overloaded tells whether some resource cannot do in some interval the work that must
// fall into it however the activities are moved within their windows (Baptiste, Le Pape,
// Nuijten, Satisfiability tests and time-bound adjustments for cumulative scheduling
// problems, Annals of Operations Research 92, 1999), for the intervals from an earliest
// start to a latest finish.
func (e *exact) overloaded() bool {
	from, to := make([]int32, e.n), make([]int32, e.n)
	for i := range int32(e.n) {
		from[i], to[i] = e.bound[2*i], e.duration[i]-e.bound[2*i+1]
	}
	slices.Sort(from)
	slices.Sort(to)
	from, to = slices.Compact(from), slices.Compact(to)
	for k, demand := range e.demand {
		var some []int32
		work := int64(0)
		for i, q := range demand {
			if q > 0 {
				some = append(some, int32(i))
				work += int64(q) * int64(e.duration[i])
			}
		}
		capacity := int64(e.capacity[k])
		for _, a := range from {
			for _, b := range to {
				if space := capacity * int64(b-a); b <= a || work <= space {
					continue
				}
				least := int64(0)
				for _, i := range some {
					d := e.duration[i]
					left := e.bound[2*i] + d - a // within, if as early as can be
					right := b + e.bound[2*i+1]  // within, if as late as can be
					if part := min(left, right, d, b-a); part > 0 {
						least += int64(part) * int64(demand[i])
					}
				}
				if least > capacity*int64(b-a) {
					return true
				}
			}
		}
	}
	return false
}
