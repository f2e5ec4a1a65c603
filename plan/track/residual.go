package track

import (
	"math"
	"time"
)

// Simulated is a past promise for which a simulation and perhaps the track record had
// stated a chance when it was made.
type Simulated struct {
	Group string
	// Chance is what the simulation said: that the work fits.
	Chance float64
	// Record is what the track record said; 0 if it said nothing.
	Record float64
	Kept   bool
	// Made is the moment of the forecasts, Known that from which the outcome was known.
	Made, Known time.Time
}

// Residual is how often promises are kept whose work fits: the rest fails for causes that
// no effort tells of. It joins the simulation with the track record. Their chances are
// never multiplied, nor is the smaller taken: both know of overruns, which would then
// count twice.
type Residual struct {
	all    keptShare
	groups map[string]keptShare
	pool   bool
}

const (
	residualShare  = 0.9 // prior share of promises kept though nothing but causes beyond effort threaten them
	residualWeight = 10  // simulated chances as which the prior counts
	residualGroup  = 8   // simulated chances as which the share of all counts in that of a group
	// poolOutcomes is the number of outcomes with both chances from which the residual and
	// the pool of log-odds are compared.
	poolOutcomes = 100
)

// LearnResidual returns what promises known by the moment at taught. Once 100 of them had
// both chances it compares, over forecasts each made from what was known at its own time,
// the simulation corrected by the residual with the mean of the two log-odds, and uses what
// lost less.
func LearnResidual(past []Simulated, at time.Time) *Residual {
	r := residualAt(past, at)
	residual, pool, n := 0.0, 0.0, 0
	for _, s := range past {
		if s.Known.After(at) || s.Record == 0 {
			continue
		}
		n++
		residual += surprise(residualAt(past, s.Made).corrected(s.Group, s.Chance), s.Kept)
		pool += surprise(pooled(s.Chance, s.Record), s.Kept)
	}
	r.pool = n >= poolOutcomes && pool < residual
	return r
}

func residualAt(past []Simulated, at time.Time) *Residual {
	r := &Residual{groups: map[string]keptShare{}}
	for _, s := range past {
		if s.Known.After(at) {
			continue
		}
		g := r.groups[s.Group]
		for _, sum := range []*keptShare{&g, &r.all} {
			sum.made += s.Chance
			if s.Kept {
				sum.kept++
			}
		}
		r.groups[s.Group] = g
	}
	return r
}

func surprise(p float64, kept bool) float64 {
	if kept {
		return -math.Log(p)
	}
	return -math.Log(1 - p)
}

// Share returns the share of a group's promises that is kept if the work fits, at most 1.
func (r *Residual) Share(group string) float64 {
	all := r.all.towards(residualShare, residualWeight)
	return min(r.groups[group].towards(all, residualGroup), 1)
}

func (r *Residual) corrected(group string, simulated float64) float64 {
	return clip(simulated * r.Share(group))
}

// pooled is the mean of two chances in log-odds.
func pooled(a, b float64) float64 { return clip(sigmoid((logit(clip(a)) + logit(clip(b))) / 2)) }

// Chance returns the chance that a promise of a group is kept whose work fits in time with
// the simulated chance; record is what the track record says, or 0.
func (r *Residual) Chance(group string, simulated, record float64) float64 {
	if r.pool && record > 0 {
		return pooled(simulated, record)
	}
	return r.corrected(group, simulated)
}

// Late returns the chances of delivery at most 0, 1, ... periods late, from the simulated
// chances that the work is finished by then: what fails for other causes slips on from
// the simulated finish as things have slipped before.
func (r *Residual) Late(group string, finished []float64, e *Experience) []float64 {
	slip := e.Lateness(r.Share(group))
	out := make([]float64, len(finished))
	for j := range out {
		before := 0.0
		for s := range j + 1 {
			out[j] += (finished[s] - before) * slip.By(j-s)
			before = finished[s]
		}
	}
	return out
}
