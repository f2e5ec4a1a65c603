package plan_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/throughline-pm/throughline/plan"
	"github.com/throughline-pm/throughline/plan/chance"
)

// sample is a small problem that uses every sort of element.
func sample() *plan.Problem {
	most := 9
	return &plan.Problem{
		Name: "sample", Horizon: 60, ValueHorizon: 120, Discount: 0.001,
		Pools: []plan.Pool{
			{ID: "web", Capacity: 10, Changes: []plan.Step{{At: 20, Capacity: 0}, {At: 25, Capacity: 12}}, Reserve: 0.1, Cost: 2},
			{ID: "lab", Capacity: 1},
		},
		People: []plan.Person{
			{ID: "ann", Skills: []plan.Skill{{Skill: "law", Level: 2}}, Away: []plan.Span{{From: 3, Until: 5}}, Cost: 9},
			{ID: "bob", Skills: []plan.Skill{{Skill: "law", Level: 1, Until: 50}, {Skill: "sea", From: 10, Until: 40}}},
		},
		Features: []plan.Feature{
			{ID: "F", Value: plan.Value{Lump: 100, Rate: plan.Curve{{At: 0, Y: 5}, {At: 60, Y: 1}}, Adoption: plan.Curve{{At: 0, Y: 0}, {At: 10, Y: 1}}, Success: 0.5}},
			{ID: "G", Requires: []string{"F"}, Value: plan.Value{Rate: plan.Curve{{Y: 7}}}},
			{ID: "H", Value: plan.Value{Lump: 3}},
		},
		Activities: []plan.Activity{
			{ID: "f1", Feature: "F", Modes: []plan.Mode{
				{Name: "slow", Duration: 8, Demands: []plan.Demand{{Pool: "web", Units: 2}}},
				{Name: "fast", Demands: []plan.Demand{{Pool: "web", Units: 5, Effort: &plan.Effort{P10: 10, P50: 12, P90: 30}}}},
			}},
			{ID: "f2", Feature: "F", Modes: []plan.Mode{{Duration: 3, Demands: []plan.Demand{{Skill: "law", Units: 2, Level: 1}, {Pool: "lab", Units: 1}}}}},
			{ID: "g1", Feature: "G", Modes: []plan.Mode{{Demands: []plan.Demand{{Skill: "sea", Units: 1, Effort: &plan.Effort{Samples: []float64{4, 6, 9}}}}}}},
			{ID: "h1", Feature: "H", Modes: []plan.Mode{{Duration: 5, Demands: []plan.Demand{{Pool: "web", Units: 9}}}}},
			{ID: "move", Modes: []plan.Mode{{Duration: 2}}},
		},
		Links: []plan.Link{
			{From: "f1", To: "f2", Most: &most},
			{From: "f2", To: "g1", Sort: plan.StartStart, Lag: 1},
			{From: "g1", To: "h1", Sort: plan.FinishFinish},
			{From: "move", To: "h1", Sort: plan.StartFinish, Lag: -2},
		},
		Releases: []plan.Release{
			{ID: "R1", CutOff: 20, GoLive: 22, Stabilisation: 2},
			{ID: "R2", CutOff: 40, GoLive: 42},
			{ID: "R3", CutOff: 60, GoLive: 65},
		},
		Synergies: []plan.Synergy{{ID: "FG", Features: []string{"F", "G"}, Value: plan.Value{Lump: 5}}},
		Rules: []plan.Rule{
			{ID: "soon", Sort: plan.Deadline, Features: []string{"F"}, At: 50, Penalty: 2},
			{ID: "law", Sort: plan.Deadline, Activities: []string{"move"}, At: 30, Weight: 5},
			{ID: "late", Sort: plan.NotBefore, Activities: []string{"g1"}, At: 10, Features: []string{"G"}, Release: "R2"},
			{ID: "way", Sort: plan.InMode, Activities: []string{"f1"}, Mode: "fast"},
			{ID: "who", Sort: plan.ByPerson, Activities: []string{"g1"}, Person: "bob"},
			{ID: "wip", Sort: plan.AtOnce, Activities: []string{"f1", "h1"}, Limit: 1},
			{ID: "one", Sort: plan.EitherOr, Features: []string{"G", "H"}},
			{ID: "two", Sort: plan.Apart, Features: []string{"F", "H"}},
		},
		Reference:        []plan.Placement{{Feature: "F", Release: "R1"}, {Feature: "H"}},
		StabilityPenalty: 1,
		Risks:            []plan.Risk{{ID: "storm", Chance: 0.2, Activities: []string{"move"}, Delay: 3}},
		Uncertainty:      plan.Uncertainty{Global: 0.2, Shared: 0.3, Spread: 0.4, Growth: 0.5, GrowthSize: 0.2, Leave: 0.05},
	}
}

func TestValidate(t *testing.T) {
	if err := sample().Validate(); err != nil {
		t.Fatalf("the sample is refused: %v", err)
	}
	nan, inf := math.NaN(), math.Inf(1)
	for element, cases := range map[string][]struct {
		spoil  func(p *plan.Problem)
		reason string
	}{
		"problem": {
			{func(p *plan.Problem) { p.Horizon = 0 }, "horizon is 0; it must be 1 to 100000"},
			{func(p *plan.Problem) { p.Horizon = 100_001 }, "horizon is 100001"},
			{func(p *plan.Problem) { p.ValueHorizon = -1 }, "valueHorizon is -1"},
			{func(p *plan.Problem) { p.Discount = nan }, "discount is NaN; it must be 0 to 1"},
			{func(p *plan.Problem) { p.Releases, p.Rules, p.Reference = nil, nil, nil }, "no release they could go live with"},
			{func(p *plan.Problem) { p.Activities = make([]plan.Activity, 1_000_000) }, "activities: there are 1000000, more than the 100000 there may be"},
			{func(p *plan.Problem) { p.Features = make([]plan.Feature, 20_001) }, "features: there are 20001, more"},
			{func(p *plan.Problem) { p.StabilityPenalty = inf }, "stabilityPenalty is +Inf"},
			{func(p *plan.Problem) { p.Features[0].Value.Lump, p.Features[1].Value.Lump = 9e14, -9e14 }, "count in a larger unit"},
			{func(p *plan.Problem) { p.Features[0].Value.Rate[0].Y = 1e14 }, "count in a larger unit"},
			{func(p *plan.Problem) { p.Pools[0].Cost = 1e14 }, "count in a larger unit"},
			{func(p *plan.Problem) { p.People[0].Cost = 1e15 }, "count in a larger unit"},
			{func(p *plan.Problem) { p.Rules[0].Penalty = 1e14 }, "count in a larger unit"},
			{func(p *plan.Problem) { p.Name = "\xff" }, "not UTF-8"},
		},
		`pool 1`:   {{func(p *plan.Problem) { p.Pools[0].ID = "" }, "has no ID"}},
		`pool "a"`: {{func(p *plan.Problem) { p.Pools = append(p.Pools, plan.Pool{ID: "a"}, plan.Pool{ID: "a"}) }, "is there twice, as number 3 and 4"}},
		`pool "web"`: {
			{func(p *plan.Problem) { p.Pools[0].Capacity = -1 }, "capacity is -1; it must be 0 to 30000"},
			{func(p *plan.Problem) { p.Pools[0].Reserve = 1 }, "reserve is 1"},
			{func(p *plan.Problem) { p.Pools[0].Reserve = nan }, "reserve is NaN"},
			{func(p *plan.Problem) { p.Pools[0].Cost = inf }, "cost is +Inf"},
		},
		`pool "web", change 2`: {{func(p *plan.Problem) { p.Pools[0].Changes[1].At = 20 }, "does not come after"}},
		`person "bob", skill 1`: {
			{func(p *plan.Problem) { p.People[1].Skills[0].Skill = "" }, "has no name"},
			{func(p *plan.Problem) { p.People[1].Skills[0].From = 50 }, "until 50 does not come after from 50"},
			{func(p *plan.Problem) { p.People[1].Skills[0].Level = -1 }, "level is -1"},
		},
		`person "ann", away 1`: {{func(p *plan.Problem) { p.People[0].Away[0].Until = 3 }, "does not come after"}},
		`release "R2"`: {
			{func(p *plan.Problem) { p.Releases[1].CutOff = 19 }, `before that of release "R1", 20`},
			{func(p *plan.Problem) { p.Releases[1].CutOff, p.Releases[1].GoLive = 20, 21 }, `before release "R1" at 22`},
			{func(p *plan.Problem) { p.Releases[1].GoLive = 39 }, "before its cut-off 40"},
			{func(p *plan.Problem) { p.Releases[1].Stabilisation = 23 }, `finished by 17, before what goes with release "R1", by 18`},
		},
		`release "R3"`: {{func(p *plan.Problem) { p.Releases[2].CutOff = 61 }, "after the horizon 60"}},
		`feature "G"`: {
			{func(p *plan.Problem) { p.Features[1].Requires = []string{"X"} }, `names the feature "X", which is not in the problem`},
			{func(p *plan.Problem) { p.Features[1].Requires = []string{"F", "F"} }, `names the feature "F" twice`},
			{func(p *plan.Problem) { p.Features[1].Requires = []string{"G"} }, `through "G" → "G"`},
			{func(p *plan.Problem) { p.Features[1].Value.Success = 1.5 }, "value.success is 1.5; it must be 0 to 1"},
			{func(p *plan.Problem) { p.Features[1].Value.Lump = inf }, "value.lump is +Inf"},
		},
		`feature "F"`: {{func(p *plan.Problem) { p.Features[0].Requires = []string{"H"}; p.Features[2].Requires = []string{"G"} }, `requires itself, through "F" → "H" → "G" → "F"`}},
		`feature "F", value.rate, point 2`: {
			{func(p *plan.Problem) { p.Features[0].Value.Rate[1].At = 0 }, "does not come after the point before it"},
			{func(p *plan.Problem) { p.Features[0].Value.Rate[1].Y = nan }, "y is NaN"},
			{func(p *plan.Problem) { p.Features[0].Value.Rate[1].At = inf }, "at is +Inf"},
		},
		`feature "F", value.adoption, point 1`: {{func(p *plan.Problem) { p.Features[0].Value.Adoption[0].Y = -1 }, "y is -1"}},
		`activity "f2"`: {
			{func(p *plan.Problem) { p.Activities[1].Feature = "X" }, `names the feature "X"`},
			{func(p *plan.Problem) { p.Activities[1].Modes = nil }, "has 0 modes"},
			{func(p *plan.Problem) { p.Activities[1].Modes[0].Duration = -1 }, "duration is -1"},
			{func(p *plan.Problem) { p.Activities[1].Modes[0].Duration = 0 }, "has demands and takes no time"},
		},
		`activity "f1", mode 2`: {
			{func(p *plan.Problem) { p.Activities[0].Modes[1].Name = "slow" }, `has the name "slow" of another mode`},
			{func(p *plan.Problem) {
				*p.Activities[0].Modes[1].Demands[0].Effort = plan.Effort{P10: 1, P50: 1e8, P90: 1e8}
			}, "takes more than 100000 periods"},
		},
		`activity "f1", mode 2, demand 1`: {
			{func(p *plan.Problem) { p.Activities[0].Modes[1].Demands[0].Units = 0 }, "units is 0; it must be 1 to 30000"},
			{func(p *plan.Problem) { p.Activities[0].Modes[1].Demands[0].Units = 11 }, `takes 11 units of the pool "web", which never has more than 10 to plan with`},
			{func(p *plan.Problem) { p.Pools[0].Reserve = 0.99 }, "takes 5 units of the pool \"web\", which never has more than 0"},
			{func(p *plan.Problem) { p.Activities[0].Modes[1].Demands[0].Level = 2 }, "levels are of skills"},
			{func(p *plan.Problem) { p.Activities[0].Modes[1].Demands[0].Pool = "" }, "asks for neither a pool nor a skill"},
			{func(p *plan.Problem) { p.Activities[0].Modes[1].Demands[0].Skill = "law" }, "make two demands of it"},
			{func(p *plan.Problem) { p.Activities[0].Modes[1].Demands[0].Effort.P10 = 20 }, "in increasing order"},
			{func(p *plan.Problem) { p.Activities[0].Modes[1].Demands[0].Effort.P10 = 0 }, "above 0"},
			{func(p *plan.Problem) { p.Activities[0].Modes[1].Demands[0].Effort.P90 = nan }, "above 0"},
			{func(p *plan.Problem) { p.Activities[0].Modes[1].Demands[0].Effort.Samples = []float64{1} }, "leave one of the two out"},
			{func(p *plan.Problem) { *p.Activities[0].Modes[1].Demands[0].Effort = plan.Effort{} }, "effort says nothing"},
		},
		`activity "g1", demand 1`: {{func(p *plan.Problem) { p.Activities[2].Modes[0].Demands[0].Effort.Samples[1] = 0 }, "sample 2 is 0"}},
		`activity "f2", demand 1`: {
			{func(p *plan.Problem) { p.Activities[1].Modes[0].Demands[0].Units = 3 }, `asks for 3 people with the skill "law" at level 1 or above; the problem has 2`},
			{func(p *plan.Problem) { p.Activities[1].Modes[0].Demands[0].Level = 2 }, "the problem has 1"},
			{func(p *plan.Problem) { p.Activities[1].Modes[0].Demands[0].Skill = "war" }, "the problem has 0"},
		},
		`activity "f2", demand 2`: {{func(p *plan.Problem) { p.Pools[1].Capacity = 0 }, "never has more than 0"}},
		`link 1`: {
			{func(p *plan.Problem) { p.Links[0].From = "X" }, `names the activity "X"`},
			{func(p *plan.Problem) { p.Links[0].To = "" }, "names no activity"},
		},
		`link 1 from "f1" to "f1"`: {{func(p *plan.Problem) { p.Links[0].To = "f1" }, "to itself"}},
		`link 1 from "f1" to "f2"`: {
			{func(p *plan.Problem) { p.Links[0].Sort = "start" }, `its sort is "start"`},
			{func(p *plan.Problem) { p.Links[0].Lag = 10 }, "its most, 9, is less than its lag, 10"},
			{func(p *plan.Problem) { p.Links[0].Lag = -100_001 }, "lag is -100001"},
		},
		`activity "f2"` + " ": {{func(p *plan.Problem) { p.Links[1].To = "f1" }, `would have to start 4 periods after itself, by the links between "f2" → "f1" → "f2"`}},
		`synergy "FG"`:        {{func(p *plan.Problem) { p.Synergies[0].Features = []string{"F"} }, "names 1 features"}},
		`rule "soon"`: {
			{func(p *plan.Problem) { p.Rules[0].Sort = "soon" }, `its sort "soon" is not known; write apart, at-once,`},
			{func(p *plan.Problem) { p.Rules[0].Limit = 2 }, "does not read limit"},
			{func(p *plan.Problem) { p.Rules[0].Features = nil }, "needs features or activities"},
			{func(p *plan.Problem) { p.Rules[0].Features = []string{"f1"} }, `names the feature "f1"`},
			{func(p *plan.Problem) { p.Rules[0].Penalty = -1 }, "penalty is -1"},
			{func(p *plan.Problem) { p.Rules[0].Weight = nan }, "weight is NaN"},
		},
		`rule "late"`: {
			{func(p *plan.Problem) { p.Rules[2].Release = "" }, "names features and no release"},
			{func(p *plan.Problem) { p.Rules[2].Features = nil }, "names a release and no features"},
			{func(p *plan.Problem) { p.Rules[2].Activities = nil }, "names a moment and no activities"},
			{func(p *plan.Problem) { p.Rules[2].Release = "R9" }, `names the release "R9"`},
		},
		`rule "way"`: {
			{func(p *plan.Problem) { p.Rules[3].Mode = "" }, "needs mode"},
			{func(p *plan.Problem) { p.Rules[3].Mode = "odd" }, `the activity "f1" has no mode named "odd"`},
		},
		`rule "who"`: {{func(p *plan.Problem) { p.Rules[4].Person = "ann" }, `no mode of the activity "g1" asks for a skill that the person "ann" has`}},
		`rule "wip"`: {{func(p *plan.Problem) { p.Rules[5].Limit = 0 }, "needs limit"}},
		`rule "one"`: {{func(p *plan.Problem) { p.Rules[6].Features = []string{"G"} }, "name another"}},
		"reference, placement 2": {
			{func(p *plan.Problem) { p.Reference[1].Feature = "F" }, "has a placement before"},
			{func(p *plan.Problem) { p.Reference[1].Release = "X" }, `names the release "X"`},
		},
		`risk "storm"`: {
			{func(p *plan.Problem) { p.Risks[0].Chance = 2 }, "chance is 2"},
			{func(p *plan.Problem) { p.Risks[0].Activities = nil }, "names no activities"},
			{func(p *plan.Problem) { p.Risks[0].Factor = nan }, "factor is NaN"},
		},
		"uncertainty": {
			{func(p *plan.Problem) { p.Uncertainty.Shared = 0.9 }, "more than the whole variance"},
			{func(p *plan.Problem) { p.Uncertainty.Leave = 1 }, "leave is 1"},
			{func(p *plan.Problem) { p.Uncertainty.Spread = nan }, "spread is NaN"},
		},
	} {
		for _, c := range cases {
			p := sample()
			c.spoil(p)
			var faults plan.Faults
			if !errors.As(p.Validate(), &faults) {
				t.Errorf("%s %s: nothing is wrong", element, c.reason)
				continue
			}
			if !slices.ContainsFunc(faults, func(f plan.Fault) bool {
				return f.Element == strings.TrimSpace(element) && strings.Contains(f.Reason, c.reason)
			}) {
				t.Errorf("%s: want %s, have:\n%v", element, c.reason, faults)
			}
		}
	}
}

// All faults are told, up to a number of them.
func TestValidateTellsAll(t *testing.T) {
	p := sample()
	p.Horizon, p.Pools[1].Capacity, p.Risks[0].Chance = -1, -2, -3
	if err := p.Validate(); strings.Count(err.Error(), "\n") < 2 || !strings.Contains(err.Error(), `risk "storm": chance is -3`) {
		t.Errorf("not all is told: %v", err)
	}
	p.Features = make([]plan.Feature, 20_000)
	var faults plan.Faults
	if !errors.As(p.Validate(), &faults) || len(faults) != plan.MaxFaults {
		t.Errorf("%d faults of 20,000 features without an ID, want %d", len(faults), plan.MaxFaults)
	}
}

// Links that no plan can keep are found exactly when there is a cycle of positive length,
// by the distances of all pairs (Floyd and Warshall).
func TestImpossibleCycles(t *testing.T) {
	sorts := []plan.LinkSort{plan.FinishStart, plan.StartStart, plan.FinishFinish, plan.StartFinish}
	bad := 0
	for seed := range uint64(3000) {
		r := chance.New(seed)
		n := 2 + r.IntN(5)
		p := &plan.Problem{Horizon: 50}
		var d [7][7]int
		for i := range n {
			p.Activities = append(p.Activities, plan.Activity{ID: fmt.Sprint(i), Modes: []plan.Mode{{Duration: r.IntN(4)}}})
			for j := range n {
				d[i][j] = -1000
			}
		}
		for range r.IntN(2 * n) {
			i, j := r.IntN(n), r.IntN(n)
			if i == j {
				continue
			}
			l := plan.Link{From: fmt.Sprint(i), To: fmt.Sprint(j), Sort: sorts[r.IntN(4)], Lag: r.IntN(7) - 4}
			off := 0
			if l.Sort == plan.FinishStart || l.Sort == plan.FinishFinish {
				off += p.Activities[i].Modes[0].Duration
			}
			if l.Sort == plan.StartFinish || l.Sort == plan.FinishFinish {
				off -= p.Activities[j].Modes[0].Duration
			}
			d[i][j] = max(d[i][j], off+l.Lag)
			if r.IntN(2) == 0 {
				most := l.Lag + r.IntN(4)
				l.Most = &most
				d[j][i] = max(d[j][i], -(off + most))
			}
			p.Links = append(p.Links, l)
		}
		for k := range n {
			for i := range n {
				for j := range n {
					if d[i][k] > -500 && d[k][j] > -500 {
						d[i][j] = max(d[i][j], d[i][k]+d[k][j])
					}
				}
			}
		}
		want := false
		for i := range n {
			want = want || d[i][i] > 0
		}
		err := p.Validate()
		if (err != nil) != want {
			t.Fatalf("seed %d: impossible %t, but %v", seed, want, err)
		}
		if want {
			bad++
			if !strings.Contains(err.Error(), "periods after itself") || strings.Contains(err.Error(), " 0 periods") || strings.Contains(err.Error(), " -") {
				t.Fatalf("seed %d: %v", seed, err)
			}
		}
	}
	if bad < 300 || bad > 2700 {
		t.Errorf("%d of 3000 are impossible; the test says little", bad)
	}
}

// A chain as long as may be, linked from its end, is looked through without delay.
func TestLongChain(t *testing.T) {
	p := &plan.Problem{Horizon: 1}
	for i := range plan.MaxActivities {
		p.Activities = append(p.Activities, plan.Activity{ID: fmt.Sprint(i), Modes: []plan.Mode{{Duration: 1}}})
		if i > 0 {
			most := -5
			p.Links = append(p.Links, plan.Link{From: fmt.Sprint(i - 1), To: fmt.Sprint(i), Lag: -10, Most: &most})
		}
	}
	if err := p.Validate(); err != nil {
		t.Error(err)
	}
}

func FuzzValidate(f *testing.F) {
	text, err := json.Marshal(sample())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"horizon":5,"features":[{"id":"a"}],"rules":[{"id":"r","sort":"deadline","features":["a"],"at":1}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		p := &plan.Problem{}
		if json.Unmarshal(text, p) != nil {
			return
		}
		if err := p.Validate(); err != nil {
			if err.Error() == "" {
				t.Error("a fault without words")
			}
			return
		}
		for i := range p.Activities {
			if len(p.Activities[i].Modes) == 0 {
				t.Error("an activity without modes is valid")
			}
		}
	})
}
