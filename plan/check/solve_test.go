package check_test

import (
	"archive/zip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/throughline-pm/throughline/plan"
	"github.com/throughline-pm/throughline/plan/chance"
	"github.com/throughline-pm/throughline/plan/check"
)

// What the search finds keeps everything, on problems such as people have. Each of them
// has a plan, so one has to be found.
func TestPlansOfGeneratedProblems(t *testing.T) {
	for _, o := range []plan.GenerateOptions{
		{},
		{Features: 1, Pools: 1, Releases: 1},
		{Features: 5, Pools: 2, Releases: 3, People: 2},
		{Features: 40, Pools: 4, Releases: 6, People: 8},
		{Features: 40, Pools: 4, Releases: 6, Fit: 2},
		{Features: 40, Pools: 4, Releases: 6, Fit: 0.05, Plain: true},
	} {
		for seed := range uint64(5) {
			o.Seed = seed
			p, err := plan.Generate(o)
			if err != nil {
				t.Fatal(err)
			}
			a, err := plan.Solve(t.Context(), p, plan.SolveOptions{Evaluations: 40, Seed: seed, Workers: 1})
			if err != nil {
				t.Errorf("%+v: %v", o, err)
				continue
			}
			for _, v := range check.Plan(p, a) {
				t.Errorf("%+v: %v", o, v)
			}
		}
	}
}

// So it is on multi-skill projects, whose files stand beside the repository. Without them
// the test is skipped, but for the tests that everybody's changes must pass.
func TestPlansOfMultiSkillProjects(t *testing.T) {
	files, err := zip.OpenReader(filepath.Join("..", "..", "..", "shared", "data", "planning", "msrcpsp", "imopse-msrcpsp.zip"))
	if err != nil {
		if os.Getenv("CI") == "" {
			t.Skip("the multi-skill projects are not here")
		}
		t.Fatal(err)
	}
	defer files.Close()
	solved := 0
	for _, f := range files.File {
		if !strings.HasPrefix(f.Name, "Small/") || !strings.HasSuffix(f.Name, ".def") {
			continue
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		p, err := plan.ReadIMOPSE(r)
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		r.Close()
		a, err := plan.Solve(t.Context(), p, plan.SolveOptions{Evaluations: 40, Seed: 1, Workers: 1})
		if err != nil {
			t.Errorf("%s: %v", f.Name, err)
			continue
		}
		solved++
		for _, v := range check.Plan(p, a) {
			t.Errorf("%s: %v", f.Name, v)
		}
	}
	if solved == 0 {
		t.Error("there are no small ones among them")
	}
}

// So it is on small problems that have a little of everything, of which many have no plan.
func TestPlansOfWildProblems(t *testing.T) {
	solved := 0
	for seed := range uint64(1500) {
		p := wild(seed)
		if p.Validate() != nil {
			continue // its links or rules are at odds
		}
		a, err := plan.Solve(t.Context(), p, plan.SolveOptions{Evaluations: 20, Seed: seed, Workers: 1})
		if err != nil {
			if !errors.As(err, new(*plan.Infeasible)) && !errors.As(err, new(*plan.NotFound)) {
				t.Errorf("seed %d: %v", seed, err)
			}
			continue
		}
		solved++
		if found := check.Plan(p, a); len(found) > 0 {
			var text strings.Builder
			_ = p.Write(&text)
			t.Fatalf("seed %d: %v\n%s", seed, found, text.String())
		}
	}
	if solved < 300 {
		t.Errorf("%d have a plan; the test says little", solved)
	}
}

// wild makes a small problem out of all that the model has.
func wild(seed uint64) *plan.Problem {
	r := chance.New(seed)
	id := func(sort string, n int) string { return fmt.Sprintf("%s%d", sort, r.IntN(n)) }
	p := &plan.Problem{Horizon: 20 + r.IntN(30), Discount: 0.01 * float64(r.IntN(3))}
	if r.IntN(2) == 0 {
		p.ValueHorizon = p.Horizon + r.IntN(100) - 10
	}
	for i := range 2 {
		pool := plan.Pool{ID: fmt.Sprint("p", i), Capacity: 4 + r.IntN(4), Reserve: 0.1 * float64(r.IntN(3)), Cost: float64(r.IntN(3))}
		for at := r.IntN(10); at < p.Horizon; at += 1 + r.IntN(15) {
			pool.Changes = append(pool.Changes, plan.Step{At: at, Capacity: r.IntN(8)})
		}
		p.Pools = append(p.Pools, pool)
	}
	for i := range 3 {
		one := plan.Person{ID: fmt.Sprint("n", i), Cost: float64(r.IntN(4))}
		for range 1 + r.IntN(2) {
			s := plan.Skill{Skill: id("s", 2), Level: r.IntN(3)}
			if r.IntN(3) == 0 {
				s.From = r.IntN(10)
				s.Until = s.From + 1 + r.IntN(30)
			}
			one.Skills = append(one.Skills, s)
		}
		if r.IntN(2) == 0 {
			from := r.IntN(p.Horizon)
			one.Away = []plan.Span{{From: from, Until: from + 1 + r.IntN(6)}}
		}
		p.People = append(p.People, one)
	}
	const features, activities, releases = 5, 10, 3
	curve := func() (c plan.Curve) {
		for at := float64(r.IntN(20)); at < 80 && r.IntN(3) > 0; at += 0.5 + float64(r.IntN(30)) {
			c = append(c, plan.Point{At: at, Y: float64(r.IntN(8))})
		}
		return c
	}
	value := func() plan.Value {
		v := plan.Value{Lump: float64(r.IntN(60) - 10), Rate: curve(), Adoption: curve(), Success: 0.25 * float64(r.IntN(5))}
		for i := range v.Rate {
			v.Rate[i].Y -= 2
		}
		return v
	}
	for i := range features {
		f := plan.Feature{ID: fmt.Sprint("f", i), Value: value()}
		if i > 0 && r.IntN(3) == 0 {
			f.Requires = []string{id("f", i)}
		}
		p.Features = append(p.Features, f)
	}
	for i := range activities {
		a := plan.Activity{ID: fmt.Sprint("a", i)}
		if r.IntN(6) > 0 {
			a.Feature = id("f", features)
		}
		for j := range 1 + r.IntN(2) {
			m := plan.Mode{Name: fmt.Sprint("m", j), Duration: 1 + r.IntN(5)}
			switch r.IntN(4) {
			case 0:
				m.Demands = []plan.Demand{{Skill: id("s", 2), Level: r.IntN(2), Units: 1}, {Pool: id("p", 2), Units: 1}}
			case 1:
				m.Duration = 0
				m.Demands = []plan.Demand{{Pool: id("p", 2), Units: 1 + r.IntN(3), Effort: &plan.Effort{Samples: []float64{1, 2.5, 4, 9.5}[:1+r.IntN(4)]}}}
			case 2:
				m.Demands = []plan.Demand{{Skill: "s0", Units: 1}, {Skill: "s1", Level: r.IntN(2), Units: 1}}
			default:
				m.Demands = []plan.Demand{{Pool: id("p", 2), Units: 1 + r.IntN(3)}, {Pool: id("p", 2), Units: 1}}
			}
			a.Modes = append(a.Modes, m)
		}
		p.Activities = append(p.Activities, a)
	}
	sorts := []plan.LinkSort{plan.FinishStart, plan.StartStart, plan.FinishFinish, plan.StartFinish}
	for range r.IntN(8) {
		from := r.IntN(activities - 1)
		l := plan.Link{From: fmt.Sprint("a", from), To: fmt.Sprint("a", from+1+r.IntN(activities-from-1)), Sort: sorts[r.IntN(4)], Lag: r.IntN(5) - 2}
		if r.IntN(3) == 0 {
			most := l.Lag + r.IntN(10)
			l.Most = &most
		}
		p.Links = append(p.Links, l)
	}
	for i, finished, cut := 0, 0, 0; i < releases; i++ {
		finished += r.IntN((p.Horizon-2-finished)/2 + 1)
		cut = max(cut, finished+r.IntN(3))
		p.Releases = append(p.Releases, plan.Release{ID: fmt.Sprint("r", i), CutOff: cut, GoLive: cut + i, Stabilisation: cut - finished})
	}
	if r.IntN(2) == 0 {
		p.Synergies = []plan.Synergy{{ID: "y", Features: []string{"f0", "f1"}, Value: value()}, {ID: "z", Features: []string{"f1", "f2", "f4"}, Value: value()}}
	}
	two := func(sort string, n int) []string {
		a, b := id(sort, n), id(sort, n)
		if a == b {
			return []string{a}
		}
		return []string{a, b}
	}
	for i := range r.IntN(5) {
		x := plan.Rule{ID: fmt.Sprint("x", i)}
		switch r.IntN(12) {
		case 0:
			x.Sort, x.Features, x.At = plan.Deadline, two("f", features), p.Horizon/2+r.IntN(p.Horizon)
		case 1:
			x.Sort, x.Features, x.Activities, x.At, x.Penalty = plan.Deadline, two("f", features), two("a", activities), r.IntN(p.Horizon), float64(1+r.IntN(3))
		case 2:
			x.Sort, x.Activities, x.At = plan.Deadline, two("a", activities), p.Horizon/2+r.IntN(p.Horizon)
		case 3:
			x.Sort, x.Features, x.Release = plan.InRelease, two("f", features), id("r", releases)
		case 4:
			x.Sort, x.Activities, x.At, x.Features, x.Release = plan.NotBefore, two("a", activities), r.IntN(20), two("f", features), id("r", releases)
		case 5:
			x.Sort, x.Features = plan.LeftOut, two("f", features)[:1]
		case 6:
			x.Sort, x.Activities, x.At = plan.StartAt, two("a", activities)[:1], r.IntN(20)
		case 7:
			x.Sort, x.Activities, x.Mode = plan.InMode, two("a", activities)[:1], "m0"
		case 8:
			x.Sort, x.Activities, x.Person = plan.ByPerson, two("a", activities)[:1], id("n", 3)
		case 9:
			x.Sort, x.Features = plan.Together, two("f", features)
		case 10:
			x.Sort, x.Features, x.Limit = plan.EitherOr, two("f", features), r.IntN(2)
			if r.IntN(2) == 0 {
				x.Sort, x.Limit = plan.Apart, 0
			}
		case 11:
			x.Sort, x.Activities, x.Limit = plan.AtOnce, []string{"a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7"}, 1+r.IntN(2)
		}
		p.Rules = append(p.Rules, x)
	}
	if r.IntN(2) == 0 {
		p.Reference, p.StabilityPenalty = []plan.Placement{{Feature: "f0", Release: "r1"}, {Feature: "f3"}}, float64(r.IntN(20))
	}
	return p
}
