package track

import "math"

// Shock is the standard deviation, in log-odds, of what all promises of one period have in
// common: a bad release is bad for all of them. Without it the range of "how many of n
// arrive" is far too narrow.
type Shock float64

const (
	// DefaultShock holds while there are too few periods to learn from.
	DefaultShock Shock = 0.5
	leastShock   Shock = 0.3
	mostShock    Shock = 1.5
	shockStep    Shock = 0.05
	// shockPeriods is the number of periods above which the shock is learned.
	shockPeriods = 10
)

// Counted is one past period: the chances its promises were given and how many were kept.
type Counted struct {
	Chances []float64
	Kept    int
}

// LearnShock returns the shock under which the counts of past periods are likeliest, not
// below 0.3; with 10 periods or fewer it is [DefaultShock].
func LearnShock(past []Counted) Shock {
	if len(past) <= shockPeriods {
		return DefaultShock
	}
	best, most := DefaultShock, math.Inf(-1)
	for s := leastShock; s <= mostShock; s += shockStep {
		likelihood := 0.0
		for _, c := range past {
			if p := s.Count(c.Chances); c.Kept >= 0 && c.Kept < len(p) {
				likelihood += math.Log(p[c.Kept] + 1e-300)
			}
		}
		if likelihood > most {
			best, most = s, likelihood
		}
	}
	return best
}

// Widened returns the shock to use after a run of quantile forecasts: if of the last 50
// fewer than 75 % came within their P85, forecasts were too sure, and 0.2 is added. With
// fewer than 50 nothing is concluded.
func (s Shock) Widened(within []bool) (shock Shock, widened bool) {
	const window, least, more = 50, 0.75, 0.2
	if len(within) < window {
		return s, false
	}
	n := 0.0
	for _, in := range within[len(within)-window:] {
		if in {
			n++
		}
	}
	if n >= least*window {
		return s, false
	}
	return s + more, true
}

// shockNodes is the number of points at which the normal shock is evaluated, evenly spread
// over shockReach standard deviations to either side: the trapezium rule converges faster
// than any power on a normal density.
const shockNodes, shockReach = 33, 5.0

// Count returns the distribution of how many of several promises of one period are kept:
// element k is the chance of exactly k. Each promise keeps its own chance on average.
func (s Shock) Count(chances []float64) []float64 {
	out, given := make([]float64, len(chances)+1), make([]float64, len(chances)+1)
	// A chance averaged over a shock is pulled to 1/2; this takes that back beforehand.
	recentre := math.Sqrt(1 + math.Pi*float64(s*s)/8)
	total := 0.0
	for i := range shockNodes {
		z := shockReach * (2*float64(i)/(shockNodes-1) - 1)
		weight := math.Exp(-z * z / 2)
		total += weight
		clear(given)
		given[0] = 1
		for n, p := range chances {
			p = sigmoid(logit(clip(p))*recentre + float64(s)*z)
			for k := n + 1; k > 0; k-- {
				given[k] = given[k]*(1-p) + given[k-1]*p
			}
			given[0] *= 1 - p
		}
		for k, p := range given {
			out[k] += weight * p
		}
	}
	for k := range out {
		out[k] /= total
	}
	return out
}

// Range returns the least interval from low to high, cut off evenly at both ends, that
// holds a number distributed as p with a chance of at least share.
func Range(p []float64, share float64) (low, high int) {
	tail := (1 - share) / 2
	for sum := p[0]; sum <= tail && low < len(p)-1; sum += p[low] {
		low++
	}
	high = len(p) - 1
	for sum := p[high]; sum <= tail && high > low; sum += p[high] {
		high--
	}
	return low, high
}
