package track

import (
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/throughline-pm/throughline/plan"
)

// Spent is a piece of work of a group of people, estimated beforehand and measured after.
type Spent struct {
	Group string
	// Together names what went on at the same time, a release say, and so met the same
	// luck; empty for work of which that is not known.
	Together         string
	Estimate, Actual float64
	// Known is the moment from which the actual effort was known.
	Known time.Time
}

// Overrun is what groups of people taught about their estimates: how far the logarithm of
// actual by estimate lies from 0, and how widely it varies.
type Overrun struct {
	all    ratios
	groups map[string]ratios
	spans  map[string]map[string]ratios // by Together and group
}

// ratios sums log(actual/estimate), its square and its count.
type ratios struct{ sum, square, n float64 }

func (r *ratios) add(x float64) {
	r.sum += x
	r.square += x * x
	r.n++
}

const (
	overrunWeight = 5   // pieces of work as which the mean of all counts in that of a group
	spreadWeight  = 8   // pieces of work as which the prior spread counts
	overrunSpread = 0.6 // prior standard deviation of the logarithm
	// priorCommon is the prior share of the variance that all work of a time has in
	// common, and that the work of one group has beyond it; commonWeight is the number of
	// times as which it counts.
	priorCommon, commonWeight = 0.15, 4
)

// LearnOverrun returns what was known of overruns by the moment at.
func LearnOverrun(past []Spent, at time.Time) (*Overrun, error) {
	o := &Overrun{groups: map[string]ratios{}, spans: map[string]map[string]ratios{}}
	for i, s := range past {
		if !(s.Estimate > 0 && s.Actual > 0) || math.IsInf(s.Estimate+s.Actual, 0) {
			return nil, fmt.Errorf("spent effort %d of group %q: estimate %v and actual %v are not both above 0", i, s.Group, s.Estimate, s.Actual)
		}
		if s.Known.After(at) {
			continue
		}
		x := math.Log(s.Actual / s.Estimate)
		o.all.add(x)
		g := o.groups[s.Group]
		g.add(x)
		o.groups[s.Group] = g
		if s.Together == "" {
			continue
		}
		if o.spans[s.Together] == nil {
			o.spans[s.Together] = map[string]ratios{}
		}
		g = o.spans[s.Together][s.Group]
		g.add(x)
		o.spans[s.Together][s.Group] = g
	}
	return o, nil
}

// Log returns mean and standard deviation of log(actual/estimate) to expect of a group's
// next piece of work. A group's mean is shrunk to that of all, its variance to that of all
// and to a prior (empirical Bayes: Efron and Morris 1975); as the mean itself is not known
// for certain, the variance is widened by 1 + 1/(n+5).
func (o *Overrun) Log(group string) (mean, sd float64) {
	all := o.all.sum / (o.all.n + overrunWeight)
	variance := o.all.variance(all, overrunSpread*overrunSpread)
	g := o.groups[group]
	mean = (g.sum + overrunWeight*all) / (g.n + overrunWeight)
	variance = g.variance(mean, variance)
	return mean, math.Sqrt(variance * (1 + 1/(g.n+overrunWeight)))
}

func (r ratios) variance(mean, prior float64) float64 {
	return (r.about(mean) + spreadWeight*prior) / (r.n + spreadWeight)
}

// about is the sum of squared distances from a mean.
func (r ratios) about(mean float64) float64 { return r.square - 2*mean*r.sum + r.n*mean*mean }

// sorted yields a map in the order of its keys: sums of floating-point numbers depend on
// their order.
func sorted[V any](m map[string]V) iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		for _, key := range slices.Sorted(maps.Keys(m)) {
			if !yield(key, m[key]) {
				return
			}
		}
	}
}

// Common returns the shares of the variance of log(actual/estimate) that all work of one
// time has in common, and that the work of one group at the time has beyond it, for
// [Uncertainty]: from the products of pairs (variance components: Henderson 1953), shrunk
// to a prior of 0.15 each.
func (o *Overrun) Common() (global, shared float64) {
	mean := map[string]float64{}
	total, n := 0.0, 0.0
	for group, r := range sorted(o.groups) {
		m, _ := o.Log(group)
		mean[group] = m
		total += r.about(m)
		n += r.n
	}
	if n == 0 || total == 0 {
		return priorCommon, priorCommon
	}
	variance := total / n
	across, within := newMean(priorCommon, commonWeight), newMean(2*priorCommon, commonWeight)
	for _, groups := range sorted(o.spans) {
		sum, squares, own, count, counts := 0.0, 0.0, 0.0, 0.0, 0.0
		for group, r := range sorted(groups) {
			s := r.sum - r.n*mean[group]
			sum += s
			squares += s * s
			own += r.about(mean[group])
			count += r.n
			counts += r.n * r.n
		}
		if pairs := count*count - counts; pairs > 0 {
			across.add((sum*sum - squares) / pairs / variance)
		}
		if pairs := counts - count; pairs > 0 {
			within.add((squares - own) / pairs / variance)
		}
	}
	global = min(max(across.value(), 0), 0.9)
	return global, min(max(within.value()-global, 0), 0.9-global)
}

// shrunkMean is a mean that begins with a prior.
type shrunkMean struct{ sum, n float64 }

func newMean(prior, weight float64) shrunkMean { return shrunkMean{prior * weight, weight} }

func (m *shrunkMean) add(x float64) {
	m.sum += x
	m.n++
}

func (m *shrunkMean) value() float64 { return m.sum / m.n }

// Effort returns the effort to expect for an estimate by a group, as quantiles of a
// log-normal distribution.
func (o *Overrun) Effort(group string, estimate float64) plan.Effort {
	mean, sd := o.Log(group)
	quantile := func(z float64) float64 { return estimate * math.Exp(mean+z*sd) }
	return plan.Effort{P10: quantile(-normalP90), P50: quantile(0), P90: quantile(normalP90)}
}

// normalP90 is the 90 % quantile of the normal distribution.
const normalP90 = 1.2815515655446004
