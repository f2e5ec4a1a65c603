package plan

import (
	"fmt"
	"math"
	"time"
)

// Spent is a piece of work of a group of people, estimated beforehand and measured after.
type Spent struct {
	Group            string
	Estimate, Actual float64
	// Known is the moment from which the actual effort was known.
	Known time.Time
}

// Overrun is what groups of people taught about their estimates: how far the logarithm of
// actual by estimate lies from 0, and how widely it varies.
type Overrun struct {
	all    ratios
	groups map[string]ratios
}

// ratios sums log(actual/estimate), its square and its count.
type ratios struct{ sum, square, n float64 }

const (
	overrunWeight = 5   // pieces of work as which the mean of all counts in that of a group
	spreadWeight  = 8   // pieces of work as which the prior spread counts
	overrunSpread = 0.6 // prior standard deviation of the logarithm
)

// LearnOverrun returns what was known of overruns by the moment at.
func LearnOverrun(past []Spent, at time.Time) (*Overrun, error) {
	o := &Overrun{groups: map[string]ratios{}}
	for i, s := range past {
		if !(s.Estimate > 0 && s.Actual > 0) || math.IsInf(s.Estimate+s.Actual, 0) {
			return nil, fmt.Errorf("spent effort %d of group %q: estimate %v and actual %v are not both above 0", i, s.Group, s.Estimate, s.Actual)
		}
		if s.Known.After(at) {
			continue
		}
		x := math.Log(s.Actual / s.Estimate)
		g := o.groups[s.Group]
		for _, r := range []*ratios{&g, &o.all} {
			r.sum += x
			r.square += x * x
			r.n++
		}
		o.groups[s.Group] = g
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
	return (r.square - 2*mean*r.sum + r.n*mean*mean + spreadWeight*prior) / (r.n + spreadWeight)
}

// Effort returns the effort to expect for an estimate by a group, as quantiles of a
// log-normal distribution.
func (o *Overrun) Effort(group string, estimate float64) Effort {
	mean, sd := o.Log(group)
	quantile := func(z float64) float64 { return estimate * math.Exp(mean+z*sd) }
	return Effort{P10: quantile(-normalP90), P50: quantile(0), P90: quantile(normalP90)}
}

// normalP90 is the 90 % quantile of the normal distribution.
const normalP90 = 1.2815515655446004
