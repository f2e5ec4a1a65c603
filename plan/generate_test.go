package plan_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/throughline-pm/throughline/plan"
	"github.com/throughline-pm/throughline/plan/check"
)

// shapes are options of many kinds.
func shapes() []plan.GenerateOptions {
	return []plan.GenerateOptions{
		{},
		{Features: 1, Pools: 1, Releases: 1},
		{Features: 5, Pools: 2, Releases: 3, People: 2},
		{Features: 40, Pools: 4, Releases: 6, People: 8},
		{Features: 40, Pools: 4, Releases: 6, Fit: 0.05},
		{Features: 40, Pools: 4, Releases: 6, Fit: 2, People: 3},
		{Features: 100, Pools: 3, Releases: 24},
		{Features: 300, Pools: 8, Releases: 12, People: 30},
		{Features: 30, Pools: 3, Plain: true},
	}
}

// A generated problem is valid, and the plan it was made around keeps all its rules.
func TestGenerate(t *testing.T) {
	rules := map[plan.RuleSort]int{}
	for _, o := range shapes() {
		for seed := range uint64(20) {
			o.Seed = seed
			p, a, err := plan.GenerateWithPlan(o)
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Validate(); err != nil {
				t.Fatalf("%+v: %v", o, err)
			}
			for _, v := range check.Plan(p, a) {
				if !strings.Contains(v.Reason, "is told as") { // the value of this plan is nobody's business
					t.Errorf("%+v: %v", o, v)
				}
			}
			for _, r := range p.Rules {
				rules[r.Sort]++
			}
			if o.Plain && len(p.Rules)+len(p.Synergies) > 0 {
				t.Errorf("%+v: not plain", o)
			}
		}
	}
	for _, sort := range []plan.RuleSort{plan.Deadline, plan.InRelease, plan.NotBefore, plan.LeftOut, plan.Together, plan.Apart, plan.EitherOr} {
		if rules[sort] < 10 {
			t.Errorf("%d rules %s in all", rules[sort], sort)
		}
	}
}

// With the usual fit, three fifths to four fifths of the work find a place when taken as
// they come.
func TestGeneratedWorkThatFits(t *testing.T) {
	for seed := range uint64(5) {
		p, a, err := plan.GenerateWithPlan(plan.GenerateOptions{Features: 300, Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		if share := float64(len(a.Activities)) / float64(len(p.Activities)); share < 0.5 || share > 0.8 {
			t.Errorf("seed %d: %.2f of the activities fit", seed, share)
		}
	}
}

func TestGenerateAgain(t *testing.T) {
	text := func(seed uint64) string {
		p, err := plan.Generate(plan.GenerateOptions{Seed: seed, People: 5})
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := p.Write(&b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	if first, second := text(7), text(7); first != second {
		t.Error("one seed gives two problems")
	}
	if text(7) == text(8) {
		t.Error("two seeds give one problem")
	}
}

func TestGenerateRefuses(t *testing.T) {
	for _, o := range []plan.GenerateOptions{{Features: -1}, {Features: 20_001}, {Pools: 1001}, {Releases: 501}, {People: 5001}, {Fit: -1}, {Fit: 3}} {
		if _, err := plan.Generate(o); err == nil {
			t.Errorf("%+v is made", o)
		}
	}
}

func BenchmarkGenerate(b *testing.B) {
	for _, n := range []int{60, 300, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				if _, err := plan.Generate(plan.GenerateOptions{Features: n}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
