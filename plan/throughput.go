package plan

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sort"

	"github.com/throughline-pm/throughline/plan/chance"
)

// Throughput is how many items a team has finished in each of its past weeks, for teams
// that do not estimate. It forecasts by drawing from the past: what a week brought, a week
// may bring again.
type Throughput struct {
	// Done is the number of items finished in each past week, Added that of items that
	// came on top in the same week; Added may be left out.
	Done, Added []int
}

// longestRun is the number of weeks after which an end is no longer looked for.
const longestRun = 1000

func (t *Throughput) check() error {
	if len(t.Done) == 0 {
		return fmt.Errorf("throughput: there is no past week to draw from")
	}
	if len(t.Added) != 0 && len(t.Added) != len(t.Done) {
		return fmt.Errorf("throughput: %d weeks of added items beside %d weeks of finished ones", len(t.Added), len(t.Done))
	}
	for w, n := range t.Done {
		if n < 0 || len(t.Added) > 0 && t.Added[w] < 0 {
			return fmt.Errorf("throughput: week %d counts less than 0 items", w+1)
		}
	}
	return nil
}

// weeks draws past weeks. How much each week of the past counts is drawn first (the
// Bayesian bootstrap: Rubin 1981), so that a short past makes a wide forecast.
type weeks struct {
	t      *Throughput
	stream *chance.Stream
	upTo   []float64
}

func (w *weeks) begin(seed uint64, draw int) {
	w.stream = chance.New(seed, uint64(draw))
	sum := 0.0
	for i := range w.upTo {
		sum -= math.Log(1 - w.stream.Float64())
		w.upTo[i] = sum
	}
}

// next draws a week: what it finishes, and what it adds.
func (w *weeks) next() (done, added int) {
	n := len(w.upTo)
	i := min(sort.SearchFloat64s(w.upTo, w.stream.Float64()*w.upTo[n-1]), n-1)
	if len(w.t.Added) > 0 {
		added = w.t.Added[i]
	}
	return w.t.Done[i], added
}

// Weeks forecasts in how many weeks the items left are finished, and what comes on top of
// them meanwhile; what takes more than 1,000 weeks is at [Never] and counts as 1,000 in
// the mean.
func (t *Throughput) Weeks(ctx context.Context, left int, options SimulateOptions) (Dates, error) {
	rows, err := t.draw(ctx, options, func(w *weeks) int {
		open := left
		for week := range longestRun {
			if open <= 0 {
				return week
			}
			done, added := w.next()
			open += added - done
		}
		return longestRun
	})
	if err != nil {
		return Dates{}, err
	}
	d := datesBy(func(q float64) int {
		if week := rows[Rank(q, len(rows))]; week < longestRun {
			return week
		}
		return Never
	})
	sum := 0
	for _, x := range rows {
		sum += x
	}
	d.Mean = float64(sum) / float64(len(rows))
	return d, nil
}

// Items forecasts how many items are finished within so many weeks: equally likely
// numbers, in increasing order.
func (t *Throughput) Items(ctx context.Context, within int, options SimulateOptions) ([]int, error) {
	return t.draw(ctx, options, func(w *weeks) int {
		sum := 0
		for range min(max(within, 0), longestRun) {
			done, _ := w.next()
			sum += done
		}
		return sum
	})
}

// draw returns what each of many courses comes to, in increasing order.
func (t *Throughput) draw(ctx context.Context, options SimulateOptions, course func(*weeks) int) ([]int, error) {
	o, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := t.check(); err != nil {
		return nil, err
	}
	rows := make([]int, o.Draws)
	done := spread(ctx, o, func(int) func(from, to int) {
		w := &weeks{t: t, upTo: make([]float64, len(t.Done))}
		return func(from, to int) {
			for draw := from; draw < to; draw++ {
				w.begin(o.Seed, draw)
				rows[draw] = course(w)
			}
		}
	})
	if done == 0 {
		return nil, ctx.Err()
	}
	rows = rows[:done]
	slices.Sort(rows)
	return rows, nil
}
