package track

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/throughline-pm/throughline/plan/chance"
)

// Backtest says how good forecasts from a track record would have been: each made at the
// moment of its promise from what was known then, and scored by what came of it.
type Backtest struct {
	// Forecasts is the number of promises forecast, Kept the share of them that was kept.
	Forecasts int
	Kept      float64
	// Model and Baseline are the scores of [Record.Learn] and of the raw share of the
	// same stage so far, which looks ahead as little.
	Model, Baseline Scores
	// Brier, LogLoss and Ranked are the differences model less baseline.
	Brier, LogLoss, Ranked Difference
	// Calibration compares the chances stated with what came, by chance stated.
	Calibration []CalibrationRow
	// Late compares the chances stated of being at most so many periods late.
	Late []CalibrationRow
}

// Scores are means over all forecasts; less is better.
type Scores struct {
	// Brier is the squared difference of chance and outcome (Brier 1950).
	Brier float64
	// LogLoss is the logarithm of 1 over the chance given to what came.
	LogLoss float64
	// Ranked is the ranked probability score over 0 to 6 periods late (Epstein 1969).
	Ranked float64
	// Cover tells how often promises were late by the quantile stated at most, of those
	// for which that could be seen.
	Cover []Cover
}

// Cover compares a quantile stated with what came.
type Cover struct {
	Quantile float64
	// Stated is the mean chance stated at the quantile: as lateness comes in whole periods
	// it lies above Quantile. Actual is the share that came by it.
	Stated, Actual float64
}

// Difference is a mean difference with the interval that holds it with 95 % certainty, by
// Bootstrap over forecasts (Efron 1979).
type Difference struct{ Mean, Low, High float64 }

// CalibrationRow is the mean chance stated in N forecasts and the share that came true.
type CalibrationRow struct {
	Stated, Actual float64
	N              int
}

// farthestScored is the lateness up to which the ranked score looks.
const farthestScored = 6

// scored is one forecast and what came of it.
type scored struct {
	late            int // periods; more than farthestScored for never
	known           int // latenesses that could be seen by now: 0 to known-1
	model, baseline [farthestScored + 1]float64
}

// Backtest forecasts every commitment of the periods from first on at the moment it was
// made, and scores by the readings known at the moment settled. Commitments whose period
// was not over then are left out.
func (t *Record) Backtest(first int, settled time.Time, options Options) (*Backtest, error) {
	var forecasts []scored
	var learnt *Experience
	var base baseline
	var at time.Time
	order := make([]*Commitment, 0, len(t.Commitments))
	for i := range t.Commitments {
		order = append(order, &t.Commitments[i])
	}
	slices.SortStableFunc(order, func(a, b *Commitment) int { return a.Made.Compare(b.Made) })
	now := t.current(settled)
	for _, c := range order {
		if c.Period < first || c.Period >= now {
			continue
		}
		if learnt == nil || !c.Made.Equal(at) {
			var err error
			at = c.Made
			if learnt, err = t.Learn(at, options); err != nil {
				return nil, err
			}
			base = t.baseline(at)
		}
		s := scored{late: c.late(settled), known: min(now-c.Period, farthestScored+1), baseline: base.by(c.Stage)}
		l := learnt.Lateness(learnt.Chance(c.Stage, c.Columns).P)
		for j := range s.model {
			s.model[j] = l.By(j)
		}
		forecasts = append(forecasts, s)
	}
	if len(forecasts) == 0 {
		return nil, fmt.Errorf("back-test: no promise of the periods from %d on was over by %s", first, settled.Format(time.DateOnly))
	}
	return scoreAll(forecasts), nil
}

// late is by how many periods the commitment was late, as known at a moment.
func (c *Commitment) late(at time.Time) int {
	switch r := c.at(at); r.Outcome {
	case Missed:
		return min(r.Period-c.Period, farthestScored+1)
	case Dropped:
		return farthestScored + 1
	default:
		return 0
	}
}

// baseline counts how late the promises of each stage were so far; "" is all stages.
type baseline map[string]*[farthestScored + 2]float64

func (t *Record) baseline(at time.Time) baseline {
	b := baseline{"": {}}
	for c := range t.known(at) {
		if b[c.Stage] == nil {
			b[c.Stage] = &[farthestScored + 2]float64{}
		}
		late := c.late(at)
		b[c.Stage][late]++
		b[""][late]++
	}
	return b
}

// by is the share of the promises of a stage that were late by 0, 1, ... periods at most;
// one half of what is late is expected never where nothing is known.
func (b baseline) by(stage string) (out [farthestScored + 1]float64) {
	counts := b[stage]
	if counts == nil {
		counts = b[""]
	}
	n, sum := 0.0, 0.0
	for _, k := range counts {
		n += k
	}
	for j := range out {
		sum += counts[j]
		out[j] = 0.5
		if n > 0 {
			out[j] = sum / n
		}
	}
	out[0] = clip(out[0])
	return out
}

func scoreAll(forecasts []scored) *Backtest {
	n := float64(len(forecasts))
	b := &Backtest{Forecasts: len(forecasts)}
	b.Model = scoresOf(forecasts, func(s *scored) *[farthestScored + 1]float64 { return &s.model })
	b.Baseline = scoresOf(forecasts, func(s *scored) *[farthestScored + 1]float64 { return &s.baseline })
	difference := func(loss func(by *[farthestScored + 1]float64, late, known int) float64) Difference {
		d := make([]float64, len(forecasts))
		for i := range forecasts {
			s := &forecasts[i]
			d[i] = loss(&s.model, s.late, s.known) - loss(&s.baseline, s.late, s.known)
		}
		return Bootstrap(d)
	}
	b.Brier, b.LogLoss, b.Ranked = difference(brier), difference(logLoss), difference(ranked)
	for i := range forecasts {
		if forecasts[i].late == 0 {
			b.Kept += 1 / n
		}
	}
	b.Calibration = calibration(forecasts)
	for j := range farthestScored {
		row := CalibrationRow{}
		for i := range forecasts {
			if s := &forecasts[i]; j < s.known {
				row.add(s.model[j], s.late <= j)
			}
		}
		b.Late = append(b.Late, row.mean())
	}
	return b
}

func scoresOf(forecasts []scored, by func(*scored) *[farthestScored + 1]float64) Scores {
	n := float64(len(forecasts))
	quantiles := []float64{0.5, 0.85, 0.95}
	rows := make([]CalibrationRow, len(quantiles))
	out := Scores{}
	for i := range forecasts {
		s := &forecasts[i]
		p := by(s)
		out.Brier += brier(p, s.late, s.known) / n
		out.LogLoss += logLoss(p, s.late, s.known) / n
		out.Ranked += ranked(p, s.late, s.known) / n
		for k, q := range quantiles {
			j := 0
			for j < farthestScored && p[j] < q {
				j++
			}
			if j < s.known {
				rows[k].add(p[j], s.late <= j)
			}
		}
	}
	for k, q := range quantiles {
		r := rows[k].mean()
		out.Cover = append(out.Cover, Cover{q, r.Stated, r.Actual})
	}
	return out
}

func brier(by *[farthestScored + 1]float64, late, _ int) float64 {
	p := by[0]
	if late == 0 {
		p = 1 - p
	}
	return p * p
}

func logLoss(by *[farthestScored + 1]float64, late, _ int) float64 {
	if late == 0 {
		return -math.Log(by[0])
	}
	return -math.Log(1 - by[0])
}

func ranked(by *[farthestScored + 1]float64, late, known int) float64 {
	sum := 0.0
	for j, p := range by[:known] {
		if late <= j {
			p = 1 - p
		}
		sum += p * p
	}
	return sum
}

// calibration groups the forecasts by their chance, in steps of 10 points from 0.6 on.
func calibration(forecasts []scored) []CalibrationRow {
	rows := make([]CalibrationRow, 5)
	for i := range forecasts {
		s := &forecasts[i]
		rows[min(max(int(s.model[0]*10)-5, 0), len(rows)-1)].add(s.model[0], s.late == 0)
	}
	rows = slices.DeleteFunc(rows, func(r CalibrationRow) bool { return r.N == 0 })
	for i := range rows {
		rows[i] = rows[i].mean()
	}
	return rows
}

func (r *CalibrationRow) add(stated float64, came bool) {
	r.N++
	r.Stated += stated
	if came {
		r.Actual++
	}
}

func (r CalibrationRow) mean() CalibrationRow {
	if r.N > 0 {
		r.Stated /= float64(r.N)
		r.Actual /= float64(r.N)
	}
	return r
}

// resamples of the bootstrap; twice as many move its ends by a few per cent of its width.
const resamples = 2000

// Bootstrap returns the mean of differences with its 95 % interval, from samples of them drawn
// with replacement (Efron 1979). The same differences give the same interval.
func Bootstrap(d []float64) Difference {
	n := float64(len(d))
	out := Difference{}
	for _, x := range d {
		out.Mean += x / n
	}
	means := make([]float64, resamples)
	stream := chance.New(1)
	for i := range means {
		for range d {
			means[i] += d[stream.IntN(len(d))] / n
		}
	}
	slices.SortFunc(means, cmp.Compare[float64])
	out.Low, out.High = means[resamples*25/1000], means[resamples*975/1000]
	return out
}

// Print writes the back-test as a table for people.
func (b *Backtest) Print(w io.Writer) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "%d forecasts, %.1f %% kept\n\n", b.Forecasts, 100*b.Kept)
	fmt.Fprintf(out, "%-14s %8s %8s   difference [95 %%]\n", "", "model", "baseline")
	line := func(name string, model, base float64, d Difference) {
		fmt.Fprintf(out, "%-14s %8.4f %8.4f   %+.4f [%+.4f, %+.4f]\n", name, model, base, d.Mean, d.Low, d.High)
	}
	line("Brier", b.Model.Brier, b.Baseline.Brier, b.Brier)
	line("log loss", b.Model.LogLoss, b.Baseline.LogLoss, b.LogLoss)
	line("ranked score", b.Model.Ranked, b.Baseline.Ranked, b.Ranked)
	fmt.Fprintf(out, "\n%-14s %8s %8s   %s\n", "cover", "stated", "actual", "baseline stated, actual")
	for i, c := range b.Model.Cover {
		base := b.Baseline.Cover[i]
		fmt.Fprintf(out, "P%-13.0f %7.1f%% %7.1f%%   %.1f%%, %.1f%%\n", 100*c.Quantile, 100*c.Stated, 100*c.Actual, 100*base.Stated, 100*base.Actual)
	}
	fmt.Fprintf(out, "\n%-14s %8s %8s %6s\n", "kept", "stated", "actual", "n")
	for _, r := range b.Calibration {
		fmt.Fprintf(out, "%-14s %7.1f%% %7.1f%% %6d\n", "", 100*r.Stated, 100*r.Actual, r.N)
	}
	fmt.Fprintf(out, "\n%-14s %8s %8s\n", "periods late", "stated", "actual")
	for j, r := range b.Late {
		fmt.Fprintf(out, "at most %-6d %7.1f%% %7.1f%%\n", j, 100*r.Stated, 100*r.Actual)
	}
	return out.Flush()
}
