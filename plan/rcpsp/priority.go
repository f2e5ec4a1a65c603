package rcpsp

import "math"

// sampler makes random lists that favour activities with long tails: regret-based biased
// random sampling with the latest-finish-time rule (Drexl, Scheduling of project networks
// by job assignment, Management Science 37, 1991; Kolisch 1996), regrets raised to the
// third power.
type sampler struct {
	waits, eligible []int32
	weight          []float64
}

func newSampler(n int) *sampler {
	return &sampler{make([]int32, n), make([]int32, 0, n), make([]float64, n)}
}

func (s *sampler) sample(p *project, r *random, list []int32) {
	s.eligible = s.eligible[:0]
	for i := range int32(p.n) {
		if s.waits[i] = int32(len(p.pred.of(i))); s.waits[i] == 0 {
			s.eligible = append(s.eligible, i)
		}
	}
	for k := range list {
		least := int32(math.MaxInt32)
		for _, i := range s.eligible {
			least = min(least, p.tail[i]-p.duration[i])
		}
		sum := 0.0
		for e, i := range s.eligible {
			w := float64(p.tail[i] - p.duration[i] - least + 1)
			w = float64(w * w * w)
			s.weight[e], sum = w, sum+w
		}
		e, at := 0, float64(r.fraction()*sum)
		for e < len(s.eligible)-1 && at >= s.weight[e] {
			at -= s.weight[e]
			e++
		}
		i := s.eligible[e]
		last := len(s.eligible) - 1
		s.eligible[e] = s.eligible[last]
		s.eligible = s.eligible[:last]
		list[k] = i
		for _, j := range p.succ.of(i) {
			if s.waits[j]--; s.waits[j] == 0 {
				s.eligible = append(s.eligible, j)
			}
		}
	}
}
