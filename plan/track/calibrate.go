package track

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sort"

	"github.com/throughline-pm/throughline/plan"
)

// Checked is a forecast of an amount, a date say, and what came of it.
type Checked struct {
	// Group is who the forecast was about. Corrections are learned by group.
	Group string
	// Draws are equally likely amounts that were forecast, in increasing order.
	Draws  []float64
	Actual float64
	// Open tells that the amount is not known yet: it is above Actual.
	Open bool
}

// Calibration says how well forecasts of amounts agree with what came.
type Calibration struct {
	// Forecasts counts all, Open those of them whose outcome is not known yet.
	Forecasts, Open int
	// Cover compares quantiles with the share of outcomes at or below them.
	Cover []Cover
	// PIT are the shares of outcomes by the tenth of the forecast they fell in; each is
	// 0.1 if forecasts say what happens (Dawid 1984).
	PIT [10]float64
	// CRPS is the mean continuous ranked probability score, in the unit of the amount
	// (Gneiting and Raftery 2007); less is better. It is the mean error of forecasts that
	// are a single number.
	CRPS float64
	// Pinball is the mean loss at each quantile of Cover; less is better.
	Pinball []float64
}

// checkedQuantiles are those a Calibration looks at.
var checkedQuantiles = []float64{0.1, 0.25, 0.5, 0.75, 0.85, 0.95}

// Calibrate scores forecasts. An unfinished one cannot be scored, and leaving it out would
// favour what is finished early; so those that finished count for the unfinished of their
// kind, each by 1 over the chance that it was not cut off before (inverse probability of
// censoring weights: Robins and Rotnitzky 1992). That presumes that what cuts forecasts off,
// the day of the look, does not depend on how long things take.
func Calibrate(checked []Checked) (Calibration, error) {
	c := Calibration{Forecasts: len(checked), Pinball: make([]float64, len(checkedQuantiles))}
	for i := range checked {
		if err := checked[i].check(); err != nil {
			return c, fmt.Errorf("checked forecast %d: %w", i, err)
		}
		if checked[i].Open {
			c.Open++
		}
	}
	weights, total := censoringWeights(checked)
	if total == 0 {
		return c, nil
	}
	within := make([]float64, len(checkedQuantiles))
	for i := range checked {
		f, w := &checked[i], weights[i]/total
		if w == 0 {
			continue
		}
		c.PIT[min(int(10*f.pit()), 9)] += w
		c.CRPS += w * CRPS(f.Draws, f.Actual)
		for k, q := range checkedQuantiles {
			stated := plan.DrawsQuantile(f.Draws, q)
			c.Pinball[k] += w * Pinball(q, stated, f.Actual)
			if f.Actual <= stated {
				within[k] += w
			}
		}
	}
	for k, q := range checkedQuantiles {
		c.Cover = append(c.Cover, Cover{q, q, within[k]})
	}
	return c, nil
}

func (f *Checked) check() error {
	switch {
	case len(f.Draws) == 0:
		return fmt.Errorf("it has no draws")
	case !slices.IsSorted(f.Draws):
		return fmt.Errorf("its draws are not in increasing order")
	case math.IsNaN(f.Actual) || math.IsInf(f.Actual, 0):
		return fmt.Errorf("its actual amount is %v", f.Actual)
	}
	return nil
}

// censoringWeights gives each finished forecast its weight and each open one 0: Kaplan and
// Meier's estimate (1958) of the chance not to be cut off before the outcome.
func censoringWeights(checked []Checked) (weights []float64, total float64) {
	order := make([]int, len(checked))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		x, y := &checked[a], &checked[b]
		switch by := cmp.Compare(x.Actual, y.Actual); {
		case by != 0 || x.Open == y.Open:
			return by
		case y.Open:
			return -1
		}
		return 1
	})
	weights = make([]float64, len(checked))
	uncut := 1.0
	for k, i := range order {
		if checked[i].Open {
			left := float64(len(order) - k)
			uncut *= (left - 1) / left
		} else {
			weights[i] = 1 / uncut
			total += weights[i]
		}
	}
	return weights, total
}

// pit is the place of the outcome in the forecast: the share of draws below it, of those
// equal to it half.
func (f *Checked) pit() float64 {
	below := sort.SearchFloat64s(f.Draws, f.Actual)
	upTo := sort.Search(len(f.Draws), func(i int) bool { return f.Draws[i] > f.Actual })
	return float64(below+upTo) / float64(2*len(f.Draws))
}

// CRPS is the continuous ranked probability score of draws in increasing order against the
// amount that came, in its unit: the mean distance of a draw from the amount, less half the
// mean distance of two draws.
func CRPS(draws []float64, actual float64) float64 {
	n := float64(len(draws))
	off, apart := 0.0, 0.0
	for i, x := range draws {
		off += math.Abs(x - actual)
		apart += x * (2*float64(i) + 1 - n)
	}
	return off/n - apart/(n*n)
}

// Pinball is the loss of the quantile q, stated as an amount, against the amount that came
// (Koenker and Bassett 1978).
func Pinball(q, stated, actual float64) float64 {
	if actual >= stated {
		return q * (actual - stated)
	}
	return (1 - q) * (stated - actual)
}

// BrierScore is the mean squared difference of chances and what came.
func BrierScore(chances []float64, came []bool) float64 {
	sum := 0.0
	for i, p := range chances {
		if came[i] {
			p = 1 - p
		}
		sum += p * p
	}
	return sum / float64(max(len(chances), 1))
}

// Recalibration corrects quantiles: it knows which level of past forecasts a share q of
// outcomes stayed below (Kuleshov, Fenner and Ermon, "Accurate uncertainties for deep
// learning using calibrated regression", 2018). The map is increasing, as levels are.
type Recalibration struct {
	all    levels
	groups map[string]levels
}

// levels are the places outcomes took in their forecasts, in increasing order, with the
// weights of those outcomes.
type levels struct {
	at, upTo []float64 // upTo is the weight up to and with the place
}

// recalibrationWeight is the number of outcomes as which the wider view counts: that all is
// well in the map of all groups, and the map of all groups in that of one.
const recalibrationWeight = 20

// Recalibrate learns the correction from checked forecasts; open ones count as in
// [Calibrate].
func Recalibrate(checked []Checked) (*Recalibration, error) {
	r := &Recalibration{groups: map[string]levels{}}
	members := map[string][]int{}
	weights, _ := censoringWeights(checked)
	var all []int
	for i := range checked {
		if err := checked[i].check(); err != nil {
			return nil, fmt.Errorf("checked forecast %d: %w", i, err)
		}
		if weights[i] > 0 {
			all = append(all, i)
			members[checked[i].Group] = append(members[checked[i].Group], i)
		}
	}
	collect := func(of []int) levels {
		slices.SortStableFunc(of, func(a, b int) int {
			return cmp.Compare(checked[a].pit(), checked[b].pit())
		})
		l, sum := levels{}, 0.0
		for _, i := range of {
			sum += weights[i]
			l.at, l.upTo = append(l.at, checked[i].pit()), append(l.upTo, sum)
		}
		return l
	}
	for group, of := range members {
		r.groups[group] = collect(of)
	}
	r.all = collect(all)
	return r, nil
}

// share is the weighted share of outcomes at or below a place, shrunk to prior.
func (l levels) share(place, prior float64) float64 {
	i := sort.Search(len(l.at), func(i int) bool { return l.at[i] > place })
	came, of := 0.0, 0.0
	if i > 0 {
		came = l.upTo[i-1]
	}
	if len(l.upTo) > 0 {
		of = l.upTo[len(l.upTo)-1]
	}
	return (came + recalibrationWeight*prior) / (of + recalibrationWeight)
}

// Level returns the level at which to read a group's forecast so that a share q of the
// outcomes stays below, 0 to 1. Without outcomes it is q.
func (r *Recalibration) Level(group string, q float64) float64 {
	low, high := 0.0, 1.0
	for range 50 {
		mid := (low + high) / 2
		if r.groups[group].share(mid, r.all.share(mid, mid)) < q {
			low = mid
		} else {
			high = mid
		}
	}
	return high
}

// Adaptive keeps the level of a quantile right while the world drifts: each outcome above
// it raises the level a little, each below lowers it, so that in the long run the share
// comes out whatever happens (Gibbs and Candès, "Adaptive conformal inference under
// distribution shift", 2021).
type Adaptive struct {
	// Share is the share of outcomes to stay below, 0 to 1.
	Share float64
	// Step is how fast the level follows, above 0: 0.005 to 0.1.
	Step float64
	off  float64
}

// Observe tells whether the last outcome stayed at or below the quantile at [Adaptive.Level].
func (a *Adaptive) Observe(within bool) {
	if within {
		a.off -= a.Step * (1 - a.Share)
	} else {
		a.off += a.Step * a.Share
	}
}

// Level is the level at which to read the next forecast, 0 to 1.
func (a *Adaptive) Level() float64 { return min(max(a.Share+a.off, 0), 1) }
