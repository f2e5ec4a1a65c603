package plan

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
)

// SimulateOptions say how a plan is played out.
type SimulateOptions struct {
	// Draws is the number of courses the future may take that are worked out, 1 to
	// 10,000,000; 0 means 10,000.
	Draws int
	Seed  uint64
	// Workers is the number of goroutines; 0 means as many as there are processors. The
	// answer does not depend on it.
	Workers int
}

const (
	standardDraws = 10_000
	mostDraws     = 10_000_000
	// batch is the number of draws a worker takes at once.
	batch = 64
	// sensitivityDraws is the number of courses, the first ones, that tell what matters; for
	// very much work it is fewer.
	sensitivityDraws, leastSensitivity = 1000, 100
	// mostBins is the number of moments that the count of a date tells apart; for very many
	// dates it is fewer, so that a worker's counts stay below mostCells.
	mostBins, leastBins = 4096, 64
	mostCells           = 1 << 25
)

func (o SimulateOptions) withDefaults() (SimulateOptions, error) {
	if o.Draws < 0 || o.Draws > mostDraws {
		return o, fmt.Errorf("%d draws cannot be made; ask for 1 to %d", o.Draws, mostDraws)
	}
	if o.Draws == 0 {
		o.Draws = standardDraws
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	o.Workers = min(o.Workers, (o.Draws+batch-1)/batch)
	return o, nil
}

// Forecast is what may become of a plan.
type Forecast struct {
	// Draws is the number of courses worked out: those asked for, or fewer if the context
	// ended before.
	Draws int `json:"draws"`
	// Makespan is when all work is done.
	Makespan Dates `json:"makespan"`
	// Value is what the plan comes to be worth.
	Value      Amounts            `json:"value"`
	Activities []ActivityForecast `json:"activities"`
	Features   []FeatureForecast  `json:"features,omitempty"`
	Releases   []ReleaseForecast  `json:"releases,omitempty"`
	Deadlines  []DeadlineForecast `json:"deadlines,omitempty"`
	// Tornado is what moves the makespan, the widest bar first.
	Tornado []Bar `json:"tornado,omitempty"`
}

// Dates is how a moment is distributed. P85 is the first moment by which it has come in
// 85 % of the courses. What comes later than can be told, or never, is at Never.
type Dates struct {
	P10  int     `json:"p10"`
	P25  int     `json:"p25"`
	P50  int     `json:"p50"`
	P75  int     `json:"p75"`
	P85  int     `json:"p85"`
	P90  int     `json:"p90"`
	P95  int     `json:"p95"`
	Mean float64 `json:"mean"`
}

// Never stands for a moment that is too far to be told or does not come.
const Never = 1 << 40

// Amounts is how an amount is distributed, with the standard error of its mean.
type Amounts struct {
	Mean          float64 `json:"mean"`
	StandardError float64 `json:"standardError"`
	P10           float64 `json:"p10"`
	P50           float64 `json:"p50"`
	P90           float64 `json:"p90"`
}

// Odds is a chance counted over courses, with the standard error of the count.
type Odds struct {
	Chance        float64 `json:"chance"`
	StandardError float64 `json:"standardError"`
}

// ActivityForecast is when an activity may be finished, and how much depends on it.
type ActivityForecast struct {
	Activity string `json:"activity"`
	Finish   Dates  `json:"finish"`
	// Criticality is the share of courses in which it stands in the chain of work that
	// leads to the end: each link of the chain waited for the one before, or for what that
	// one held.
	Criticality float64 `json:"criticality"`
	// Cruciality is the rank correlation, from -1 to 1, of its duration and the makespan
	// (Williams 1992).
	Cruciality float64 `json:"cruciality"`
}

// FeatureForecast is when a feature may be finished and live.
type FeatureForecast struct {
	Feature string `json:"feature"`
	// Planned is the release the plan has it in; empty if it is left out, and then the
	// other fields say nothing.
	Planned string `json:"planned,omitempty"`
	Finish  Dates  `json:"finish,omitzero"`
	// Live are the chances that it is live with each release of the problem or before.
	Live []Odds `json:"live,omitempty"`
	// OnTime is the chance that it is live with the planned release or before.
	OnTime Odds `json:"onTime,omitzero"`
}

// ReleaseForecast is whether all the plan has in a release makes it.
type ReleaseForecast struct {
	Release string `json:"release"`
	// Planned is the number of features the plan has in it, Made the mean number of these
	// that go live with it or before.
	Planned int     `json:"planned"`
	Made    float64 `json:"made"`
	// Ready is when the work of all of them is finished, without stabilisation.
	Ready Dates `json:"ready"`
	// Whole is the chance that all of them make it.
	Whole Odds `json:"whole"`
}

// DeadlineForecast is whether an element of a deadline is in time.
type DeadlineForecast struct {
	Rule    string `json:"rule"`
	Element string `json:"element"`
	At      int    `json:"at"`
	InTime  Odds   `json:"inTime"`
}

// Bar is what one source of uncertainty does to the makespan: its mean in the fifth of the
// courses in which the activity took least, and most; or without and with the risk.
type Bar struct {
	Activity string  `json:"activity,omitempty"`
	Risk     string  `json:"risk,omitempty"`
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
}

// Simulate plays a plan out many times, with effort, risks, growth and leave as the
// problem's uncertainty has them, and counts what comes of it (Monte Carlo: van Slyke 1963).
//
// In each course resources are handed out in the order of the planned starts: work begins
// as soon as what it is linked to allows and what it takes is free, whether that is before
// or after its planned start, in the planned mode and by the planned people. Gaps are
// filled by work that fits. Greatest distances of links and the validity of skills are not
// looked at again: where work is late they could only be broken. Capacity stays after the
// horizon as it is in its last period. Without any uncertainty no work is later than
// planned.
//
// A feature goes live with the first release whose cut-off its finished work makes, but not
// before what it requires or is coupled with; one that the plan, or a rule, holds back for
// a later release than its work makes is held back in every course.
//
// Draws are made by the name of what they are for, so that two similar plans meet the same
// luck: see [Compare]. The answer is the same for any number of workers. If ctx ends
// before all draws are made, the forecast is of those that were; without any, the error
// is the context's.
func Simulate(ctx context.Context, p *Problem, plan *Plan, options SimulateOptions) (*Forecast, error) {
	o, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	s, err := newSimulation(p, plan, o.Seed)
	if err != nil {
		return nil, err
	}
	c := s.newCounts(o.Draws)
	workers := make([]*tally, o.Workers)
	done := spread(ctx, o, func(worker int) func(from, to int) {
		t := s.newTally(c)
		workers[worker] = t
		course := s.newCourse()
		return func(from, to int) {
			for draw := from; draw < to; draw++ {
				course.run(uint64(draw))
				t.count(course, draw)
			}
			t.fold(to - from)
		}
	})
	if done == 0 {
		return nil, ctx.Err()
	}
	all := workers[0]
	for _, t := range workers[1:] {
		all.add(t)
	}
	c.cut(done)
	return s.forecast(c, all, o.Workers), nil
}

// spread deals the draws out to workers in batches, each with a function of its own, and
// returns the number of draws made: all before the first one that was not.
func spread(ctx context.Context, o SimulateOptions, begin func(worker int) func(from, to int)) int {
	var next atomic.Int64
	var all sync.WaitGroup
	for w := range o.Workers {
		each := begin(w)
		all.Go(func() {
			for ctx.Err() == nil {
				from := int(next.Add(batch)) - batch
				if from >= o.Draws {
					next.Add(-batch) // so that the count stays that of the draws dealt out
					return
				}
				each(from, min(from+batch, o.Draws))
			}
		})
	}
	all.Wait()
	return min(int(next.Load()), o.Draws)
}

// counts are what is kept of each course; workers write to different courses.
type counts struct {
	makespan []int32
	value    []float64
	took     [][]int32 // the durations of all work, in the first courses
}

func (s *simulation) newCounts(draws int) *counts {
	c := &counts{makespan: make([]int32, draws), value: make([]float64, draws)}
	n := min(draws, sensitivityDraws, max(mostCells/(len(s.work)+1), leastSensitivity))
	table := make([]int32, n*len(s.work))
	for i := range n {
		c.took = append(c.took, table[i*len(s.work):(i+1)*len(s.work)])
	}
	return c
}

func (c *counts) cut(draws int) {
	c.makespan, c.value, c.took = c.makespan[:draws], c.value[:draws], c.took[:min(draws, len(c.took))]
}

// tally is what one worker counts. All are whole numbers, so that the order in which
// workers are added up does not matter.
type tally struct {
	c                  *counts
	s                  *simulation
	bin                int // a bin is 1<<bin ticks
	bins               int
	work, ready, whole []uint32 // by work, feature and release: counts of dates by bin
	sums               []int64  // of the dates of all of them, in ticks
	live               []uint32 // by feature and release
	made, complete     []uint32 // by release: features that made it, courses in which all did
	inTime             []uint32 // by deadline
	critical           []uint32 // by work
	happened           []uint32 // by risk
	with               []int64  // by risk: makespans of courses in which it happened, in ticks
	latest             []int32  // by release, of one course
	finish, done       []int32  // dates of work and of features, course by course of a batch
	missing            []int32  // by release: features that miss it, of one course
}

func (s *simulation) newTally(c *counts) *tally {
	n, f, r := len(s.work), len(s.features), len(s.m.releases)
	// Dates are told apart up to four times as far as the plan reaches.
	span := 4*max(s.plan.Makespan, s.m.horizon/2) + leastBins
	most := max(min(mostBins, mostCells/(n+f+r+1)), leastBins)
	bin := tickBits
	for span>>(bin-tickBits) > most {
		bin++
	}
	t := &tally{c: c, s: s, bin: bin, bins: span>>(bin-tickBits) + 2}
	t.finish, t.done = make([]int32, batch*n), make([]int32, batch*f)
	t.work, t.ready, t.whole = make([]uint32, n*t.bins), make([]uint32, f*t.bins), make([]uint32, r*t.bins)
	t.sums = make([]int64, n+f+r)
	t.live, t.made, t.complete = make([]uint32, f*(r+1)), make([]uint32, r), make([]uint32, r)
	t.inTime, t.critical = make([]uint32, len(s.deadlines)), make([]uint32, n)
	t.happened, t.with = make([]uint32, len(s.risks)), make([]int64, len(s.risks))
	t.latest, t.missing = make([]int32, r), make([]int32, r)
	return t
}

// at is the bin of a moment: bin b holds what is over by the end of its last tick.
func (t *tally) at(moment int32) int { return min(int(moment-1)>>t.bin+1, t.bins-1) }

// count counts a course.
func (t *tally) count(c *course, draw int) {
	s := t.s
	t.c.makespan[draw], t.c.value[draw] = c.makespan, c.value
	n, releases := len(s.work), len(s.m.releases)
	slot := draw % batch
	copy(t.finish[slot*n:], c.finish)
	copy(t.done[slot*len(s.features):], c.ready)
	clear(t.latest)
	clear(t.missing)
	for i := range s.features {
		f := &s.features[i]
		if f.planned == releases {
			continue
		}
		t.live[i*(releases+1)+int(c.live[i])]++
		t.latest[f.planned] = max(t.latest[f.planned], c.ready[i])
		if int(c.live[i]) <= f.planned {
			t.made[f.planned]++
		} else {
			t.missing[f.planned]++
		}
	}
	for k := range releases {
		t.whole[k*t.bins+t.at(t.latest[k])]++
		t.sums[n+len(s.features)+k] += int64(t.latest[k])
		if t.missing[k] == 0 {
			t.complete[k]++
		}
	}
	for i := range s.deadlines {
		if s.deadlines[i].met(c) {
			t.inTime[i]++
		}
	}
	for i, happens := range c.happens {
		if happens {
			t.happened[i]++
			t.with[i] += int64(c.makespan)
		}
	}
	if draw < len(t.c.took) {
		copy(t.c.took[draw], c.duration)
		for at := c.last(); at >= 0; at = c.driver(at) {
			t.critical[at]++
		}
	}
}

// fold counts the dates of a batch of courses, element by element, so that the counts of
// one element stay at hand meanwhile.
func (t *tally) fold(draws int) {
	n, f := len(t.s.work), len(t.s.features)
	for i := range n {
		t.sums[i] += t.column(t.work[i*t.bins:][:t.bins], t.finish[i:], n, draws)
	}
	for i := range f {
		t.sums[n+i] += t.column(t.ready[i*t.bins:][:t.bins], t.done[i:], f, draws)
	}
}

// column counts every stride-th moment and returns their sum.
func (t *tally) column(counts []uint32, moments []int32, stride, draws int) (sum int64) {
	for d := range draws {
		at := moments[d*stride]
		counts[t.at(at)]++
		sum += int64(at)
	}
	return sum
}

// met reports whether an element is in time in a course.
func (d *simDeadline) met(c *course) bool {
	if d.work >= 0 {
		return c.finish[d.work] <= int32(d.at*tick)
	}
	releases := c.s.m.releases
	k := int(c.live[d.feature])
	return k < len(releases) && releases[k].GoLive <= d.at
}

func (t *tally) add(o *tally) {
	for _, pair := range [][2][]uint32{
		{t.work, o.work},
		{t.ready, o.ready},
		{t.whole, o.whole},
		{t.live, o.live},
		{t.made, o.made},
		{t.complete, o.complete},
		{t.inTime, o.inTime},
		{t.critical, o.critical},
		{t.happened, o.happened},
	} {
		for i, n := range pair[1] {
			pair[0][i] += n
		}
	}
	for _, pair := range [][2][]int64{{t.sums, o.sums}, {t.with, o.with}} {
		for i, n := range pair[1] {
			pair[0][i] += n
		}
	}
}

// dates reads the distribution of a date off its counts.
func (t *tally) dates(row []uint32, sum int64, draws int) Dates {
	bin, below := 0, int(row[0])
	d := datesBy(func(q float64) int {
		for below <= Rank(q, draws) {
			bin++
			below += int(row[bin])
		}
		if bin == t.bins-1 {
			return Never
		}
		return bin << (t.bin - tickBits)
	})
	d.Mean = float64(sum) / tick / float64(draws)
	return d
}

// datesBy asks for the quantiles of Dates, the least first.
func datesBy(quantile func(q float64) int) Dates {
	return Dates{
		P10: quantile(0.1), P25: quantile(0.25), P50: quantile(0.5), P75: quantile(0.75),
		P85: quantile(0.85), P90: quantile(0.9), P95: quantile(0.95),
	}
}

// Rank is the place, from 0, of the quantile q among n things in increasing order: the
// first with a share of at least q up to and with it.
func Rank(q float64, n int) int {
	return min(max(int(math.Ceil(q*float64(n)-1e-9))-1, 0), n-1)
}

// DrawsQuantile is the least of the draws, which stand in increasing order, that has at
// least the share q of them at or below it.
func DrawsQuantile(draws []float64, q float64) float64 { return draws[Rank(q, len(draws))] }

func odds(n uint32, draws int) Odds {
	p := float64(n) / float64(draws)
	return Odds{p, math.Sqrt(p * (1 - p) / float64(draws))}
}
