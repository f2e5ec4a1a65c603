package rcpsp

// fitness orders schedules: by makespan and, among equals, by how much work stands in the
// last periods, which would have to go elsewhere for the makespan to shrink.
type fitness struct {
	makespan int32
	late     int64
}

func (f fitness) less(other fitness) bool {
	return f.makespan < other.makespan || f.makespan == other.makespan && f.late < other.late
}

// burden returns what a period of each activity weighs in the measure of late work: the
// shares of the capacities that it takes, those of scarcer resources weighing more.
func (p *project) burden() []int64 {
	const one = 1 << 10
	length := int64(max(1, p.criticalPath()))
	weight := make([]int64, p.n)
	for k, demand := range p.demand {
		capacity, work := int64(p.capacity[k]), int64(0)
		for i, q := range demand {
			work += int64(q) * int64(p.duration[i])
		}
		scarcity := work * one / (capacity * length)
		for i, q := range demand {
			weight[i] += int64(q) * one / capacity * scarcity
		}
	}
	return weight
}

// typical returns the mean duration of the activities that take time, rounded up.
func (p *project) typical() int32 {
	sum, n := int32(0), int32(0)
	for _, d := range p.duration {
		if d > 0 {
			sum, n = sum+d, n+1
		}
	}
	if n == 0 {
		return 0
	}
	return (sum + n - 1) / n
}
