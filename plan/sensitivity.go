package plan

import (
	"cmp"
	"math"
	"slices"
)

// sensitivity tells which work and which risks the makespan depends on.
type sensitivity struct {
	cruciality []float64
	bars       []Bar
}

// tornadoShare is the share of courses at either end that a bar compares.
const tornadoShare = 0.2

// sensitivityOf correlates the durations of each piece of work with the makespan, over the
// courses of which they were kept, by ranks (Spearman 1904): ranks do not mind how skewed
// durations are.
func (s *simulation) sensitivityOf(c *counts, all *tally, workers int) sensitivity {
	n := len(c.took)
	out := sensitivity{cruciality: make([]float64, len(s.work)), bars: make([]Bar, len(s.work), len(s.work)+len(s.risks))}
	order := make([]uint64, n)
	rank := ranks(order, func(i int) int32 { return c.makespan[i] })
	end := max(int(tornadoShare*float64(n)), 1)
	const share = 64 // pieces of work a worker takes at once
	var jobs []func()
	for from := 0; from < len(s.work); from += share {
		jobs = append(jobs, func() {
			order := make([]uint64, n)
			for w := from; w < min(from+share, len(s.work)); w++ {
				own := ranks(order, func(i int) int32 { return c.took[i][w] })
				out.cruciality[w] = correlation(own, rank)
				bar := &out.bars[w]
				bar.Activity = s.m.activityID(&s.m.acts[s.work[w].act])
				low, high := int64(0), int64(0)
				for i := range end {
					low += int64(c.makespan[uint32(order[i])])
					high += int64(c.makespan[uint32(order[n-1-i])])
				}
				bar.Low, bar.High = float64(low)/tick/float64(end), float64(high)/tick/float64(end)
			}
		})
	}
	run(jobs, workers)
	total, draws := int64(0), len(c.makespan)
	for _, m := range c.makespan {
		total += int64(m)
	}
	for i, happened := range all.happened {
		if happened > 0 && int(happened) < draws {
			out.bars = append(out.bars, Bar{
				Risk: s.m.p.Risks[i].ID,
				Low:  float64(total-all.with[i]) / tick / float64(draws-int(happened)),
				High: float64(all.with[i]) / tick / float64(happened),
			})
		}
	}
	slices.SortStableFunc(out.bars, func(a, b Bar) int { return cmp.Compare(math.Abs(b.High-b.Low), math.Abs(a.High-a.Low)) })
	return out
}

// ranks returns the rank of each of len(order) numbers, the mean rank among equals; order
// then holds their places in increasing order, in its lower halves.
func ranks(order []uint64, value func(i int) int32) []float64 {
	for i := range order {
		order[i] = uint64(value(i))<<32 | uint64(i)
	}
	slices.Sort(order)
	out := make([]float64, len(order))
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && order[to]>>32 == order[from]>>32 {
			to++
		}
		for _, o := range order[from:to] {
			out[uint32(o)] = float64(from+to-1) / 2
		}
		from = to
	}
	return out
}

// correlation is that of two rows of ranks, which have one mean; 0 if one of them is
// constant.
func correlation(a, b []float64) float64 {
	mean := float64(len(a)-1) / 2
	ab, aa, bb := 0.0, 0.0, 0.0
	for i := range a {
		x, y := a[i]-mean, b[i]-mean
		ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
	}
	if aa == 0 || bb == 0 {
		return 0
	}
	return ab / math.Sqrt(aa*bb)
}

// forecast puts together what was counted.
func (s *simulation) forecast(c *counts, all *tally, workers int) *Forecast {
	m, p, draws := s.m, s.m.p, len(c.makespan)
	row := func(table []uint32, i int) []uint32 { return table[i*all.bins : (i+1)*all.bins] }
	out := &Forecast{Draws: draws, Value: amounts(c.value), Activities: []ActivityForecast{}}
	ends, sum := make([]uint32, all.bins), int64(0)
	for _, at := range c.makespan {
		ends[all.at(at)]++
		sum += int64(at)
	}
	out.Makespan = all.dates(ends, sum, draws)
	matters := s.sensitivityOf(c, all, workers)
	out.Tornado = matters.bars
	for i := range s.work {
		out.Activities = append(out.Activities, ActivityForecast{
			Activity:    m.activityID(&m.acts[s.work[i].act]),
			Finish:      all.dates(row(all.work, i), all.sums[i], draws),
			Criticality: float64(all.critical[i]) / float64(len(c.took)),
			Cruciality:  matters.cruciality[i],
		})
	}
	planned := make([]int, len(m.releases))
	for i := range s.features {
		f := FeatureForecast{Feature: p.Features[i].ID}
		if k := s.features[i].planned; k < len(m.releases) {
			planned[k]++
			f.Planned = m.releases[k].ID
			f.Finish = all.dates(row(all.ready, i), all.sums[len(s.work)+i], draws)
			live := uint32(0)
			for j := range m.releases {
				live += all.live[i*(len(m.releases)+1)+j]
				f.Live = append(f.Live, odds(live, draws))
			}
			f.OnTime = f.Live[k]
		}
		out.Features = append(out.Features, f)
	}
	for k := range m.releases {
		out.Releases = append(out.Releases, ReleaseForecast{
			Release: m.releases[k].ID, Planned: planned[k], Made: float64(all.made[k]) / float64(draws),
			Ready: all.dates(row(all.whole, k), all.sums[len(s.work)+len(s.features)+k], draws),
			Whole: odds(all.complete[k], draws),
		})
	}
	for i, d := range s.deadlines {
		out.Deadlines = append(out.Deadlines, DeadlineForecast{p.Rules[d.rule].ID, d.element, d.at, odds(all.inTime[i], draws)})
	}
	return out
}

// amounts describes a row of numbers, which stays as it is.
func amounts(row []float64) Amounts {
	n := float64(len(row))
	a := Amounts{}
	for _, x := range row {
		a.Mean += x / n
	}
	square := 0.0
	for _, x := range row {
		square += (x - a.Mean) * (x - a.Mean)
	}
	a.StandardError = math.Sqrt(square / (n * max(n-1, 1)))
	sorted := slices.Clone(row)
	slices.Sort(sorted)
	a.P10, a.P50, a.P90 = DrawsQuantile(sorted, 0.1), DrawsQuantile(sorted, 0.5), DrawsQuantile(sorted, 0.9)
	return a
}
