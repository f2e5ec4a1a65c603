package track

import (
	"cmp"
	"fmt"
	"iter"
	"math"
	"slices"
	"time"
)

// Record is what was promised, and what was known of each promise from when on. What
// is learned from it is learned as of a moment: [Record.Learn] takes that moment and
// reads nothing that was known later, so a forecast of the past is the one that could have
// been made then.
type Record struct {
	// Columns names the numbers each commitment comes with.
	Columns []string
	// Periods are the releases, iterations or other spans things are promised for, in
	// the order of time.
	Periods     []Period
	Commitments []Commitment
}

// Period is a span for which things are promised. Both moments must not decrease from one
// period to the next.
type Period struct {
	// Freeze is the moment at which what is promised for the period is counted.
	Freeze time.Time
	// End is the moment from which the period is over: what was not delivered is late.
	End time.Time
}

// Commitment is a promise that something reaches a stage within a period.
type Commitment struct {
	ID string
	// Stage is the sort of promise. Promises of one stage are expected to fare alike.
	Stage string
	// Period is the index of the period promised.
	Period int
	// Made is the moment from which the promise stands, and at which Columns held.
	Made time.Time
	// Columns are numbers known at Made that may tell how the promise will fare, one for
	// each name in [Record.Columns]. NaN means unknown and counts as the mean.
	Columns []float64
	// Readings say how the promise stood, in the order of time. Before the first it is
	// [Standing].
	Readings []Reading
}

// Reading is how a commitment stands from a moment on.
type Reading struct {
	Known   time.Time
	Outcome Outcome
	// Period is the index of the period now aimed at, if the outcome is [Missed].
	Period int
}

// Outcome is what became of a commitment, as far as is known.
type Outcome uint8

const (
	// Standing: nobody has said otherwise. Once its period is over it counts as kept,
	// less the share of such promises that were taken back later.
	Standing Outcome = iota
	// Confirmed: it is said to be delivered.
	Confirmed
	// Missed: it is promised for a later period now.
	Missed
	// Dropped: it is promised no more.
	Dropped
)

// Options are the beliefs one starts with. The zero value of each field means its
// default. The defaults come from five years of releases of a large open project; they are
// weak and give way to the record's own outcomes.
type Options struct {
	// Share is the share of promises kept that is expected without any record, between 0
	// and 1; the default is 0.7. It counts as Weight outcomes, by default 6.
	Share, Weight float64
	// StageWeight is the number of outcomes as which the share of all stages counts in
	// the share of one; the default is 10.
	StageWeight float64
	// Ridge holds the weights of the columns towards 0; the default is 10.
	Ridge float64
	// Enough is the number of outcomes from which the columns have a say; the default is
	// 70.
	Enough int
}

func (o Options) withDefaults() Options {
	fill := func(x *float64, value float64) {
		if *x == 0 {
			*x = value
		}
	}
	fill(&o.Share, 0.7)
	fill(&o.Weight, 6)
	fill(&o.StageWeight, 10)
	fill(&o.Ridge, 10)
	if o.Enough == 0 {
		o.Enough = 70
	}
	return o
}

// Experience is what a track record taught as of a moment.
type Experience struct {
	// Outcomes is the number of promises it learned from.
	Outcomes int
	options  Options
	columns  []string
	all      keptShare
	stages   map[string]keptShare
	logistic *logistic // nil while there are too few outcomes
	late     hazards
}

// keptShare counts promises kept out of those made; kept is no whole number because a promise
// that merely stands counts for less.
type keptShare struct{ kept, made float64 }

// towards is the share shrunk to a prior mean that counts as weight promises.
func (s keptShare) towards(mean, weight float64) float64 {
	return (s.kept + weight*mean) / (s.made + weight)
}

func (s *keptShare) add(kept float64) {
	s.kept += kept
	s.made++
}

// Learn returns what the record taught by the moment at: from commitments whose period was
// over then, and by readings known then. Everything later is left unread.
func (t *Record) Learn(at time.Time, options Options) (*Experience, error) {
	if err := t.check(options); err != nil {
		return nil, err
	}
	o := options.withDefaults()
	e := &Experience{options: o, columns: t.Columns, stages: map[string]keptShare{}}
	var rows [][]float64
	var kept []float64
	for c, y := range t.known(at) {
		rows, kept = append(rows, c.Columns), append(kept, y)
		e.all.add(y)
		s := e.stages[c.Stage]
		s.add(y)
		e.stages[c.Stage] = s
	}
	e.Outcomes = len(rows)
	if e.Outcomes >= o.Enough && len(t.Columns) > 0 {
		e.logistic = fitLogistic(rows, kept, o.Ridge)
	}
	e.late = t.hazards(at)
	return e, nil
}

// known yields the commitments whose period was over at a moment, each with the share of it
// that counted as kept then.
func (t *Record) known(at time.Time) iter.Seq2[*Commitment, float64] {
	now := t.current(at)
	stays := t.staying(at, now)
	return func(yield func(*Commitment, float64) bool) {
		for i := range t.Commitments {
			c := &t.Commitments[i]
			if c.Period >= now || c.Made.After(at) {
				continue
			}
			kept := 0.0
			switch c.at(at).Outcome {
			case Confirmed:
				kept = 1
			case Standing:
				kept = stays[ageOf(now-c.Period)]
			}
			if !yield(c, kept) {
				return
			}
		}
	}
}

// current is the index of the first period that is not over at a moment.
func (t *Record) current(at time.Time) int {
	n := 0
	for n < len(t.Periods) && !t.Periods[n].End.After(at) {
		n++
	}
	return n
}

// at is how the commitment stood at a moment.
func (c *Commitment) at(at time.Time) Reading {
	r := Reading{}
	for _, next := range c.Readings {
		if next.Known.After(at) {
			break
		}
		r = next
	}
	return r
}

// ages is the number of ages a standing promise is told apart by: 1, 2, 3 periods, and more.
const ages = 4

func ageOf(periods int) int { return min(periods, ages) - 1 }

// staying estimates, for each age in periods, the chance that a promise that merely stands
// will not be taken back later. It looks at earlier freezes what stood, and at the moment
// at what became of it. Outcomes are restated late: learning from them as they were
// restated in the end would be looking ahead.
func (t *Record) staying(at time.Time, now int) [ages]float64 {
	var seen [ages]keptShare
	for p := range now {
		freeze := t.Periods[p].Freeze
		if freeze.IsZero() || freeze.After(at) {
			continue
		}
		for i := range t.Commitments {
			c := &t.Commitments[i]
			if c.Period < p && !c.Made.After(freeze) && c.at(freeze).Outcome == Standing {
				kept := 0.0
				if c.at(at).Outcome <= Confirmed {
					kept = 1
				}
				seen[ageOf(p-c.Period)].add(kept)
			}
		}
	}
	var out [ages]float64
	for l, s := range seen {
		out[l] = s.towards(0.9, 20)
	}
	return out
}

func (t *Record) check(o Options) error {
	if o.Share < 0 || o.Share >= 1 || !(o.Weight >= 0 && o.StageWeight >= 0 && o.Ridge >= 0) {
		return fmt.Errorf("options of the track record: the share %v is not between 0 and 1, or a weight is negative", o.Share)
	}
	for i := 1; i < len(t.Periods); i++ {
		if t.Periods[i].End.Before(t.Periods[i-1].End) || t.Periods[i].Freeze.Before(t.Periods[i-1].Freeze) {
			return fmt.Errorf("period %d: its freeze or end is before that of the period before", i)
		}
	}
	for i := range t.Commitments {
		c := &t.Commitments[i]
		switch {
		case c.Period < 0 || c.Period >= len(t.Periods):
			return fmt.Errorf("commitment %q: there is no period %d", c.ID, c.Period)
		case len(c.Columns) != len(t.Columns):
			return fmt.Errorf("commitment %q: %d columns where the record has %d", c.ID, len(c.Columns), len(t.Columns))
		case slices.ContainsFunc(c.Columns, func(x float64) bool { return math.IsInf(x, 0) }):
			return fmt.Errorf("commitment %q: a column is infinite", c.ID)
		case !slices.IsSortedFunc(c.Readings, func(a, b Reading) int { return a.Known.Compare(b.Known) }):
			return fmt.Errorf("commitment %q: its readings are not in the order of time", c.ID)
		}
	}
	return nil
}

// Chance is how likely a promise is to be kept, and how well that is known.
type Chance struct {
	// P is the chance, from 0.02 to 0.98.
	P float64
	// Low and High hold the chance with 80 % certainty.
	Low, High float64
	// Share is the chance by its stage alone.
	Share float64
	// Outcomes is the number of promises that were learned from, OfStage that of those of
	// its stage.
	Outcomes, OfStage int
	// Default tells that the share one starts with counts for more than the record.
	Default bool
	// Reasons say what moved P away from Share, the strongest first.
	Reasons []Reason
}

// Reason is what one column does to a chance.
type Reason struct {
	Column string
	Value  float64
	// Points is what the chance would lack without it, in points of 100. Points of
	// several reasons do not quite add up, as chances do not.
	Points float64
}

// Chance returns how likely a promise of a stage is to be kept that comes with the numbers
// columns; nil columns mean that none is known.
//
// The share of the stage is blended with a logistic regression on the columns, half and
// half in log-odds, once the record is long enough; a short one knows the shrunk share only.
func (e *Experience) Chance(stage string, columns []float64) Chance {
	mean := e.all.towards(e.options.Share, e.options.Weight)
	s := e.stages[stage]
	base := s.towards(mean, e.options.StageWeight)
	c := Chance{P: clip(base), Share: base, Outcomes: e.Outcomes, OfStage: int(s.made), Default: float64(e.Outcomes) < e.options.Weight}
	if e.logistic != nil && len(columns) == len(e.columns) {
		score, effects := e.logistic.score(columns)
		odds := (logit(clip(base)) + score) / 2
		c.P = clip(sigmoid(odds))
		for i, effect := range effects {
			if points := 100 * (sigmoid(odds) - sigmoid(odds-effect/2)); points != 0 {
				c.Reasons = append(c.Reasons, Reason{e.columns[i], columns[i], points})
			}
		}
		slices.SortStableFunc(c.Reasons, func(a, b Reason) int {
			return cmp.Compare(math.Abs(b.Points), math.Abs(a.Points))
		})
	}
	c.Low, c.High = band(c.P, s.made+e.options.StageWeight)
	return c
}

// clip keeps a chance from claiming certainty, which no record supports.
func clip(p float64) float64 { return min(max(p, 0.02), 0.98) }

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func logit(p float64) float64 { return math.Log(p / (1 - p)) }
