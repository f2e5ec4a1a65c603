package plan_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/plan"
	"github.com/throughline-pm/throughline/plan/chance"
	"github.com/throughline-pm/throughline/plan/track"
)

// world is an organisation that makes release after release, in a way of its own: it knows
// nothing of pools or timelines, and the forecaster nothing of it but the past.
type world struct {
	*chance.Stream
	bias, spread []float64 // of each team: of log(actual/estimate)
	day          time.Time
	spent        []track.Spent
	grew         []int     // how often each past feature grew
	growth       float64   // how often one grows in truth
	rates        []float64 // features finished per period, by past release
}

const (
	worldTeams, worldHands = 4, 3
	worldGrowth            = 0.15 // the share of effort added each time
	releaseShock           = 0.22
	teamShock              = 0.18
)

func newWorld(seed uint64) *world {
	w := &world{Stream: chance.New(seed), day: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)}
	for range worldTeams {
		w.bias = append(w.bias, 0.25+0.25*w.normal())
		w.spread = append(w.spread, 0.3+0.3*w.Float64())
	}
	w.growth = 0.2 + 0.4*w.Float64()
	return w
}

func (w *world) normal() float64 { return chance.Normal(w.Uint64()) }

// job is a piece of work: a team's, for a feature, after another or -1.
type job struct {
	team, feature, after int
	estimate, actual     float64
	start, end           float64
}

// release draws what a release is made of: features of one to three jobs in a row.
func (w *world) release() (jobs []job, features int) {
	features = 8 + w.IntN(6)
	for f := range features {
		after := -1
		for range 1 + w.IntN(3) {
			jobs = append(jobs, job{team: w.IntN(worldTeams), feature: f, after: after, estimate: 8 * math.Exp(0.6*w.normal())})
			after = len(jobs) - 1
		}
	}
	return jobs, features
}

// play lets a release happen: each team's hands take the first job in the order that is
// ready, one job each. It returns when each feature is finished.
func (w *world) play(jobs []job, features int, order []int, number int) []float64 {
	shock := releaseShock * w.normal()
	var team [worldTeams]float64
	for t := range team {
		team[t] = teamShock * w.normal()
	}
	grown := make([]float64, features)
	for f := range grown {
		n := plan.Poisson(w.Uint64(), w.growth)
		w.grew = append(w.grew, n)
		grown[f] = 1 + worldGrowth*float64(n)
	}
	effort := make([]float64, len(jobs))
	for i := range jobs {
		j := &jobs[i]
		effort[i] = j.estimate * math.Exp(w.bias[j.team]+w.spread[j.team]*w.normal()+shock+team[j.team])
		j.actual, j.end = effort[i]*grown[j.feature], math.Inf(1)
	}
	var hands [worldTeams][worldHands]float64 // when each hand is free
	begun := make([]bool, len(jobs))
	for now := 0.0; slices.Contains(begun, false); {
		for _, i := range order {
			j := &jobs[i]
			if begun[i] || j.after >= 0 && jobs[j.after].end > now {
				continue
			}
			for h := range hands[j.team] {
				if hands[j.team][h] <= now {
					begun[i], j.start, j.end = true, now, now+j.actual
					hands[j.team][h] = j.end
					break
				}
			}
		}
		next := math.Inf(1)
		for i := range jobs {
			if begun[i] && jobs[i].end > now {
				next = min(next, jobs[i].end)
			}
		}
		now = next
	}
	out := make([]float64, features)
	last := 0.0
	for i, j := range jobs {
		out[j.feature] = max(out[j.feature], j.end)
		last = max(last, j.end)
		w.spent = append(w.spent, track.Spent{
			Group: fmt.Sprint(j.team), Together: fmt.Sprint(number), Estimate: j.estimate, Actual: effort[i], Known: w.day.AddDate(0, number, 27),
		})
	}
	w.rates = append(w.rates, float64(features)/last)
	return out
}

// problem is a release as the forecaster sees it, with effort as told.
func (w *world) problem(jobs []job, features int, effort func(team int, estimate float64) plan.Effort, u plan.Uncertainty) *plan.Problem {
	p := &plan.Problem{Horizon: 600, ValueHorizon: 2000, Uncertainty: u, Releases: []plan.Release{{ID: "R", CutOff: 600, GoLive: 600}}}
	for t := range worldTeams {
		p.Pools = append(p.Pools, plan.Pool{ID: fmt.Sprint(t), Capacity: worldHands})
	}
	for f := range features {
		p.Features = append(p.Features, plan.Feature{ID: fmt.Sprint(f), Value: plan.Value{Rate: plan.Curve{{0, float64(1 + f%5)}}}})
	}
	for i, j := range jobs {
		e := effort(j.team, j.estimate)
		p.Activities = append(p.Activities, plan.Activity{ID: fmt.Sprint(i), Feature: fmt.Sprint(j.feature), Modes: []plan.Mode{{Demands: []plan.Demand{{Pool: fmt.Sprint(j.team), Units: 1, Effort: &e}}}}})
		if j.after >= 0 {
			p.Links = append(p.Links, plan.Link{From: fmt.Sprint(j.after), To: fmt.Sprint(i)})
		}
	}
	return p
}

func finishes(t *testing.T, p *plan.Problem, planned *plan.Plan, draws int, seed uint64) [][]float64 {
	t.Helper()
	out, err := plan.Finishes(p, planned, draws, seed)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// In worlds whose teams have habits of their own, whose scope grows and whose releases have
// good and bad luck in common, forecasts from what was known before say what happens, and
// do so better than the plan's own dates, than mean throughput, and than a simulation that
// takes estimates at their word and work as independent.
func TestForecastsOfAWorldAreCalibrated(t *testing.T) {
	const worlds, releases, firstScored, draws = 50, 9, 4, 300
	var checked, plain []track.Checked
	baselines := map[string]float64{}
	ours := 0.0
	var gain []float64 // of each release, over the plain simulation
	for seed := range uint64(worlds) {
		w := newWorld(seed)
		for number := range releases {
			jobs, features := w.release()
			// The plan is made with estimates as they are.
			estimated := func(_ int, e float64) plan.Effort {
				return plan.Effort{P10: e * math.Exp(-0.45), P50: e, P90: e * math.Exp(0.45)}
			}
			naive := w.problem(jobs, features, estimated, plan.Uncertainty{})
			planned, err := plan.Solve(t.Context(), naive, plan.SolveOptions{Evaluations: 40, Workers: 1})
			if err != nil {
				t.Fatal(err)
			}
			var order []int
			for i := range jobs {
				order = append(order, i)
			}
			slices.SortStableFunc(order, func(a, b int) int { return planned.Activities[a].Start - planned.Activities[b].Start })
			if number < firstScored {
				w.play(jobs, features, order, number)
				continue
			}
			overrun, err := track.LearnOverrun(w.spent, w.day.AddDate(0, number, 0))
			if err != nil {
				t.Fatal(err)
			}
			grew := 0
			for _, n := range w.grew {
				grew += n
			}
			u := plan.Uncertainty{Growth: float64(grew) / float64(len(w.grew)), GrowthSize: worldGrowth}
			u.Global, u.Shared = overrun.Common()
			p := w.problem(jobs, features, func(team int, e float64) plan.Effort { return overrun.Effort(fmt.Sprint(team), e) }, u)
			said, naively := finishes(t, p, planned, draws, seed), finishes(t, naive, planned, draws, seed)
			rate := 0.0
			for _, r := range w.rates {
				rate += r / float64(len(w.rates))
			}
			actual := w.play(jobs, features, order, number)
			inOrder := make([]int, features)
			for f := range inOrder {
				inOrder[f] = f
			}
			slices.SortStableFunc(inOrder, func(a, b int) int { return planned.Features[a].Finish - planned.Features[b].Finish })
			before := ours - baselines["plain simulation"]
			for k, f := range inOrder {
				checked = append(checked, track.Checked{Draws: said[f], Actual: actual[f]})
				plain = append(plain, track.Checked{Draws: naively[f], Actual: actual[f]})
				ours += track.CRPS(said[f], actual[f])
				baselines["plain simulation"] += track.CRPS(naively[f], actual[f])
				baselines["planned date"] += math.Abs(float64(planned.Features[f].Finish) - actual[f])
				baselines["mean throughput"] += math.Abs(float64(k+1)/rate - actual[f])
			}
			gain = append(gain, (ours-baselines["plain simulation"]-before)/float64(features))
		}
	}
	c, err := track.Calibrate(checked)
	if err != nil {
		t.Fatal(err)
	}
	independent, err := track.Calibrate(plain)
	if err != nil {
		t.Fatal(err)
	}
	n, best := float64(len(checked)), math.Inf(1)
	for name, x := range baselines {
		t.Logf("%s: track.CRPS %.2f periods", name, x/n)
		best = min(best, x)
	}
	p50, p85 := c.Cover[2].Actual, c.Cover[4].Actual
	t.Logf("forecast: CRPS %.2f periods, %.0f %% below the best of them; of %d features P50 covers %.1f %%, P85 %.1f %%, P95 %.1f %%; plain simulation: P85 covers %.1f %%",
		ours/n, 100*(1-ours/best), c.Forecasts, 100*p50, 100*p85, 100*c.Cover[5].Actual, 100*independent.Cover[4].Actual)
	if p50 < 0.45 || p50 > 0.55 || p85 < 0.80 || p85 > 0.90 {
		t.Errorf("P50 covers %.3f, P85 %.3f", p50, p85)
	}
	if best != baselines["plain simulation"] {
		t.Error("the plain simulation is not the best baseline any more")
	}
	d := track.Bootstrap(gain)
	t.Logf("over %d releases: CRPS less that of the plain simulation %.2f [%.2f, %.2f]", len(gain), d.Mean, d.Low, d.High)
	if ours > 0.9*best || d.High >= 0 {
		t.Errorf("CRPS %.2f, the best baseline has %.2f", ours/n, best/n)
	}
}
