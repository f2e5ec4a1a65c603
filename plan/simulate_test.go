package plan

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/throughline-pm/throughline/plan/chance"
)

// planned makes a problem like that of a product organisation, and a plan of it.
func planned(t testing.TB, o GenerateOptions) (*Problem, *Plan) {
	t.Helper()
	p, err := Generate(o)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := Solve(t.Context(), p, SolveOptions{Evaluations: 1000, Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	return p, plan
}

// certain takes all uncertainty out of a problem.
func certain(p *Problem) {
	p.Uncertainty, p.Risks = Uncertainty{}, nil
	for i := range p.Activities {
		for j := range p.Activities[i].Modes {
			for k := range p.Activities[i].Modes[j].Demands {
				if d := &p.Activities[i].Modes[j].Demands[k]; d.Effort != nil {
					m := math.Ceil(d.Effort.Median()/float64(d.Units)) * float64(d.Units)
					d.Effort = &Effort{P10: m, P50: m, P90: m}
				}
			}
		}
	}
}

// one is a problem of one feature with work in a row, each on a pool of its own.
func one(horizon int, efforts ...Effort) (*Problem, *Plan) {
	p := &Problem{
		Horizon: horizon, ValueHorizon: 10 * horizon,
		Features: []Feature{{ID: "F", Value: Value{Lump: 100}}},
		Releases: []Release{{ID: "R1", CutOff: horizon / 2, GoLive: horizon / 2}, {ID: "R2", CutOff: horizon, GoLive: horizon}},
	}
	plan := &Plan{Features: []PlannedFeature{{Feature: "F", Release: "R1"}}}
	at := 0
	for i, e := range efforts {
		pool, id := fmt.Sprintf("P%d", i), fmt.Sprintf("A%d", i)
		p.Pools = append(p.Pools, Pool{ID: pool, Capacity: 1})
		p.Activities = append(p.Activities, Activity{ID: id, Feature: "F", Modes: []Mode{{Demands: []Demand{{Pool: pool, Units: 1, Effort: &e}}}}})
		if i > 0 {
			p.Links = append(p.Links, Link{From: fmt.Sprintf("A%d", i-1), To: id})
		}
		end := at + int(math.Ceil(e.Median()))
		plan.Activities = append(plan.Activities, PlannedActivity{Activity: id, Start: at, Finish: end})
		at = end
	}
	plan.Makespan = at
	return p, plan
}

func simulated(t testing.TB, p *Problem, plan *Plan, o SimulateOptions) *Forecast {
	t.Helper()
	f, err := Simulate(t.Context(), p, plan, o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// Without uncertainty every course is the plan, with nothing later than planned.
func TestCertainPlansAreKept(t *testing.T) {
	for seed := range uint64(6) {
		p, err := Generate(GenerateOptions{Seed: seed, Features: 30, Pools: 4, Releases: 6, People: 12 * int(seed%2), Plain: seed%3 == 0})
		if err != nil {
			t.Fatal(err)
		}
		certain(p)
		plan, err := Solve(t.Context(), p, SolveOptions{Evaluations: 400, Workers: 1})
		if err != nil {
			t.Fatal(err)
		}
		f := simulated(t, p, plan, SimulateOptions{Draws: 3})
		finish := map[string]int{}
		for _, a := range plan.Activities {
			finish[a.Activity] = a.Finish
		}
		if len(f.Activities) != len(plan.Activities) || len(f.Activities) == 0 {
			t.Errorf("seed %d: %d activities of %d", seed, len(f.Activities), len(plan.Activities))
		}
		for _, a := range f.Activities {
			if a.Finish.P10 != a.Finish.P95 || a.Finish.P95 > finish[a.Activity] {
				t.Errorf("seed %d: %s ends at %d, planned at %d", seed, a.Activity, a.Finish.P95, finish[a.Activity])
			}
		}
		same := true
		for i, x := range f.Features {
			if x.Planned != plan.Features[i].Release {
				t.Errorf("seed %d: %s is planned in %q, forecast says %q", seed, x.Feature, plan.Features[i].Release, x.Planned)
			}
			if x.Planned == "" {
				continue
			}
			k := slices.IndexFunc(p.Releases, func(r Release) bool { return r.ID == x.Planned })
			if x.OnTime.Chance != 1 || x.OnTime.StandardError != 0 {
				t.Errorf("seed %d: %s makes its release with %v", seed, x.Feature, x.OnTime)
			}
			same = same && (k == 0 || x.Live[k-1].Chance == 0)
		}
		if same && math.Abs(f.Value.Mean-plan.Value) > 1e-6*math.Abs(plan.Value) {
			t.Errorf("seed %d: every feature is where it is planned and the value is %v, not %v", seed, f.Value.Mean, plan.Value)
		}
		for _, d := range f.Deadlines {
			rule := p.Rules[slices.IndexFunc(p.Rules, func(r Rule) bool { return r.ID == d.Rule })]
			if rule.Penalty == 0 && d.InTime.Chance != 1 {
				t.Errorf("seed %d: the deadline %s of %s is met with %v", seed, d.Rule, d.Element, d.InTime)
			}
		}
	}
}

// The order of workers has no part in the answer, to the last bit; the seed has.
func TestAnyNumberOfWorkersSimulatesTheSame(t *testing.T) {
	p, plan := planned(t, GenerateOptions{Seed: 4, Features: 25, Pools: 4, Releases: 6, People: 8})
	p.Risks = append(p.Risks, Risk{ID: "storm", Chance: 0.3, Activities: []string{p.Activities[0].ID}, Delay: 9})
	first := simulated(t, p, plan, SimulateOptions{Draws: 700, Seed: 5, Workers: 1})
	pair := func(workers int) *Comparison {
		c, err := Compare(t.Context(), p, plan, p, plan, SimulateOptions{Draws: 700, Workers: workers})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	firstPair := pair(1)
	for _, workers := range []int{2, 3, 8, 0} {
		if got := simulated(t, p, plan, SimulateOptions{Draws: 700, Seed: 5, Workers: workers}); !reflect.DeepEqual(got, first) {
			t.Errorf("%d workers forecast %+v, one %+v", workers, got.Makespan, first.Makespan)
		}
		if got := pair(workers); !reflect.DeepEqual(got, firstPair) {
			t.Errorf("%d workers compare %+v, one %+v", workers, got, firstPair)
		}
	}
	if got := simulated(t, p, plan, SimulateOptions{Draws: 700, Seed: 6, Workers: 1}); reflect.DeepEqual(got.Makespan, first.Makespan) {
		t.Error("the seed has no part")
	}
	if firstPair.Makespan != (Shift{}) || firstPair.Value != (Shift{}) || len(firstPair.Features) == 0 || firstPair.Features[0].Finish != (Shift{}) {
		t.Errorf("a plan differs from itself: %+v", firstPair)
	}
}

// Effort meets the quantiles it is stated with, skewed or not, and samples come as often as
// they stand there.
func TestEffortMeetsItsQuantiles(t *testing.T) {
	for _, e := range []Effort{{P10: 20, P50: 40, P90: 80}, {P10: 30, P50: 40, P90: 120}} {
		p, plan := one(400, e)
		f := simulated(t, p, plan, SimulateOptions{Draws: 40_000})
		d := f.Makespan
		for _, x := range [][2]float64{{float64(d.P10), e.P10}, {float64(d.P50), e.P50}, {float64(d.P90), e.P90}} {
			if math.Abs(x[0]-x[1]) > 0.02*x[1]+1 { // dates are told in whole periods
				t.Errorf("%+v: a quantile of %v, want %v", e, x[0], x[1])
			}
		}
		if a := f.Activities[0]; a.Criticality != 1 || a.Cruciality < 0.999 {
			t.Errorf("the only work: %+v", a)
		}
	}
	p, plan := one(400, Effort{Samples: []float64{10, 20, 30, 100}})
	f := simulated(t, p, plan, SimulateOptions{Draws: 20_000})
	if d := f.Makespan; math.Abs(d.Mean-40) > 1 || d.P10 != 10 || d.P95 != 100 {
		t.Errorf("samples: %+v", d)
	}
	// The work makes the first release, at 200, in all courses but those of the longest.
	p, plan = one(60, Effort{Samples: []float64{10, 20, 31, 100}})
	f = simulated(t, p, plan, SimulateOptions{Draws: 20_000})
	x := f.Features[0]
	if math.Abs(x.OnTime.Chance-0.5) > 0.015 || math.Abs(x.Live[1].Chance-0.75) > 0.015 || math.Abs(x.OnTime.StandardError-math.Sqrt(0.25/20_000)) > 1e-4 {
		t.Errorf("live with %+v", x.Live)
	}
	if math.Abs(f.Value.Mean-75) > 1.5 || f.Releases[0].Whole != x.OnTime || f.Releases[1].Planned != 0 {
		t.Errorf("value %+v, releases %+v", f.Value, f.Releases)
	}
}

// What activities have in common is the share of variance that is stated.
func TestDependence(t *testing.T) {
	var efforts []Effort
	for range 3 {
		efforts = append(efforts, Effort{P10: 50, P50: 100, P90: 200})
	}
	p, plan := one(3000, efforts...)
	p.Uncertainty = Uncertainty{Global: 0.2, Shared: 0.3}
	p.Activities[1].Modes[0].Demands[0].Pool = "P0"
	s, err := newSimulation(p, plan, 1)
	if err != nil {
		t.Fatal(err)
	}
	c := s.newCourse()
	const n = 20_000
	rows := [3][]float64{}
	for draw := range n {
		c.run(uint64(draw))
		for i := range rows {
			rows[i] = append(rows[i], math.Log(float64(c.duration[i])))
		}
	}
	of := func(a, b []float64) float64 {
		ma, mb, ab, aa, bb := 0.0, 0.0, 0.0, 0.0, 0.0
		for i := range a {
			ma, mb = ma+a[i]/n, mb+b[i]/n
		}
		for i := range a {
			ab, aa, bb = ab+(a[i]-ma)*(b[i]-mb), aa+(a[i]-ma)*(a[i]-ma), bb+(b[i]-mb)*(b[i]-mb)
		}
		return ab / math.Sqrt(aa*bb)
	}
	if got := of(rows[0], rows[1]); math.Abs(got-0.5) > 0.03 {
		t.Errorf("in one pool: correlation %.3f, want 0.5", got)
	}
	if got := of(rows[0], rows[2]); math.Abs(got-0.2) > 0.03 {
		t.Errorf("in two pools: correlation %.3f, want 0.2", got)
	}
}

func TestRisksGrowthAndLeave(t *testing.T) {
	sure := Effort{P10: 100, P50: 100, P90: 100}
	mean := func(change func(*Problem)) float64 {
		p, plan := one(1000, sure)
		change(p)
		return simulated(t, p, plan, SimulateOptions{Draws: 20_000}).Makespan.Mean
	}
	for name, c := range map[string]struct {
		change func(*Problem)
		want   float64
	}{
		"nothing": {func(*Problem) {}, 100},
		"risk": {func(p *Problem) {
			p.Risks = []Risk{{ID: "r", Chance: 0.25, Activities: []string{"A0"}, Factor: 2, Delay: 12}}
		}, 100 + 0.25*112},
		"growth": {func(p *Problem) { p.Uncertainty = Uncertainty{Growth: 0.7, GrowthSize: 0.2} }, 100 * (1 + 0.7*0.2)},
		// 1/(1-x) is convex, so the mean is a little above 100/0.9.
		"leave": {func(p *Problem) { p.Uncertainty = Uncertainty{Leave: 0.1} }, 111.5},
		"spread": {func(p *Problem) {
			p.Uncertainty = Uncertainty{Spread: 2}
			p.Activities[0].Modes[0].Demands[0].Effort = nil
			p.Activities[0].Modes[0].Duration = 1
		}, math.Exp(2)},
	} {
		if got := mean(c.change); math.Abs(got-c.want) > 0.01*c.want {
			if name != "spread" || math.Abs(got-c.want) > 0.1*c.want {
				t.Errorf("%s: mean %.2f, want %.2f", name, got, c.want)
			}
		}
	}
	p, plan := one(1000, sure)
	p.Risks = []Risk{{ID: "r", Chance: 0.25, Activities: []string{"A0"}, Delay: 40}}
	f := simulated(t, p, plan, SimulateOptions{Draws: 4000})
	if !slices.Contains(f.Tornado, Bar{Risk: "r", Low: 100, High: 140}) {
		t.Errorf("tornado %+v", f.Tornado)
	}
}

// An activity, a pool or a risk that is added takes no draw from another.
func TestAddingLeavesOtherDrawsAlone(t *testing.T) {
	p, plan := one(1000, Effort{P10: 5, P50: 10, P90: 30}, Effort{P10: 5, P50: 10, P90: 30})
	p.Uncertainty = Uncertainty{Global: 0.2, Shared: 0.2, Growth: 0.5, GrowthSize: 0.3, Leave: 0.05}
	durations := func() map[string][]int32 {
		s, err := newSimulation(p, plan, 3)
		if err != nil {
			t.Fatal(err)
		}
		c := s.newCourse()
		out := map[string][]int32{}
		for draw := range uint64(50) {
			c.run(draw)
			for i := range s.work {
				id := p.Activities[s.work[i].act].ID
				out[id] = append(out[id], c.duration[i])
			}
		}
		return out
	}
	before := durations()
	q, more := one(1000, Effort{P10: 1, P50: 2, P90: 3})
	q.Activities[0].ID, q.Activities[0].Feature, q.Activities[0].Modes[0].Demands[0].Pool = "new", "", "new"
	p.Pools = append([]Pool{{ID: "new", Capacity: 2}}, p.Pools...)
	p.Activities = append(q.Activities, p.Activities...)
	p.Risks = []Risk{{ID: "r", Chance: 1, Activities: []string{"new"}}}
	more.Activities[0].Activity = "new"
	plan.Activities = append(more.Activities, plan.Activities...)
	after := durations()
	if len(after) != len(before)+1 {
		t.Fatalf("%d activities, before %d", len(after), len(before))
	}
	for id, row := range before {
		if !slices.Equal(row, after[id]) {
			t.Errorf("%s took %v and now takes %v", id, row[:5], after[id][:5])
		}
	}
}

// In every course pools, people and limits bear what they are given in every tick, and
// links and moments hold.
func TestCoursesKeepToCapacityAndLinks(t *testing.T) {
	for seed := range uint64(5) {
		p, plan := planned(t, GenerateOptions{Seed: 20 + seed, Features: 20, Pools: 3, Releases: 5, People: 6 * int(seed%2)})
		s, err := newSimulation(p, plan, seed)
		if err != nil {
			t.Fatal(err)
		}
		c := s.newCourse()
		for draw := range uint64(20) {
			c.run(draw)
			end := c.makespan
			for r := range s.lines {
				used := make([]int32, end+1)
				for _, w := range s.users[r] {
					for _, d := range s.work[w].takes {
						if d.resource == r {
							for at := c.start[w]; at < c.finish[w]; at++ {
								used[at] += d.units
							}
						}
					}
				}
				row := s.m.row(s.m.supply, r)
				for at, n := range used {
					if there := row[min(at/tick, len(row)-1)]; n > there {
						t.Fatalf("seed %d, draw %d: %s bears %d at %.2f, there is %d", seed, draw, s.m.supplyID[r], n, float64(at)/tick, there)
					}
				}
			}
			at := map[string]int{}
			for i := range s.work {
				at[p.Activities[s.work[i].act].ID] = i
				if c.finish[i]-c.start[i] != c.duration[i] || c.duration[i] < 0 || c.start[i] < 0 {
					t.Fatalf("seed %d, draw %d: from %d to %d in %d", seed, draw, c.start[i], c.finish[i], c.duration[i])
				}
			}
			for _, l := range p.Links {
				i, ok1 := at[l.From]
				j, ok2 := at[l.To]
				if !ok1 || !ok2 {
					continue
				}
				from, to := c.start[i], c.start[j]
				if l.Sort == FinishStart || l.Sort == FinishFinish {
					from = c.finish[i]
				}
				if l.Sort == FinishFinish || l.Sort == StartFinish {
					to = c.finish[j]
				}
				if to < from+int32(l.Lag*tick) {
					t.Fatalf("seed %d, draw %d: link %+v: %d to %d", seed, draw, l, from, to)
				}
			}
			for i := range s.features {
				for _, g := range s.m.features[i].requires {
					if c.live[i] < c.live[g] {
						t.Fatalf("seed %d, draw %d: a feature is live before one it requires", seed, draw)
					}
				}
				if k := int(c.live[i]); k < len(p.Releases) && c.ready[i] > int32((p.Releases[k].CutOff-p.Releases[k].Stabilisation)*tick) {
					t.Fatalf("seed %d, draw %d: a feature is live with a release it does not make", seed, draw)
				}
			}
		}
	}
}

// The fit of the timeline is the first moment that trying every moment finds.
func TestTimeline(t *testing.T) {
	r := chance.New(1)
	for range 300 {
		row := make([]int32, 8)
		for i := range row {
			row[i] = int32(r.IntN(5))
		}
		row[7] = 4
		from := newTimeline(row)
		from.least = 1
		const n = 30
		line := from.holding(n)
		line.reset(&from)
		free := make([]int32, 200*tick)
		for at := range free {
			free[at] = row[min(at/tick, 7)]
		}
		for range n {
			est, duration, units := int32(r.IntN(9*tick)), int32(1+r.IntN(3*tick)), int32(1+r.IntN(4))
			want := est
			for at := est; at < want+duration; at++ {
				if free[at] < units {
					want = at + 1
				}
			}
			start, in, last := line.fit(est, duration, units)
			if start != want {
				t.Fatalf("fit of %d units for %d from %d: %d, want %d", units, duration, est, start, want)
			}
			line.take(start, start+duration, units, in, last)
			for at := start; at < start+duration; at++ {
				free[at] -= units
			}
		}
	}
	none := newTimeline([]int32{2, 1})
	if start, _, _ := none.fit(0, 2*tick, 2); start != never {
		t.Errorf("more than there ever is fits at %d", start)
	}
}

// Work that waits for a link or for a pool stands in the chain that leads to the end, work
// beside it does not.
func TestCriticality(t *testing.T) {
	e := Effort{P10: 40, P50: 50, P90: 60}
	p, plan := one(1000, Effort{P10: 10, P50: 10, P90: 10}, e, e)
	p.Activities[2].Modes[0].Demands[0].Pool = "P1" // of the second
	p.Links = p.Links[:1]                           // the third waits for the pool only
	p.Activities = append(p.Activities, Activity{ID: "aside", Modes: []Mode{{Duration: 20}}})
	plan.Activities = append(plan.Activities, PlannedActivity{Activity: "aside", Start: 0, Finish: 20})
	f := simulated(t, p, plan, SimulateOptions{Draws: 2000})
	for _, a := range f.Activities {
		critical, crucial := 1.0, 0.69 // two of the same kind share the variance
		switch a.Activity {
		case "aside":
			critical, crucial = 0, 0
		case "A0":
			crucial = 0
		}
		if a.Criticality != critical || math.Abs(a.Cruciality-crucial) > 0.06 {
			t.Errorf("%+v, want %v and %v", a, critical, crucial)
		}
	}
	for i, bar := range f.Tornado {
		if wide := bar.Activity == "A1" || bar.Activity == "A2"; wide != (i < 2) || wide && math.Abs(bar.High-bar.Low-22) > 4 {
			t.Errorf("tornado %+v", f.Tornado)
		}
	}
}

// Moments that rules name hold in every course, and so do releases.
func TestRulesOfMoments(t *testing.T) {
	p, plan := one(400, Effort{P10: 5, P50: 10, P90: 20}, Effort{P10: 5, P50: 10, P90: 20})
	p.Rules = []Rule{
		{ID: "wait", Sort: NotBefore, Activities: []string{"A1"}, At: 50},
		{ID: "later", Sort: InRelease, Features: []string{"F"}, Release: "R2"},
		{ID: "due", Sort: Deadline, Activities: []string{"A1"}, At: 60, Penalty: 1},
	}
	plan.Features[0].Release = "R2"
	plan.Activities[1].Start, plan.Activities[1].Finish = 50, 60
	f := simulated(t, p, plan, SimulateOptions{Draws: 4000})
	if d := f.Activities[1].Finish; d.P10 != 55 || d.P50 != 60 || d.P90 < 69 || d.P90 > 71 {
		t.Errorf("finish %+v", d)
	}
	if live := f.Features[0].Live; live[0].Chance != 0 || live[1].Chance != 1 {
		t.Errorf("live %+v", live)
	}
	if d := f.Deadlines[0]; len(f.Deadlines) != 1 || math.Abs(d.InTime.Chance-0.5) > 0.03 || d.Rule != "due" || d.Element != "A1" {
		t.Errorf("deadlines %+v", f.Deadlines)
	}
}

func TestEndedContext(t *testing.T) {
	p, plan := one(100, Effort{P10: 1, P50: 2, P90: 3})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Simulate(ctx, p, plan, SimulateOptions{}); err != context.Canceled {
		t.Errorf("error %v", err)
	}
	if _, err := Compare(ctx, p, plan, p, plan, SimulateOptions{}); err != context.Canceled {
		t.Errorf("error %v", err)
	}
	// One that ends on the way: the draws made are the first ones.
	ctx, cancel = context.WithCancel(t.Context())
	o, _ := SimulateOptions{Draws: 10_000, Workers: 3}.withDefaults()
	made := make([]bool, o.Draws)
	done := spread(ctx, o, func(int) func(int, int) {
		return func(from, to int) {
			for draw := from; draw < to; draw++ {
				made[draw] = true
				if draw == 1000 {
					cancel()
				}
			}
		}
	})
	if n := slices.Index(made, false); done < 1001 || done != n || slices.Contains(made[n:], true) {
		t.Errorf("%d draws made, the first %d without a gap", done, n)
	}
}

func TestPlansOfAnotherProblem(t *testing.T) {
	for want, spoil := range map[string]func(*Problem, *Plan){
		"A7":            func(_ *Problem, plan *Plan) { plan.Activities[0].Activity = "A7" },
		"twice":         func(_ *Problem, plan *Plan) { plan.Activities[1] = plan.Activities[0] },
		"its feature":   func(_ *Problem, plan *Plan) { plan.Activities = plan.Activities[:1] },
		`feature "G"`:   func(_ *Problem, plan *Plan) { plan.Features[0].Feature = "G" },
		`release "R9"`:  func(_ *Problem, plan *Plan) { plan.Features[0].Release = "R9" },
		`mode "fast"`:   func(_ *Problem, plan *Plan) { plan.Activities[0].Mode = "fast" },
		`person "Ada"`:  func(_ *Problem, plan *Plan) { plan.Activities[0].People = []string{"Ada"} },
		"horizon is -1": func(p *Problem, _ *Plan) { p.Horizon = -1 },
	} {
		p, plan := one(100, Effort{P10: 1, P50: 2, P90: 3}, Effort{P10: 1, P50: 2, P90: 3})
		spoil(p, plan)
		if _, err := Simulate(t.Context(), p, plan, SimulateOptions{Draws: 1}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	p, plan := one(100, Effort{P10: 1, P50: 2, P90: 3})
	if _, err := Simulate(t.Context(), p, plan, SimulateOptions{Draws: -1}); err == nil {
		t.Error("-1 draws are no error")
	}
	if f := simulated(t, &Problem{Horizon: 1}, &Plan{}, SimulateOptions{Draws: 2}); f.Makespan.P95 != 0 {
		t.Errorf("nothing to do ends at %d", f.Makespan.P95)
	}
}

func TestCourseAllocatesNothing(t *testing.T) {
	p, plan := planned(t, GenerateOptions{Seed: 1, Features: 20, Pools: 3, Releases: 5, People: 6})
	p.Risks = []Risk{{ID: "r", Chance: 0.5, Activities: []string{p.Activities[0].ID}, Delay: 3}}
	s, err := newSimulation(p, plan, 1)
	if err != nil {
		t.Fatal(err)
	}
	c := s.newCourse()
	all := s.newTally(s.newCounts(1000))
	draw := 0
	if n := testing.AllocsPerRun(300, func() {
		c.run(uint64(draw))
		all.count(c, draw)
		all.fold(1)
		draw++
	}); n != 0 {
		t.Errorf("%v allocations per draw", n)
	}
}

// A change seen on the same draws is known far better than one seen on different ones. A
// uniform change of effort moves all courses alike where capacity is even; where it drops
// for a time, work that no longer fits before the drop waits for its end, so courses jump.
func TestSameDrawsKnowDifferences(t *testing.T) {
	longer := func(p *Problem, plan *Plan) (*Problem, *Plan) {
		p = clone(t, p)
		for i := range p.Activities {
			e := p.Activities[i].Modes[0].Demands[0].Effort
			e.P10, e.P50, e.P90 = 1.02*e.P10, 1.02*e.P50, 1.02*e.P90
		}
		return p, plan
	}
	// A feature like the first one of the plan is put in after a tenth of the time.
	inserted := func(p *Problem, plan *Plan) (*Problem, *Plan) {
		p, with := clone(t, p), *plan
		of := slices.IndexFunc(plan.Features, func(f PlannedFeature) bool { return f.Release != "" })
		p.Features = append(p.Features, Feature{ID: "new", Value: p.Features[of].Value})
		with.Features = append(slices.Clone(plan.Features), PlannedFeature{Feature: "new", Release: plan.Features[of].Release})
		p.Activities = append(p.Activities, Activity{ID: "new", Feature: "new", Modes: p.Activities[0].Modes})
		with.Activities = append(slices.Clone(plan.Activities), PlannedActivity{Activity: "new", Mode: p.Activities[0].Modes[0].Name, Start: plan.Makespan / 10, Finish: plan.Makespan})
		return p, &with
	}
	p50 := func(p *Problem, plan *Plan, seed uint64) float64 {
		s, err := newSimulation(p, plan, seed)
		if err != nil {
			t.Fatal(err)
		}
		c := s.newCourse()
		ends := make([]int32, 500)
		for draw := range ends {
			c.run(uint64(draw))
			ends[draw] = c.makespan
		}
		return smoothQuantile(ends, 0.5)
	}
	const problems, seeds = 3, 8
	for _, c := range []struct {
		name   string
		even   bool
		change func(*Problem, *Plan) (*Problem, *Plan)
		cut    float64
	}{
		{"2 % more effort, even capacity", true, longer, 1000},
		{"2 % more effort, capacity with holidays", false, longer, 15},
		{"a feature inserted, even capacity", true, inserted, 20},
	} {
		var cuts []float64
		for problem := range uint64(problems) {
			p, err := Generate(GenerateOptions{Seed: 3 + problem, Features: 30, Pools: 4, Releases: 8, Plain: true})
			if err != nil {
				t.Fatal(err)
			}
			if c.even {
				for i := range p.Pools {
					p.Pools[i].Changes = nil
				}
			}
			plan, err := Solve(t.Context(), p, SolveOptions{Evaluations: 200, Workers: 1})
			if err != nil {
				t.Fatal(err)
			}
			q, after := c.change(p, plan)
			var same, other []float64
			for seed := range uint64(seeds) {
				ends := p50(q, after, seed)
				same = append(same, ends-p50(p, plan, seed))
				other = append(other, ends-p50(p, plan, seed+1000))
			}
			a, b := amounts(same), amounts(other)
			cuts = append(cuts, math.Pow(b.StandardError/a.StandardError, 2))
			d, err := Compare(t.Context(), p, plan, q, after, SimulateOptions{Draws: 500})
			if err != nil {
				t.Fatal(err)
			}
			if sd := a.StandardError * math.Sqrt(seeds); math.Abs(d.P50.Mean-a.Mean) > 5*sd || d.P50.StandardError > 5*sd {
				t.Errorf("%s: stated %+v, seen %.3f +- %.4f", c.name, d.P50, a.Mean, sd)
			}
		}
		slices.Sort(cuts)
		t.Logf("%s: variance of the difference of two P50 cut %.0f times", c.name, cuts)
		if cut := DrawsQuantile(cuts, 0.5); cut < c.cut {
			t.Errorf("%s: variance cut %.0f times, want %.0f", c.name, cut, c.cut)
		}
	}
}

// clone copies a problem by writing it down.
func clone(t testing.TB, p *Problem) *Problem {
	t.Helper()
	var text strings.Builder
	if err := p.Write(&text); err != nil {
		t.Fatal(err)
	}
	q, err := Read(strings.NewReader(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func TestThroughput(t *testing.T) {
	steady := Throughput{Done: []int{5, 5, 5, 5}}
	d, err := steady.Weeks(t.Context(), 22, SimulateOptions{Draws: 100})
	if err != nil {
		t.Fatal(err)
	}
	if d.P10 != 5 || d.P95 != 5 || d.Mean != 5 {
		t.Errorf("steady: %+v", d)
	}
	items, err := steady.Items(t.Context(), 3, SimulateOptions{Draws: 10})
	if err != nil || items[0] != 15 || items[9] != 15 {
		t.Errorf("steady: %v %v", items, err)
	}
	long := Throughput{}
	for range 20 {
		long.Done = append(long.Done, 2, 4, 9, 5)
	}
	short := Throughput{Done: long.Done[:4]}
	of := func(x Throughput) Dates {
		one, err := x.Weeks(t.Context(), 100, SimulateOptions{Draws: 5000, Workers: 1})
		if err != nil {
			t.Fatal(err)
		}
		if many, err := x.Weeks(t.Context(), 100, SimulateOptions{Draws: 5000, Workers: 4}); err != nil || many != one {
			t.Errorf("four workers forecast %+v, one %+v", many, one)
		}
		return one
	}
	a, b := of(long), of(short)
	if math.Abs(a.Mean-20.6) > 0.5 || b.P90-b.P10 <= a.P90-a.P10 {
		t.Errorf("a long past %+v, a short one %+v", a, b)
	}
	grows := Throughput{Done: long.Done, Added: make([]int, len(long.Done))}
	for i := range grows.Added {
		grows.Added[i] = 2
	}
	if g := of(grows); math.Abs(g.Mean-100.0/3) > 1.5 {
		t.Errorf("with 2 a week on top: %+v", g)
	}
	never := Throughput{Done: []int{1}, Added: []int{1}}
	if d := of(never); d.P10 != Never {
		t.Errorf("never: %+v", d)
	}
	for _, x := range []Throughput{{}, {Done: []int{-1}}, {Done: []int{1}, Added: []int{1, 2}}, {Done: []int{1}, Added: []int{-1}}} {
		if _, err := x.Weeks(t.Context(), 1, SimulateOptions{}); err == nil {
			t.Errorf("%+v is no error", x)
		}
	}
}

// cpu reports the processor time of a benchmark, which the load of the machine moves less
// than the wall clock.
func cpu(b *testing.B) func() {
	used := func() int64 {
		var r syscall.Rusage
		_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r)
		return r.Utime.Nano() + r.Stime.Nano()
	}
	from := used()
	return func() { b.ReportMetric(float64(used()-from)/float64(b.N)/1e6, "cpu-ms/op") }
}

// BenchmarkSimulate plays a plan of 300 features out, with all its figures.
func BenchmarkSimulate(b *testing.B) {
	p, plan := planned(b, GenerateOptions{Seed: 1, Features: 300, Pools: 8, Releases: 18, Fit: 0.6, Plain: true})
	b.Logf("%d activities of %d in the plan", len(plan.Activities), len(p.Activities))
	for _, draws := range []int{1000, 10_000, 100_000} {
		b.Run(fmt.Sprint(draws), func(b *testing.B) {
			defer cpu(b)()
			for b.Loop() {
				if _, err := Simulate(b.Context(), p, plan, SimulateOptions{Draws: draws}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkCompare is a what-if of 2 % more effort on the same plan.
func BenchmarkCompare(b *testing.B) {
	p, plan := planned(b, GenerateOptions{Seed: 1, Features: 300, Pools: 8, Releases: 18, Fit: 0.6, Plain: true})
	more := clone(b, p)
	for i := range more.Activities {
		e := more.Activities[i].Modes[0].Demands[0].Effort
		e.P10, e.P50, e.P90 = 1.02*e.P10, 1.02*e.P50, 1.02*e.P90
	}
	defer cpu(b)()
	for b.Loop() {
		if _, err := Compare(b.Context(), p, plan, more, plan, SimulateOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}
