package plan

import (
	"context"
	"math"
	"math/bits"
	"slices"
)

// Comparison is what a change of the problem, or of the plan, does to the forecast, over
// courses in which everything else has the same luck.
type Comparison struct {
	Draws int `json:"draws"`
	// Makespan is the mean change of the end of all work, in periods; P50 and P85 are
	// those of its quantiles.
	Makespan Shift `json:"makespan"`
	P50      Shift `json:"p50"`
	P85      Shift `json:"p85"`
	Value    Shift `json:"value"`
	// Features are those that both plans build.
	Features []FeatureShift `json:"features,omitempty"`
}

// Shift is a mean difference, after less before, with its standard error.
type Shift struct {
	Mean          float64 `json:"mean"`
	StandardError float64 `json:"standardError"`
}

// FeatureShift is what becomes of a feature's finish, in periods, and of its chance to be
// live with the release planned before, or an earlier one.
type FeatureShift struct {
	Feature string `json:"feature"`
	Finish  Shift  `json:"finish"`
	OnTime  Shift  `json:"onTime"`
}

// quantileBatches is the number of parts of the draws whose quantiles tell, by how they
// differ, how well the difference of two quantiles is known.
const quantileBatches = 20

// Compare plays two plans out on the same draws: an activity, risk, pool or feature that is
// in both problems meets the same luck in both, so that their difference is known far
// better than either forecast (common random numbers: Conway 1963).
func Compare(ctx context.Context, before *Problem, planBefore *Plan, after *Problem, planAfter *Plan, options SimulateOptions) (*Comparison, error) {
	o, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	a, err := newSimulation(before, planBefore, o.Seed)
	if err != nil {
		return nil, err
	}
	b, err := newSimulation(after, planAfter, o.Seed)
	if err != nil {
		return nil, err
	}
	pairs := a.common(b)
	ends, values := [2][]int32{}, [2][]float64{}
	for i := range ends {
		ends[i], values[i] = make([]int32, o.Draws), make([]float64, o.Draws)
	}
	workers := make([][]pairSums, o.Workers)
	done := spread(ctx, o, func(worker int) func(from, to int) {
		courses := [2]*course{a.newCourse(), b.newCourse()}
		sums := make([]pairSums, len(pairs))
		workers[worker] = sums
		return func(from, to int) {
			for draw := from; draw < to; draw++ {
				for i, c := range courses {
					c.run(uint64(draw))
					ends[i][draw], values[i][draw] = c.makespan, c.value
				}
				for i, p := range pairs {
					sums[i].add(courses[0], courses[1], p)
				}
			}
		}
	})
	if done == 0 {
		return nil, ctx.Err()
	}
	d := &Comparison{Draws: done}
	for i := range ends {
		ends[i], values[i] = ends[i][:done], values[i][:done]
	}
	d.Makespan = meanShift(done, func(i int) float64 { return float64(ends[1][i]-ends[0][i]) / tick })
	d.Value = meanShift(done, func(i int) float64 { return values[1][i] - values[0][i] })
	d.P50, d.P85 = quantileShift(ends, 0.5), quantileShift(ends, 0.85)
	for i, p := range pairs {
		sum := workers[0][i]
		for _, w := range workers[1:] {
			sum.merge(w[i])
		}
		d.Features = append(d.Features, sum.change(before.Features[p[0]].ID, done))
	}
	return d, nil
}

// common pairs the features that both plans build.
func (s *simulation) common(o *simulation) (pairs [][2]int) {
	numbers := number(o.m.p.Features, func(f *Feature) string { return f.ID })
	for i := range s.features {
		j, ok := numbers[s.m.p.Features[i].ID]
		if ok && s.features[i].planned < len(s.m.releases) && o.features[j].planned < len(o.m.releases) {
			pairs = append(pairs, [2]int{i, j})
		}
	}
	return pairs
}

// pairSums add up the differences of one feature: whole numbers, whose sum does not depend
// on their order. The sum of squares takes two words.
type pairSums struct {
	finish    int64
	high, low uint64
	won, lost int64 // courses in which it is on time only after, and only before
}

func (p *pairSums) add(before, after *course, pair [2]int) {
	d := int64(after.ready[pair[1]] - before.ready[pair[0]])
	p.finish += d
	var carry uint64
	p.low, carry = bits.Add64(p.low, uint64(d*d), 0)
	p.high += carry
	onTime := func(c *course, i int) bool {
		k := int(c.live[i])
		r := c.s.m.releases
		return k < len(r) && r[k].GoLive <= before.s.m.releases[before.s.features[pair[0]].planned].GoLive
	}
	switch was, is := onTime(before, pair[0]), onTime(after, pair[1]); {
	case is && !was:
		p.won++
	case was && !is:
		p.lost++
	}
}

func (p *pairSums) merge(o pairSums) {
	p.finish, p.won, p.lost = p.finish+o.finish, p.won+o.won, p.lost+o.lost
	var carry uint64
	p.low, carry = bits.Add64(p.low, o.low, 0)
	p.high += o.high + carry
}

func (p *pairSums) change(feature string, draws int) FeatureShift {
	n := float64(draws)
	of := func(sum, square float64) Shift {
		mean := sum / n
		return Shift{mean, math.Sqrt(max(0, square/n-mean*mean) / max(n-1, 1))}
	}
	square := float64(p.high)*0x1p64 + float64(p.low)
	return FeatureShift{
		Feature: feature,
		Finish:  of(float64(p.finish)/tick, square/(tick*tick)),
		OnTime:  of(float64(p.won-p.lost), float64(p.won+p.lost)),
	}
}

func meanShift(draws int, difference func(i int) float64) Shift {
	n := float64(draws)
	mean, square := 0.0, 0.0
	for i := range draws {
		mean += difference(i) / n
	}
	for i := range draws {
		square += (difference(i) - mean) * (difference(i) - mean)
	}
	return Shift{mean, math.Sqrt(square / (n * max(n-1, 1)))}
}

// quantileShift is the difference of a quantile of the ends; its error comes from how
// much the difference varies between parts of the draws.
func quantileShift(ends [2][]int32, q float64) Shift {
	of := func(from, to int) float64 {
		return smoothQuantile(ends[1][from:to], q) - smoothQuantile(ends[0][from:to], q)
	}
	draws := len(ends[0])
	batches := min(quantileBatches, draws)
	parts := meanShift(batches, func(i int) float64 { return of(i*draws/batches, (i+1)*draws/batches) })
	return Shift{of(0, draws), parts.StandardError}
}

// smoothQuantile is the mean of the moments that lie within a hundredth of the quantile q,
// in periods: it jumps less from one set of draws to the next than a single one.
func smoothQuantile(ends []int32, q float64) float64 {
	sorted := slices.Clone(ends)
	slices.Sort(sorted)
	n := len(sorted)
	sorted = sorted[Rank(q-0.01, n) : Rank(q+0.01, n)+1]
	sum := int64(0)
	for _, x := range sorted {
		sum += int64(x)
	}
	return float64(sum) / tick / float64(len(sorted))
}
