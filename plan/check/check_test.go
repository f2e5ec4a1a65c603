package check_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/throughline-pm/throughline/plan"
	"github.com/throughline-pm/throughline/plan/check"
)

// given is a problem and a plan of it, worked out by hand. Without discount the worth is:
//
//	F live at 22, H at 42; G is left out
//	F: lump 100 and a rate of 2 for the 78 periods from 22 to 100, half of both   128
//	   cost of web 2 units · 4 periods · 3, of ann and bob 2 periods · 10         -44
//	   soft deadline, 2 late at 5                                                 -10
//	H: rate falling from 10 at 0 to 0 at 100, adopted over 10 periods after 42
//	   ∫ (10 - s/10) min(1, (s-42)/10) ds over 42..100:
//	   ramp ∫₀¹⁰ (5.8 - x/10) x/10 dx = 29 - 10/3, rest ∫₅₂¹⁰⁰ = 48·4.8/2         140.8666…
//	   cost of web 3·5·3                                                          -45
//	   not as in the reference                                                    -7
//	both together: lump                                                            11
//	upkeep: web 1·2·3                                                             -6
//	   soft deadline, 6 late at 0.5                                               -3
func given() (*plan.Problem, *plan.Plan) {
	five, one := 5, 1
	p := &plan.Problem{
		Horizon: 60, ValueHorizon: 100,
		Pools: []plan.Pool{{ID: "web", Capacity: 10, Changes: []plan.Step{{At: 0, Capacity: 4}, {At: 20, Capacity: 3}}, Reserve: 0.1, Cost: 3}},
		People: []plan.Person{
			{ID: "ann", Cost: 10, Skills: []plan.Skill{{Skill: "law", Level: 2}, {Skill: "sea"}}, Away: []plan.Span{{From: 0, Until: 6}}},
			{ID: "bob", Cost: 10, Skills: []plan.Skill{{Skill: "law", Level: 1, From: 2, Until: 8}, {Skill: "law", Level: 1, From: 8}}},
		},
		Features: []plan.Feature{
			{ID: "F", Value: plan.Value{Lump: 100, Rate: plan.Curve{{At: 0, Y: 2}}, Success: 0.5}},
			{ID: "G", Requires: []string{"F"}, Value: plan.Value{Lump: 1000}},
			{ID: "H", Value: plan.Value{Rate: plan.Curve{{At: 0, Y: 10}, {At: 100, Y: 0}}, Adoption: plan.Curve{{At: 0, Y: 0}, {At: 10, Y: 1}}}},
		},
		Activities: []plan.Activity{
			{ID: "f1", Feature: "F", Modes: []plan.Mode{
				{Name: "long", Duration: 9, Demands: []plan.Demand{{Pool: "web", Units: 1}}},
				{Name: "short", Demands: []plan.Demand{{Pool: "web", Units: 2, Effort: &plan.Effort{P10: 6, P50: 8, P90: 20}}}},
			}},
			{ID: "f2", Feature: "F", Modes: []plan.Mode{{Duration: 2, Demands: []plan.Demand{{Skill: "law", Units: 1}, {Skill: "law", Level: 2, Units: 1}}}}},
			{ID: "g1", Feature: "G", Modes: []plan.Mode{{Duration: 1}}},
			{ID: "h1", Feature: "H", Modes: []plan.Mode{{Demands: []plan.Demand{{Pool: "web", Units: 3, Effort: &plan.Effort{Samples: []float64{20, 4, 14.5, 15}}}}}}},
			{ID: "u", Modes: []plan.Mode{{Duration: 2, Demands: []plan.Demand{{Pool: "web", Units: 1}}}}},
		},
		Links: []plan.Link{
			{From: "f1", To: "f2", Lag: 1, Most: &five},
			{From: "f1", To: "u", Sort: plan.StartStart, Most: &one},
			{From: "f2", To: "h1", Sort: plan.FinishFinish, Lag: 5},
			{From: "u", To: "f2", Sort: plan.StartFinish, Lag: 8},
			{From: "g1", To: "f1", Lag: 50},
		},
		Releases: []plan.Release{{ID: "R1", CutOff: 12, GoLive: 22, Stabilisation: 3}, {ID: "R2", CutOff: 40, GoLive: 42}},
		Synergies: []plan.Synergy{
			{ID: "FH", Features: []string{"F", "H"}, Value: plan.Value{Lump: 11}},
			{ID: "FG", Features: []string{"F", "G"}, Value: plan.Value{Lump: 13}},
		},
		Rules: []plan.Rule{
			{ID: "soft", Sort: plan.Deadline, Features: []string{"F"}, At: 20, Penalty: 5},
			{ID: "softly", Sort: plan.Deadline, Activities: []string{"u", "g1"}, At: 1, Penalty: 3},
			{ID: "hard", Sort: plan.Deadline, Features: []string{"H"}, Activities: []string{"f2", "g1"}, At: 42},
			{ID: "in", Sort: plan.InRelease, Features: []string{"F"}, Release: "R1"},
			{ID: "not", Sort: plan.NotBefore, Features: []string{"H", "G"}, Release: "R2", Activities: []string{"h1", "g1"}, At: 15},
			{ID: "out", Sort: plan.LeftOut, Features: []string{"G"}},
			{ID: "at", Sort: plan.StartAt, Activities: []string{"u", "g1"}, At: 0},
			{ID: "way", Sort: plan.InMode, Activities: []string{"f1"}, Mode: "short"},
			{ID: "who", Sort: plan.ByPerson, Activities: []string{"f2"}, Person: "bob"},
			{ID: "either", Sort: plan.EitherOr, Features: []string{"F", "G"}},
			{ID: "apart", Sort: plan.Apart, Features: []string{"F", "G", "H"}},
			{ID: "once", Sort: plan.AtOnce, Activities: []string{"f1", "u"}, Limit: 2},
		},
		Reference: []plan.Placement{{Feature: "F", Release: "R1"}, {Feature: "G"}, {Feature: "H", Release: "R1"}}, StabilityPenalty: 7,
	}
	ramp := 29 - 10.0/3 + 48*4.8/2
	value := 128 - 24 - 40 - 10 + ramp - 45 - 7 + 11 - 6 - 3
	a := &plan.Plan{
		Features: []plan.PlannedFeature{
			{Feature: "F", Release: "R1", Finish: 8, Value: 128 - 24 - 40 - 10},
			{Feature: "G"},
			{Feature: "H", Release: "R2", Finish: 20, Value: ramp - 45 - 7},
		},
		Activities: []plan.PlannedActivity{
			{Activity: "f1", Mode: "short", Start: 0, Finish: 4},
			{Activity: "f2", Start: 6, Finish: 8, People: []string{"ann", "bob"}},
			{Activity: "h1", Start: 15, Finish: 20},
			{Activity: "u", Start: 0, Finish: 2},
		},
		Makespan: 20, Value: value, Bound: 2 * value, Gap: 0.5, Evaluations: 3,
	}
	return p, a
}

func TestPlan(t *testing.T) {
	p, a := given()
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	if found := check.Plan(p, a); len(found) > 0 {
		t.Fatalf("the plan made by hand is faulted: %v", found)
	}
	for want, spoil := range map[string]func(p *plan.Problem, a *plan.Plan){
		`plan: it tells of 2 features`:                                          func(p *plan.Problem, a *plan.Plan) { a.Features = a.Features[:2] },
		`feature "H": it stands where the problem has the feature "F"`:          func(p *plan.Problem, a *plan.Plan) { slices.Reverse(a.Features) },
		`its release "R3" is not in the problem`:                                func(p *plan.Problem, a *plan.Plan) { a.Features[0].Release = "R3" },
		`activity "x": it is not in the problem`:                                func(p *plan.Problem, a *plan.Plan) { a.Activities[0].Activity = "x" },
		`activity "f1": it is in the plan twice`:                                func(p *plan.Problem, a *plan.Plan) { a.Activities[1] = a.Activities[0] },
		`it has no mode named ""`:                                               func(p *plan.Problem, a *plan.Plan) { a.Activities[0].Mode = "" },
		`the person "eve" is not in the problem`:                                func(p *plan.Problem, a *plan.Plan) { a.Activities[1].People[0] = "eve" },
		`it runs from 15 to 61; the horizon is 60`:                              func(p *plan.Problem, a *plan.Plan) { a.Activities[2].Finish = 61 },
		`it runs from -1 to 4`:                                                  func(p *plan.Problem, a *plan.Plan) { a.Activities[0].Start = -1 },
		`activity "u": it is not done`:                                          func(p *plan.Problem, a *plan.Plan) { a.Activities = a.Activities[:3] },
		`activity "h1": it is not done`:                                         func(p *plan.Problem, a *plan.Plan) { a.Activities = slices.Delete(a.Activities, 2, 3) },
		`though the feature "F" is left out`:                                    func(p *plan.Problem, a *plan.Plan) { a.Features[0].Release = "" },
		`activity "h1": it runs for 6 periods; its mode takes 5`:                func(p *plan.Problem, a *plan.Plan) { a.Activities[2].Finish = 21 },
		`activity "f1": it runs for 4 periods; its mode takes 9`:                func(p *plan.Problem, a *plan.Plan) { a.Activities[0].Mode = "long" },
		`its makespan is 21`:                                                    func(p *plan.Problem, a *plan.Plan) { a.Makespan = 21 },
		`"f1" to "f2": the distance is 2, less than 3`:                          func(p *plan.Problem, a *plan.Plan) { p.Links[0].Lag = 3 },
		`"f1" to "f2": the distance is 2, more than 1`:                          func(p *plan.Problem, a *plan.Plan) { *p.Links[0].Most = 1 },
		`"f1" to "u": the distance is 0, less than 1`:                           func(p *plan.Problem, a *plan.Plan) { p.Links[1].Lag = 1 },
		`"f2" to "h1": the distance is 12, less than 13`:                        func(p *plan.Problem, a *plan.Plan) { p.Links[2].Lag = 13 },
		`"u" to "f2": the distance is 8, less than 9`:                           func(p *plan.Problem, a *plan.Plan) { p.Links[3].Lag = 9 },
		`pool "web": in period 0 it gives 3 units of 2.7`:                       func(p *plan.Problem, a *plan.Plan) { p.Pools[0].Changes[0].Capacity = 3 },
		`in period 17 it gives 3 units of 2.7`:                                  func(p *plan.Problem, a *plan.Plan) { p.Pools[0].Changes[1].At = 17 },
		`the person "ann" counts twice`:                                         func(p *plan.Problem, a *plan.Plan) { a.Activities[1].People[1] = "ann" },
		`the person "ann" is away from 7 to 9`:                                  func(p *plan.Problem, a *plan.Plan) { p.People[0].Away[0] = plan.Span{From: 7, Until: 9} },
		`1 people do it; it asks for 2`:                                         func(p *plan.Problem, a *plan.Plan) { a.Activities[1].People = []string{"ann"} },
		`1 people do it; it asks for 0`:                                         func(p *plan.Problem, a *plan.Plan) { a.Activities[0].People = []string{"ann"} },
		`person "bob" has none of the skills`:                                   func(p *plan.Problem, a *plan.Plan) { p.People[1].Skills[0].Until = 7 },
		`has none of the skills that are left`:                                  func(p *plan.Problem, a *plan.Plan) { p.Activities[1].Modes[0].Demands[0].Level = 2 },
		`feature "F": its finish is told as 9; it is 8`:                         func(p *plan.Problem, a *plan.Plan) { a.Features[0].Finish = 9 },
		`it is finished at 8, too late to be stable for 5 periods`:              func(p *plan.Problem, a *plan.Plan) { p.Releases[0].Stabilisation = 5 },
		`it is live before the feature "H", which it requires`:                  func(p *plan.Problem, a *plan.Plan) { p.Features[0].Requires = []string{"H"} },
		`feature "H": it is live before the feature "G"`:                        func(p *plan.Problem, a *plan.Plan) { p.Features[2].Requires = []string{"G"} },
		`rule "hard": the feature "H" is not live by 41`:                        func(p *plan.Problem, a *plan.Plan) { p.Rules[2].At = 41 },
		`rule "hard": the feature "G" is not live by 42`:                        func(p *plan.Problem, a *plan.Plan) { p.Rules[2].Features[0] = "G" },
		`rule "hard": the activity "f2" is finished at 8, later than 7`:         func(p *plan.Problem, a *plan.Plan) { p.Rules[2].At = 7 },
		`rule "in": the feature "F" does not go live with the release "R2"`:     func(p *plan.Problem, a *plan.Plan) { p.Rules[3].Release = "R2" },
		`rule "not": the feature "F" goes live before the release "R2"`:         func(p *plan.Problem, a *plan.Plan) { p.Rules[4].Features[1] = "F" },
		`rule "not": the activity "h1" starts at 15, before 16`:                 func(p *plan.Problem, a *plan.Plan) { p.Rules[4].At = 16 },
		`rule "out": the feature "F" is built`:                                  func(p *plan.Problem, a *plan.Plan) { p.Rules[5].Features[0] = "F" },
		`rule "at": the activity "u" starts at 0, not at 1`:                     func(p *plan.Problem, a *plan.Plan) { p.Rules[6].At = 1 },
		`rule "way": the activity "f1" is done in the mode "short", not "long"`: func(p *plan.Problem, a *plan.Plan) { p.Rules[7].Mode = "long" },
		`rule "who": the activity "f1" is done without the person "bob"`:        func(p *plan.Problem, a *plan.Plan) { p.Rules[8].Activities[0] = "f1" },
		`rule "either": 2 of its features are built; at most 1`:                 func(p *plan.Problem, a *plan.Plan) { p.Rules[9].Features[1] = "H" },
		`rule "apart": the features "F" and "F" go live together`:               func(p *plan.Problem, a *plan.Plan) { p.Rules[10].Features[1] = "F" },
		`rule "apart": the features "F" and "H" do not go live together`:        func(p *plan.Problem, a *plan.Plan) { p.Rules[10].Sort = plan.Together; p.Rules[10].Features[1] = "F" },
		`rule "once": 2 of its activities run in period 0; at most 1 may`:       func(p *plan.Problem, a *plan.Plan) { p.Rules[11].Limit = 1 },
		`person "bob": does the activities "f2" and "g1" at once`: func(p *plan.Problem, a *plan.Plan) {
			p.Activities[2].Feature = ""
			p.Activities[2].Modes[0].Demands = []plan.Demand{{Skill: "law", Units: 1}}
			a.Activities = slices.Insert(a.Activities, 2, plan.PlannedActivity{Activity: "g1", Start: 7, Finish: 8, People: []string{"bob"}})
		},
		`plan: its value is told as`:              func(p *plan.Problem, a *plan.Plan) { a.Value += 0.001 },
		`plan: its value is told as NaN`:          func(p *plan.Problem, a *plan.Plan) { a.Value = math.NaN() },
		`feature "F": its value is told as`:       func(p *plan.Problem, a *plan.Plan) { a.Features[0].Value -= 0.001 },
		`feature "G": its value is told as 1000;`: func(p *plan.Problem, a *plan.Plan) { a.Features[1].Value = 1000 },
		`its bound 1 is below its value`:          func(p *plan.Problem, a *plan.Plan) { a.Bound = 1 },
		`its bound NaN is below its value`:        func(p *plan.Problem, a *plan.Plan) { a.Bound = math.NaN() },
		`its gap is told as 0.4`:                  func(p *plan.Problem, a *plan.Plan) { a.Gap = 0.4 },
	} {
		p, a := given()
		spoil(p, a)
		found := check.Plan(p, a)
		if !slices.ContainsFunc(found, func(v check.Violation) bool { return strings.Contains(v.String(), want) }) {
			t.Errorf("want %s, have %v", want, found)
		}
	}
}

// With discount, value is what many small steps add up to, and cost is paid at the go-live
// or, for work of no feature, at its finish.
func TestDiscount(t *testing.T) {
	const rho = 0.01
	p := &plan.Problem{
		Horizon: 30, ValueHorizon: 300, Discount: rho,
		Pools:    []plan.Pool{{ID: "p", Capacity: 1, Cost: 10}},
		Features: []plan.Feature{{ID: "F", Value: plan.Value{Lump: 5, Rate: plan.Curve{{At: 50, Y: 3}, {At: 90.5, Y: -1}}, Adoption: plan.Curve{{At: -10, Y: 0}, {At: 70, Y: 2}}, Success: 0.25}}},
		Activities: []plan.Activity{
			{ID: "f", Feature: "F", Modes: []plan.Mode{{Duration: 4, Demands: []plan.Demand{{Pool: "p", Units: 1}}}}},
			{ID: "u", Modes: []plan.Mode{{Duration: 4, Demands: []plan.Demand{{Pool: "p", Units: 1}}}}},
		},
		Releases: []plan.Release{{ID: "R", CutOff: 20, GoLive: 25}},
		Rules:    []plan.Rule{{ID: "d", Sort: plan.Deadline, Features: []string{"F"}, At: 20, Penalty: 2}},
	}
	value := 5 * math.Exp(-rho*25)
	const steps = 2_000_000
	for i := range steps {
		h := 275.0 / steps
		s := 25 + (float64(i)+0.5)*h
		rate := 3 + (s-50)/40.5*-4
		rate = max(-1, min(3, rate))
		share := max(0, min(2, (s-25+10)/40))
		value += rate * share * math.Exp(-rho*s) * h
	}
	own := value*0.25 - 40*math.Exp(-rho*25) - 2*5*math.Exp(-rho*20)
	total := own - 40*math.Exp(-rho*8)
	a := &plan.Plan{
		Features:   []plan.PlannedFeature{{Feature: "F", Release: "R", Finish: 4, Value: own}},
		Activities: []plan.PlannedActivity{{Activity: "f", Finish: 4}, {Activity: "u", Start: 4, Finish: 8}},
		Makespan:   8, Value: total, Bound: total,
	}
	if found := check.Plan(p, a); len(found) > 0 {
		t.Error(found)
	}
	p.Releases[0].GoLive, p.ValueHorizon = 30, 30
	own = -40*math.Exp(-rho*30) - 2*10*math.Exp(-rho*20)
	total = own - 40*math.Exp(-rho*8)
	a.Features[0].Value, a.Value, a.Bound = own, total, total
	if found := check.Plan(p, a); len(found) > 0 {
		t.Errorf("live when nothing counts any more: %v", found)
	}
}
