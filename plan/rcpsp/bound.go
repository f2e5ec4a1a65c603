package rcpsp

import "slices"

// head returns the length of the longest path before each activity.
func (p *project) heads() []int32 {
	head := make([]int32, p.n)
	for i, t := range p.mirror.tail {
		head[p.n-1-i] = t - p.duration[p.n-1-i]
	}
	return head
}

// criticalPath returns the length of the longest path: the makespan if nothing were scarce.
func (p *project) criticalPath() int32 {
	return slices.Max(append(slices.Clone(p.tail), 0))
}

// energyBound returns the time that the activities of some set take of a resource when
// packed without a gap, between the least head and the least tail of the set, for the sets of
// activities with heads and tails of at least so much: the bound of one machine with heads
// and tails (Carlier, EJOR 11, 1982) carried over to resources of some capacity (Carlier,
// Latapie, RAIRO 25, 1991).
func (p *project) energyBound() (bound int32) {
	head := p.heads()
	byTail := make([]int32, p.n)
	for i := range byTail {
		byTail[i] = int32(i)
	}
	slices.SortFunc(byTail, func(i, j int32) int { return int(p.tail[j] - p.duration[j] - p.tail[i] + p.duration[i]) })
	from := slices.Clone(head)
	slices.Sort(from)
	from = slices.Compact(from)
	for k, demand := range p.demand {
		for _, h := range from {
			energy := int64(0)
			for _, i := range byTail {
				if head[i] < h || demand[i] == 0 {
					continue
				}
				energy += int64(demand[i]) * int64(p.duration[i])
				c := int64(p.capacity[k])
				bound = max(bound, h+int32((energy+c-1)/c)+p.tail[i]-p.duration[i])
			}
		}
	}
	return bound
}

// lowerBound returns a makespan that no schedule falls short of.
func (p *project) lowerBound() int32 {
	return max(p.criticalPath(), p.energyBound())
}
